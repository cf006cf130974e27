/** The page's camera: its history of the last minute, the file saved from it, and the placement of labels. */

import { expect, test } from "vitest";
import type { TrackedFace } from "../src/predict/tracking.ts";
import {
  type Moment,
  sightingsOf,
  steady,
  timelineCsv,
  tracksOf,
  withMoment,
} from "../web/src/camera/history.ts";
import { onStage } from "../web/src/camera/letterbox.ts";

function face(track: number, calm: number, x = 1): TrackedFace {
  const box = { x, y: 2, width: 3, height: 4 };
  return {
    track,
    box,
    score: 0.9,
    probabilities: { calm, cross: 1 - calm },
    label: "calm",
  };
}

const moment = (time: number, ...faces: TrackedFace[]): Moment => ({
  time,
  models: [
    { model: 1, faces },
    { model: 2, faces: faces.map(({ track, box }) => face(track, 0.25, box.x)) },
  ],
});

const models = [1, 2].map((id) => ({
  id,
  name: `m${id}`,
  classes: ["calm", "cross"],
  inputSize: 32,
}));

test("a minute is kept, and no more", () => {
  let history: readonly Moment[] = [];
  for (let time = 0; time <= 100; time++) history = withMoment(history, moment(time, face(1, 0.5)));
  expect(history.map(({ time }) => time)).toEqual(Array.from({ length: 61 }, (_, i) => 40 + i));
  // After a long pause, nothing from before it is kept.
  expect(withMoment(history, moment(200)).map(({ time }) => time)).toEqual([200]);
});

test("faces by their numbers, those seen longest first", () => {
  const history = [moment(0, face(3, 0.5)), moment(1, face(3, 0.75), face(2, 0.5)), moment(2)];
  expect(tracksOf(history)).toEqual([3, 2]);
  expect(sightingsOf(history, 1, 3).map(({ time, face }) => [time, face.probabilities.calm])).toEqual([
    [0, 0.5],
    [1, 0.75],
  ]);
  expect(sightingsOf(history, 2, 2)).toHaveLength(1);
  expect(sightingsOf(history, 7, 3)).toEqual([]);
});

test("a face that one frame misses stays for half a second, unless another is in its place", () => {
  const shown = (history: readonly Moment[]) =>
    steady(history).models.map(({ faces }) =>
      faces.map(({ track, probabilities }) => [track, probabilities.calm]),
    );
  const both = [moment(0, face(1, 0.5)), moment(0.2, face(2, 0.5, 9), face(1, 0.75))];
  const [one, two] = [
    [1, 0.75],
    [2, 0.5],
  ];
  expect(shown([])).toEqual([]);
  expect(shown(both)[0]).toEqual([one, two]);
  expect(shown([...both, moment(0.6)])[0]).toEqual([one, two]);
  expect(shown([...both, moment(0.6)])[1]).toEqual([
    [1, 0.25],
    [2, 0.25],
  ]);
  expect(shown([...both, moment(0.8)])[0]).toEqual([]);
  expect(shown([moment(0, face(2, 0.5, 1.5), face(1, 0.75))])[0]).toEqual([one, two]);
  expect(shown([...both, moment(0.6, face(3, 0.5, 9.5))])[0]).toEqual([one, [3, 0.5]]);
});

test("as CSV, in the columns that vultus predict writes; two models in two parts", () => {
  const history = [moment(0.12345, face(1, 0.75))];
  const head = "time,track,x,y,width,height,score,label,calm,cross";
  const own = "0.123,1,1,2,3,4,0.9,calm,0.750000,0.250000";
  expect(timelineCsv(history, models.slice(0, 1), 0.6)).toBe(`${head}\n${own}\n`);
  expect(timelineCsv(history, models, 0.8)).toBe(
    `# m1\n${head}\n${own.replace("calm", "")}\n# m2\n${head}\n0.123,1,1,2,3,4,0.9,,0.250000,0.750000\n`,
  );
});

test.each([
  [640, 480, [0, 0], [100, 100]],
  [480, 640, [21.875, 0], [78.125, 100]],
  [640, 360, [0, 12.5], [100, 87.5]],
] as const)("a label stands where an image of %d × %d is shown", (width, height, first, last) => {
  const at = (x: number, y: number): number[] => {
    const box = { x, y, width: width / 4, height: height / 4 };
    const shown = onStage(box, { width, height }, { width: 400, height: 300 });
    expect(shown.width / shown.height).toBeCloseTo(width / height, 9);
    return [shown.left / 4, shown.top / 3];
  };
  expect(at(0, 0)).toEqual(first);
  expect(at(width, height)).toEqual(last);
  expect(at(width / 2, height / 2)).toEqual([50, 50]);
});
