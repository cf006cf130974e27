/** A review from the data to the next training: the server's responses, decisions in their file, and their readers. */

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import type { InspectResult } from "../src/jobs/inspect.ts";
import { type ReviewOptions, review } from "../src/jobs/review.ts";
import { readRun } from "../src/report/run-record.ts";
import type {
  Decided,
  Decision,
  Neighbours,
  ReviewImage,
  ReviewMap,
  ReviewSet,
} from "../src/server/review/protocol.ts";
import type { ReviewServer } from "../src/server/review/server.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-review-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const flags = ["--device", "cpu", "--threads", "2"];

beforeAll(() => writeSyntheticFaces(at("photos"), { perClass: 6, validationPerClass: 2, seed: 1 }), 60_000);
beforeEach(() => {
  rmSync(at("corrections.csv"), { force: true });
  return capture();
});
afterEach(() => close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: ReviewServer | undefined;
/** Of the most recently opened review. */
let id = "";
async function open(options: ReviewOptions = { data: at("photos") }): Promise<ReviewSet> {
  const own: ReviewOptions = {
    model: "vultus_s",
    device: "cpu",
    threads: 2,
    port: 0,
    corrections: at("corrections.csv"),
  };
  server = await review({ ...own, ...options });
  const set = await get<ReviewSet>("/v1/review");
  ({ id } = set);
  return set;
}
async function close(): Promise<void> {
  await server?.close();
  server = undefined;
}
const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server?.url}${path}`, init);
const get = async <T>(path: string): Promise<T> => (await (await ask(path)).json()) as T;
const post = (path: string, body: unknown = {}): Promise<Response> =>
  ask(`${path}?review=${id}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const decide = async (images: readonly number[], decision: Decision): Promise<Decided> =>
  (await (await post("/v1/review/decisions", { images, decision })).json()) as Decided;
const undo = async (): Promise<Decided> => (await (await post("/v1/review/undo")).json()) as Decided;
/** The rows of a table without the time. */
const rows = (name = "corrections.csv"): string[] =>
  readFileSync(at(name), "utf8")
    .trim()
    .split("\n")
    .map((row) => row.replace(/,[^,]*$/, ""));
const named = ({ images }: ReviewSet, id: string): number => images.findIndex((image) => image.id === id);

