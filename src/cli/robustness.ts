/** Robustness and test-time augmentation as text. */

import type { Robustness } from "../evaluate/robustness.node.ts";
import type { TestTime } from "../evaluate/test-time.node.ts";
import { percent } from "./output.ts";
import { tableText } from "./table.ts";
import { widthOf } from "./terminal.ts";

/** The claims in one line a group, then every corruption. */
export function robustnessText(robustness: Robustness): string {
  const { n, clean, meanRelativeDrop, groups, corruptions, people } = robustness;
  const worst = (group: string): string => {
    const own = corruptions.filter((one) => one.group === group);
    const { title, relativeDrop } = own.reduce((a, b) => (b.relativeDrop > a.relativeDrop ? b : a));
    return `${title} ${signed(relativeDrop)}`;
  };
  return [
    `robustness         ${percent(clean)} of ${n} images are right as they are; spoilt in ${corruptions.length} ways and 5 severities the accuracy changes by ${signed(meanRelativeDrop)} of it`,
    ...groups.map(
      ({ group, relativeDrop }) =>
        `  ${group.padEnd(16)} ${signed(relativeDrop).padStart(8)}  (most: ${worst(group)})`,
    ),
    ...(people
      ? [
          `  agreement with the plurality of people: ${percent(people.clean)} of ${people.n} images as they are, ${signed(people.meanRelativeDrop)} of it where they are spoilt`,
        ]
      : []),
    "",
    tableText(
      [
        { name: "accuracy at severity" },
        ...["1", "2", "3", "4", "5", "change"].map((name) => ({ name, right: true })),
      ],
      corruptions.map(({ title, accuracy, relativeDrop }) => [
        title,
        ...accuracy.map(percent),
        signed(relativeDrop),
      ]),
      widthOf(),
    ),
  ].join("\n");
}

/** What every kind of augmentation gains and costs. */
export function testTimeText({ variants, accuracy, n }: TestTime): string {
  const points = (share: number): string => `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)}`;
  return [
    `test-time augmentation, against ${percent(accuracy)} without, ${n} pictures`,
    ...variants.map(({ name, views, difference, interval: [low, high], mcnemarP, costRatio, ...variant }) => {
      const gain = `${points(difference)} points (95 % interval ${points(low)} to ${points(high)}, McNemar's p ${mcnemarP.toFixed(4)})`;
      return `  ${name.padEnd(16)} ${percent(variant.accuracy)}: ${gain}; ${views} views, ${costRatio.toFixed(1)} times the time`;
    }),
  ].join("\n");
}

/** A relative drop as the change that it is. */
function signed(drop: number): string {
  return `${drop > 0 ? "-" : "+"}${percent(Math.abs(drop))}`;
}
