/** The meaning of the map's colours, with the number of images. */

import type { Group } from "./map-colours.ts";
import { cornersOf } from "./map-drawing.ts";
import type { Marking } from "./palette.ts";
import { number } from "./words.ts";

export interface LegendProps {
  readonly groups: readonly Group[];
  /** Groups without images are left out. */
  readonly counts: ReadonlyMap<Group, number>;
}

export function Legend({ groups, counts }: LegendProps) {
  return (
    <ul class="map-legend">
      {groups
        .filter((group) => counts.has(group))
        .map((group) => (
          <li key={group.name}>
            <Mark {...group.marking} />
            <span>{group.name}</span>
            <span class="muted number">{number(counts.get(group) ?? 0)}</span>
          </li>
        ))}
    </ul>
  );
}

function Mark({ colour, shape }: Marking) {
  const fill = `var(${colour})`;
  return (
    <svg viewBox="-1.5 -1.5 3 3" width="14" height="14" aria-hidden="true">
      {shape === "circle" ? (
        <circle r="1.05" fill={fill} />
      ) : (
        <polygon points={cornersOf[shape].map((corner) => corner.join()).join(" ")} fill={fill} />
      )}
    </svg>
  );
}