describe("what is shown", () => {
  test("the surest errors come first; validation images come last, and nothing is revealed about them", async () => {
    const { images, order, classes, blind, model, looks, features } = await open();
    expect({ model, looks, features, blind }).toEqual({
      model: "vultus_s",
      looks: true,
      features: true,
      blind: "validation",
    });
    expect([...order].sort((a, b) => a - b)).toEqual([...images.keys()]);
    const shown = order.map((index) => images[index] as ReviewImage);
    const training = shown.slice(0, 36);
    expect(training.map(({ split }) => split)).toEqual(new Array(36).fill("train"));
    expect(
      shown.slice(36).every(({ split, opinion }) => split === "validation" && opinion === undefined),
    ).toBe(true);
    // If the model agrees with the label, the two probabilities do not determine its margin.
    const suspects = training.filter(({ label, opinion }) => opinion?.answer !== label);
    expect(suspects.length).toBeGreaterThan(2);
    expect(training.slice(0, suspects.length)).toEqual(suspects);
    const margins = suspects.map(
      ({ opinion }) => (opinion?.ofLabel as number) - (opinion?.probability as number),
    );
    expect(margins).toEqual([...margins].sort((a, b) => a - b));
    expect(classes).toEqual(["angry", "fear", "happy", "neutral", "sad", "surprise"]);
  });

  test("a list of suspects comes before all others, in its order", async () => {
    const list = ["train/sad/0002.png", "train/angry/0005.png"];
    writeFileSync(
      at("labels.csv"),
      `image,suggested\n${[...list, "validation/sad/0001.png", "gone.png", "other.png"].map((id) => `${id},${id === "gone.png" ? "wink" : "happy"}\n`).join("")}`,
    );
    const { images, order, suspects, classes, notes } = await open({
      data: at("photos"),
      suspects: at("labels.csv"),
    });
    expect(suspects).toBe(at("labels.csv"));
    expect(order.slice(0, 2).map((index) => images[index]?.id)).toEqual(list);
    // The suggestion of the list is next to the model's prediction.
    for (const index of order.slice(0, 2))
      expect(images[index]).toMatchObject({ suggested: classes.indexOf("happy"), opinion: {} });
    expect(images.filter(({ suggested }) => suggested !== undefined)).toHaveLength(2);
    expect(notes).toContain(`${at("labels.csv")}: 2 of its 5 images are not among those reviewed`);
    await close();
    writeFileSync(at("labels.csv"), "image,suggested\n");
    const none = await open({ data: at("photos"), suspects: at("labels.csv") });
    expect(none.notes).toContain(`${at("labels.csv")} lists no suspects`);
    await close();
    writeFileSync(at("labels.csv"), "image,suggested\nother.png,wink\n");
    await expect(open({ data: at("photos"), suspects: at("labels.csv") })).rejects.toThrow(
      /none of its 1 images is in the data/,
    );
  });

  test("without a model that knows the classes there is no opinion, and the data's order", async () => {
    for (const [name, expression] of Object.entries({ wink: "happy", yawn: "surprise" }))
      cpSync(at("photos", "train", expression), at("winks", name), { recursive: true });
    const { model, looks, features, images, order, notes } = await open({
      data: at("winks"),
      model: undefined,
    });
    expect({ model, looks, features }).toEqual({ looks: false, features: false });
    expect(notes).toEqual([
      'vultus_m does not know "wink", "yawn": no answers are shown. Name another model with --model',
    ]);
    expect(order).toEqual([...images.keys()]);
    expect((await ask("/v1/review/images/0/neighbours")).status).toBe(404);
  });

  test("images, where the model looked, what looks alike, and the map's features", async () => {
    const set = await open();
    const image = await ask("/v1/review/images/0?side=32");
    expect(await sharp(Buffer.from(await image.arrayBuffer())).metadata()).toMatchObject({
      format: "webp",
      width: 32,
    });
    const tag = image.headers.get("etag") as string;
    expect((await ask("/v1/review/images/0?side=32", { headers: { "if-none-match": tag } })).status).toBe(
      304,
    );
    const heat = await ask(`/v1/review/images/${named(set, "train/happy/0001.png")}/heat`);
    expect(await sharp(Buffer.from(await heat.arrayBuffer())).metadata()).toMatchObject({
      format: "webp",
      channels: 3,
    });
    expect((await ask(`/v1/review/images/${named(set, "validation/happy/0001.png")}/heat`)).status).toBe(404);
    const blind = named(set, "validation/happy/0001.png");
    expect((await ask(`/v1/review/images/${blind}/neighbours`)).status).toBe(404);
    const { neighbours } = await get<Neighbours>("/v1/review/images/3/neighbours");
    expect(neighbours).toHaveLength(8);
    expect(neighbours.some(({ image: other }) => other === 3)).toBe(false);
    for (const { image: other } of neighbours) expect(set.images[other]?.split).toBe("train");
    const { images, width } = await get<ReviewMap>("/v1/review/map");
    expect(images).toEqual(set.order.filter((index) => set.images[index]?.split === "train"));
    const rows = new Float32Array(await (await ask("/v1/review/map/features")).arrayBuffer());
    expect(rows).toHaveLength(images.length * width);
    const row = (index: number) => [
      ...rows.subarray(images.indexOf(index) * width, (images.indexOf(index) + 1) * width),
    ];
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
    const brute = images
      .filter((index) => index !== 3)
      .map((index) => ({ image: index, similarity: dot(row(3), row(index)) }))
      .sort((a, b) => b.similarity - a.similarity);
    expect(neighbours[0]?.image).toBe(brute[0]?.image);
    expect(neighbours[7]?.similarity).toBeCloseTo(brute[7]?.similarity as number, 4);
    for (const path of ["/v1/review/images/48", "/v1/review/images/../0", "/v1/review/images/x"])
      expect((await ask(path)).status, path).toBe(404);
    expect((await ask("/v1/review/images/0?side=5000")).status).toBe(400);
  });
});

