/** Chart of the class shares in each split, as bars side by side. */

import { fitText, palette, percent, rect, svgPage, text, widthOf } from "./svg.ts";

export interface BalanceChart {
  readonly classes: readonly string[];
  /** One share per class, for each split that has images. */
  readonly shares: Readonly<Record<string, readonly number[]>>;
}

const WIDTH = 480;
const TOP = 62;
const BAR = 12;
const LONGEST_NAME = 130;
const colours = [palette.blue, palette.vermilion, palette.green];

export function balanceSvg({ classes, shares }: BalanceChart): string {
  const used = Object.entries(shares);
  const row = used.length * BAR + 12;
  const left = Math.min(LONGEST_NAME, Math.max(...classes.map((name) => widthOf(name)))) + 12;
  const most = Math.max(...used.flatMap(([, own]) => own));
  const scale = (WIDTH - left - 52) / most;
  let x = 12;
  const legend = used.flatMap(([name], k) => {
    const at = x;
    x += widthOf(name) + 34;
    return [rect(at, 32, 10, 10, { fill: colours[k] as string }), text(at + 15, 41, name)];
  });
  const bars = classes.flatMap((name, label) => {
    const y = TOP + label * row;
    const middle = y + (used.length * BAR) / 2 + 4;
    return [
      text(left - 8, middle, fitText(name, LONGEST_NAME), { textAnchor: "end" }),
      ...used.flatMap(([, own], k) => {
        const share = own[label] ?? 0;
        const width = Math.max(share * scale, share > 0 ? 1 : 0);
        return [
          rect(left, y + k * BAR, width, BAR - 2, { fill: colours[k] as string }),
          text(left + width + 5, y + k * BAR + 9, percent(share), { fontSize: 10, fill: palette.muted }),
        ];
      }),
    ];
  });
  return svgPage(WIDTH, TOP + classes.length * row + 4, "Shares of the classes", [
    text(12, 18, "Share of each class", { fontWeight: "bold", fontSize: 13 }),
    ...legend,
    ...bars,
  ]);
}
