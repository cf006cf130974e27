/** Robustness and test-time augmentation as text. */

import type { Robustness } from "../evaluate/robustness.node.ts";
import type { TestTime } from "../evaluate/test-time.node.ts";
import { percent } from "./output.ts";
import { tableText } from "./table.ts";
import { widthOf } from "./terminal.ts";

/** The summary, one line per group, then every corruption. */
export function robustnessText(robustness: Robustness): string {
  const { n, clean, meanRelativeDrop, groups, corruptions, people } = robustness;
  const worst = (group: string): string => {
    const own = corruptions.filter((one) => one.group === group);
    const { title, relativeDrop } = own.reduce((a, b) => (b.relativeDrop > a.relativeDrop ? b : a));
    return `${title} ${signed(relativeDrop)}`;
  };
  return [
    `robustness         accuracy ${percent(clean)} on ${n} clean images; relative change under ${corruptions.length} corruptions at 5 severities: ${signed(meanRelativeDrop)}`,
    ...groups.map(
      ({ group, relativeDrop }) =>
        `  ${group.padEnd(16)} ${signed(relativeDrop).padStart(8)}  (most: ${worst(group)})`,
    ),
    ...(people
      ? [
          `  agreement with the plurality of people: ${percent(people.clean)} on ${people.n} clean images; relative change under corruption: ${signed(people.meanRelativeDrop)}`,
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

/** Gain and cost of every kind of augmentation. */
export function testTimeText({ variants, accuracy, n }: TestTime): string {
  const points = (share: number): string => `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)}`;
  return [
    `test-time augmentation, compared with ${percent(accuracy)} without, on ${n} images`,
    ...variants.map(({ name, views, difference, interval: [low, high], mcnemarP, costRatio, ...variant }) => {
      const gain = `${points(difference)} points (95 % interval ${points(low)} to ${points(high)}, McNemar's p ${mcnemarP.toFixed(4)})`;
      return `  ${name.padEnd(16)} ${percent(variant.accuracy)}: ${gain}; ${views} views, ${costRatio.toFixed(1)} times the time`;
    }),
  ].join("\n");
}

/** Formats a relative drop as a signed change. */
function signed(drop: number): string {
  return `${drop > 0 ? "-" : "+"}${percent(Math.abs(drop))}`;
}