describe("decisions", () => {
  test("are in the file at once, one row an image; a step is undone whole, also after a restart", async () => {
    const set = await open();
    const [a, b, c] = ["train/happy/0001.png", "train/sad/0002.png", "train/sad/0003.png"].map((id) =>
      named(set, id),
    ) as [number, number, number];
    await decide([a], { kind: "relabel", label: "surprise" });
    const { changed, undoable } = await decide([b, c], { kind: "leave out" });
    expect(changed.map(({ image }) => image)).toEqual([b, c]);
    expect(undoable).toBe(2);
    expect(rows()).toEqual([
      "image,old_label,new_label",
      "train/happy/0001.png,happy,surprise",
      "train/sad/0002.png,sad,",
      "train/sad/0003.png,sad,",
    ]);
    expect(await undo()).toMatchObject({ changed: [{ image: b }, { image: c }], undoable: 1 });
    await decide([b], { kind: "keep" });
    await decide([a], { kind: "keep" });
    expect(await undo()).toMatchObject({
      changed: [{ image: a, decision: { kind: "relabel", label: "surprise" } }],
    });
    await close();
    const again = await open();
    expect(again.undoable).toBe(2);
    expect(again.images[a]?.decision).toEqual({ kind: "relabel", label: "surprise" });
    expect(again.images[b]?.decision).toEqual({ kind: "keep" });
    // The last row belongs to the last decision.
    await undo();
    expect(rows()).toHaveLength(2);
    await undo();
    expect(await undo()).toMatchObject({ changed: [], undoable: 0 });
    expect(rows()).toEqual(["image,old_label,new_label"]);
  });

  test("that give an image the label that it has keep it, also if they give it to others", async () => {
    const set = await open();
    const chosen = ["train/happy/0001.png", "train/sad/0002.png"].map((id) => named(set, id));
    const { changed } = await decide(chosen, { kind: "relabel", label: "happy" });
    expect(changed.map(({ decision }) => decision)).toEqual([
      { kind: "keep" },
      { kind: "relabel", label: "happy" },
    ]);
    expect(rows().slice(1)).toEqual(["train/happy/0001.png,happy,happy", "train/sad/0002.png,sad,happy"]);
  });

  test("on a class that the data lacks are refused, with a model or without", async () => {
    writeFileSync(at("corrections.csv"), "image,old_label,new_label,when\nwink/0001.png,wink,yawm,\n");
    for (const [name, expression] of Object.entries({ wink: "happy", yawn: "surprise" }))
      cpSync(at("photos", "train", expression), at("winks", name), { recursive: true });
    for (const options of [{}, { model: undefined, data: at("winks") }])
      await expect(open({ data: at("photos"), ...options })).rejects.toThrow(/there is no class "yawm"/);
  });

  test("on images of other data stay in the file", async () => {
    writeFileSync(at("corrections.csv"), "image,old_label,new_label,when\nelse/1.png,happy,sad,2026\n");
    const set = await open();
    await decide([named(set, "train/sad/0002.png")], { kind: "keep" });
    expect(rows()).toEqual([
      "image,old_label,new_label",
      "else/1.png,happy,sad",
      "train/sad/0002.png,sad,sad",
    ]);
  });

  test("that cannot be are refused, and those that cannot be saved change nothing", async () => {
    await open();
    const refused = async (body: unknown): Promise<unknown> => {
      const answer = await post("/v1/review/decisions", body);
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    expect(await refused({ images: [0], decision: { kind: "relabel", label: "glad" } })).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
    expect(await refused({ images: [99], decision: { kind: "keep" } })).toMatchObject({ status: 400 });
    expect(await refused({ images: [0], decision: { kind: "delete" } })).toMatchObject({ status: 400 });
    expect(existsSync(at("corrections.csv"))).toBe(false);
    await decide([0], { kind: "leave out" });
    writeFileSync(at("corrections.csv"), "image,old_label,new_label,when\nby hand.png,happy,sad,\n");
    expect(await refused({ images: [1], decision: { kind: "keep" } })).toMatchObject({
      status: 409,
      code: "file_changed",
    });
    expect(rows()).toEqual(["image,old_label,new_label", "by hand.png,happy,sad"]);
    expect((await get<ReviewSet>("/v1/review")).images[1]?.decision).toBeUndefined();
  });

  test("are not taken if their file cannot be written", async () => {
    await open({ data: at("photos"), corrections: at("no folder", "corrections.csv") });
    const answer = await post("/v1/review/decisions", { images: [0], decision: { kind: "keep" } });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      code: "not_saved",
      detail: expect.stringContaining("no folder") as unknown,
    });
    expect((await get<ReviewSet>("/v1/review")).undoable).toBe(0);
  });

  test("are only taken for the review that the page shows, whose name a restart keeps", async () => {
    const first = await open();
    await decide([0], { kind: "keep" });
    await close();
    expect((await open()).id).toBe(first.id);
    await close();
    // Another server at the address of a page that is still open.
    writeFileSync(at("corrections.csv"), "image,old_label,new_label,when\n");
    rmSync(at("other"), { recursive: true, force: true });
    cpSync(at("photos"), at("other"), { recursive: true });
    cpSync(at("other", "train", "sad", "0002.png"), at("other", "train", "sad", "0003.png"));
    const other = await open({ data: at("other") });
    expect(other.id).not.toBe(first.id);
    for (const [path, init] of [
      ["/v1/review/undo", { method: "POST" }],
      ["/v1/review/decisions", { method: "POST" }],
      ["/v1/review/images/0", {}],
      ["/v1/review/images/0/heat", {}],
      ["/v1/review/map", {}],
    ] as const) {
      const answer = await ask(`${path}?review=${first.id}`, init);
      expect(answer.status, path).toBe(409);
      expect(await answer.json(), path).toMatchObject({ code: "other_review" });
    }
    expect((await ask("/v1/review/undo", { method: "POST" })).status).toBe(400);
    await close();
    expect((await open({ data: at("photos"), corrections: at("other.csv") })).id).not.toBe(first.id);
  });

  test("of another tab are noticed by the count of decisions", async () => {
    const { version } = await open();
    const state = () => get<{ version: number }>("/v1/review/state");
    await decide([0], { kind: "keep" });
    expect((await undo()).version).toBe(version + 2);
    await undo();
    expect(await state()).toMatchObject({ id, version: version + 2 });
  });

  test("are only taken from the page itself", async () => {
    await open();
    const foreign = await ask("/v1/review/undo", {
      method: "POST",
      headers: { origin: "https://example.org" },
    });
    expect(foreign.status).toBe(403);
  });
});

test("train, audit, evaluate and compare read the corrections; a run keeps them", async () => {
  const set = await open();
  await decide([named(set, "train/happy/0001.png")], { kind: "relabel", label: "surprise" });
  await decide([named(set, "train/sad/0002.png"), named(set, "validation/sad/0001.png")], {
    kind: "leave out",
  });
  await close();
  const corrected = [at("photos"), "--corrections", at("corrections.csv")];
  const short = ["--model", "vultus_s", "--recipe", "adapt", "--set", "phases.all.epochs=1"];
  expect(await run(["train", ...corrected, ...short, ...flags, "--out", at("run")]), printed.err).toBe(0);
  expect(printed.err).toContain("1 image relabelled, 2 left out");
  expect(printed.err).toContain("1 of them is a validation or test image");
  expect(printed.out).toContain(`--corrections ${at("run", "data-corrections.csv")}`);
  expect(readRun(at("run")).environment?.fingerprint).toBeDefined();
  const counts = async (...of: string[]) =>
    (await printedJson<InspectResult>("data", "inspect", ...of, "--no-sheet")).counts;
  expect(await counts(at("photos"))).not.toEqual(await counts(...corrected));
  // The run's own copy, since the file itself may change further.
  rmSync(at("corrections.csv"));
  expect(await run(["train", "--resume", at("run"), "--extend", "1", ...flags]), printed.err).toBe(0);
  const kept = ["--corrections", at("run", "data-corrections.csv")];
  const scored = await printedJson<{ n: number }>("evaluate", at("run"), at("photos"), ...kept, ...flags);
  expect(scored.n).toBe(11);
  expect(printed.err).not.toMatch(/has changed/);
  expect(await run(["compare", at("run"), "majority", at("photos"), ...kept, ...flags]), printed.err).toBe(0);
  expect(await run(["data", "audit", at("photos"), ...kept]), printed.err).toBe(0);
});

test("images without labels: the unsure and different ones first; the answers are a manifest to train on", async () => {
  await writeSyntheticFaces(at("new"), { perClass: 4, validationPerClass: 0, seed: 9 });
  const set = await open({ unlabelled: at("new"), out: at("new.csv") });
  expect(set).toMatchObject({ task: "unlabelled", file: at("new.csv") });
  expect(set.images.every(({ label, opinion }) => label === undefined && opinion !== undefined)).toBe(true);
  const unsure = set.order.map((index) => set.images[index]?.opinion?.probability as number);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(unsure.slice(0, 8))).toBeLessThan(mean(unsure.slice(8)));
  expect(set.notes).toEqual([
    expect.stringMatching(/folders named after classes \(angry, fear, .*\): these labels are not used/),
  ]);
  expect((await post("/v1/review/decisions", { images: [0], decision: { kind: "keep" } })).status).toBe(400);
  for (const [index, { id }] of set.images.entries())
    await decide(
      [index],
      id.endsWith("1.png")
        ? { kind: "leave out" }
        : { kind: "relabel", label: id.split("/").at(-2) as string },
    );
  await undo();
  await close();
  const again = await open({ unlabelled: at("new"), out: at("new.csv") });
  expect(again.images.filter(({ decision }) => decision?.kind === "leave out")).toHaveLength(6);
  expect(again.images.filter(({ decision }) => decision?.kind === "relabel")).toHaveLength(17);
  const found = await printedJson<InspectResult>("data", "inspect", at("new.csv"), "--no-sheet");
  expect(found.pictures).toBe(17);
});

test("data or --unlabelled, and a port that is free", async () => {
  expect(await run(["review"])).toBe(2);
  expect(printed.err).toContain("--unlabelled");
  expect(await run(["review", "--unlabelled", at("new"), "--suspects", "x.csv"])).toBe(2);
  expect(await run(["review", "--unlabelled", at("none")])).toBe(2);
  expect(printed.err).toContain("is not a folder");
});
