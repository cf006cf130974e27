import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../util/errors.ts";
import type { Dataset } from "./dataset.ts";
import { readDataset } from "./read.node.ts";
import { manifestText } from "./write-manifest.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-csv-"));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
function write(...lines: string[]): string {
  const path = join(dir, `${files++}.csv`);
  writeFileSync(path, lines.join("\r\n"));
  return path;
}

function read(...lines: string[]): Promise<Dataset> {
  return readDataset([write(...lines)]);
}

const grey = (value: number, count = 2304): string => Array(count).fill(value).join(" ");

describe("fer2013.csv", () => {
  test("emotions, pixels and splits", async () => {
    const { classes, samples } = await read(
      "emotion,pixels,Usage",
      `0,${grey(7)},Training`,
      `3,${grey(8)},Training`,
      `3,${grey(9)},PublicTest`,
      `0,${grey(255)},PrivateTest`,
    );
    expect(classes).toEqual(["angry", "happy"]);
    expect(samples.map(({ id, label, split }) => [id, label, split])).toEqual([
      ["row 2", 0, "train"],
      ["row 3", 1, "train"],
      ["row 4", 1, "validation"],
      ["row 5", 0, "test"],
    ]);
    const source = samples[3]?.source;
    expect(source?.kind === "pixels" && source.picture).toEqual({
      pixels: new Uint8Array(2304).fill(255),
      width: 48,
      height: 48,
      channels: 1,
    });
  });

  test("the later release's header: other order, spaces, byte order mark", async () => {
    const { samples } = await read(
      "\ufeffemotion, Usage, pixels",
      `0,Training,${grey(1)}`,
      `6,Training,${grey(2)}`,
    );
    expect(samples.map(({ label }) => label)).toEqual([0, 1]);
  });

  test.each([
    ["a short row", `3,${grey(8, 2303)},Training`, /row 3: 2303 pixels, expected 2304/],
    ["a value above 255", `3,256 ${grey(8, 2303)},Training`, /row 3: pixel 1 is "256"/],
    ["a negative value", `3,${grey(8, 2303)} -1,Training`, /row 3: pixel 2304 is "-1"/],
    ["a word", `3,${grey(8, 2303)} x,Training`, /row 3: pixel 2304 is "x"/],
    ["an unknown emotion", `7,${grey(8)},Training`, /row 3: emotion is "7", expected 0 to 6/],
    ["an unknown split", `3,${grey(8)},Sometime`, /row 3: Usage is "Sometime", expected Training/],
    ["a missing cell", `3,${grey(8)}`, /\d\.csv, row 3: 2 cells, expected 3/],
  ])("%s", async (_, row, message) => {
    const result = read("emotion,pixels,Usage", `0,${grey(7)},Training`, row);
    await expect(result).rejects.toThrow(FormatError);
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.toThrow(dir);
  });
});

describe("manifest", () => {
  test("labels, with identity, split and subgroups", async () => {
    const { classes, samples } = await read(
      "Path,Label,Split,Identity,Subgroup,age",
      "a.jpg,Happiness,train,p1,f,30",
      '"b, c.jpg",sad,val,p2,,31',
      "/elsewhere/d.jpg,sad,,,m,32",
    );
    expect(classes).toEqual(["happy", "sad"]);
    expect(samples).toEqual([
      {
        id: "a.jpg",
        source: { kind: "file", path: join(dir, "a.jpg") },
        label: 0,
        split: "train",
        identity: "p1",
        subgroups: { subgroup: "f", age: "30" },
      },
      {
        id: "b, c.jpg",
        source: { kind: "file", path: join(dir, "b, c.jpg") },
        label: 1,
        split: "validation",
        identity: "p2",
        subgroups: { age: "31" },
      },
      {
        id: "/elsewhere/d.jpg",
        source: { kind: "file", path: "/elsewhere/d.jpg" },
        label: 1,
        split: "train",
        subgroups: { subgroup: "m", age: "32" },
      },
    ]);
  });

  test("classes that have votes keep their names, and what is written of them is read back", async () => {
    const dataset = await read("Path,Focus,Bored,Subgroup:Age", "a.jpg,3,1,30", "b.jpg,1,3,31");
    expect(dataset.classes).toEqual(["Bored", "Focus"]);
    expect(dataset.samples[0]?.subgroups).toEqual({ age: "30" });
    const path = write(manifestText(dataset, (file) => relative(dir, file)).trimEnd());
    const again = await readDataset([path]);
    expect([again.classes, again.samples]).toEqual([dataset.classes, dataset.samples]);
  });

  test("as many votes of the same shares are other data", async () => {
    const [two, ten] = [
      await read("path,happy,sad", "a,1,1", "b,0,2"),
      await read("path,happy,sad", "a,5,5", "b,0,2"),
    ];
    expect(two?.samples[0]?.votes).toEqual(ten?.samples[0]?.votes);
    expect(two?.fingerprint).not.toBe(ten?.fingerprint);
  });

  test("rows are counted as a spreadsheet does, empty ones and those of several lines", async () => {
    await expect(read("", "path,label", "", '"a', 'b",sad', " ", ",sad")).rejects.toThrow(
      /row 6: path is empty/,
    );
  });

  test("columns of subgroups are said", async () => {
    const { notes } = await read("path,label,age,iso", "a,happy,1,2", "b,sad,1,2");
    expect(notes[0]).toMatch(/2 columns of subgroups: age, iso/);
  });

  test("beside votes, columns of subgroups are those that say so", async () => {
    const { classes, samples } = await read(
      "path,sad,happy,subgroup: camera,subgroup",
      "a,1,3,Nikon,x",
      "b,2,2,,",
      "c,3,1,,",
    );
    expect(classes).toEqual(["happy", "sad"]);
    expect(samples.map(({ label, subgroups }) => [label, subgroups])).toEqual([
      [0, { camera: "Nikon", subgroup: "x" }],
      [0, undefined],
      [1, undefined],
    ]);
  });

  test("votes become shares over the chosen classes; a majority for another class leaves the row out", async () => {
    const path = write("path,happiness,sad,disgust", "a,8,1,1", "b,1,3,0", "c,1,0,9");
    const { classes, samples, leftOut } = await readDataset([path], { classes: ["sad", "happy"] });
    expect(classes).toEqual(["sad", "happy"]);
    expect(samples.map(({ id, label, votes, voteCount }) => [id, label, votes, voteCount])).toEqual([
      ["a", 1, [1 / 9, 8 / 9], 9],
      ["b", 0, [0.75, 0.25], 4],
    ]);
    expect(leftOut).toEqual([{ className: "disgust", count: 1 }]);
  });

  test("the majority is counted after synonyms are one class, so it agrees with the soft label", async () => {
    const lines = ["path,happy,joy,sad", "a,2,2,3", "b,1,1,3"];
    const { classes, samples } = await read(...lines);
    expect(classes).toEqual(["happy", "sad"]);
    expect(samples.map(({ label, votes }) => [label, votes])).toEqual([
      [0, [4 / 7, 3 / 7]],
      [1, [2 / 5, 3 / 5]],
    ]);
  });

  test("of equal classes the chosen one counts, then the first by name", async () => {
    const path = write("path,sad,contempt,happy", "a,3,3,0", "b,3,0,3", "c,1,4,1", "d,0,1,5", "e,5,0,0");
    const all = await readDataset([path]);
    expect(all.samples.map(({ label }) => all.classes[label])).toEqual([
      "contempt",
      "happy",
      "contempt",
      "happy",
      "sad",
    ]);
    const some = await readDataset([path], { classes: ["sad", "happy"] });
    expect(some.samples.map(({ id, label }) => `${id} ${some.classes[label]}`)).toEqual([
      "a sad",
      "b happy",
      "d happy",
      "e sad",
    ]);
    const reversed = await readDataset([path], { classes: ["happy", "sad"] });
    expect(reversed.samples.map(({ id, label }) => `${id} ${reversed.classes[label]}`)).toEqual(
      some.samples.map(({ id, label }) => `${id} ${some.classes[label]}`),
    );
  });

  test.each([
    ["no label and no votes", ["path,split", "a,train"], /columns path, split\. Expected path and label/],
    [
      "neither kind of file",
      ["name,age", "a,1"],
      /columns name, age\. Expected path and label.*emotion, pixels and Usage/,
    ],
    ["a repeated path", ["path,label", "a,sad", "b,happy", "a,happy"], /row 4: "a" is already in row 2/],
    ["a path in two spellings", ["path,label", "a,sad", "./a,happy"], /row 3: "\.\/a" is already in row 2/],
    ["an empty path", ["path,label", ",sad"], /row 2: path is empty/],
    ["an empty label", ["path,label", "a,"], /row 2: label is empty/],
    ["an unknown split", ["path,label,split", "a,sad,soon"], /row 2: split is "soon", expected train/],
    ["votes that are no numbers", ["path,sad,happy", "a,1,many"], /row 2: happy is "many"/],
    ["more votes than can be counted", ["path,sad,happy", "a,1,1e308"], /row 2: happy is "1e308"/],
    ["no votes at all", ["path,sad,happy", "a,0,0"], /row 2: no class has a vote/],
    ["no rows", ["path,label"], /a header but no rows/],
    ["nothing", [], /is empty/],
    ["an open quote", ["path,label", 'a,"sad'], /\.csv: Quote Not Closed/],
  ])("%s", async (_, lines, message) => {
    const result = read(...lines);
    await expect(result).rejects.toThrow(FormatError);
    await expect(result).rejects.toThrow(message);
  });
});

describe("as spreadsheets and Kaggle write them", () => {
  const own = ({ samples, classes }: Dataset) =>
    samples.map(({ id, label, split }) => `${id} ${classes[label]} ${split}`);

  test.each([
    ["semicolons", ["path;label", "a, b;sad", "c;happy"], ["a, b sad train", "c happy train"]],
    ["tabs", ["path\tlabel\tsplit", "a\tsad\ttrain", "c\thappy\ttrain"], ["a sad train", "c happy train"]],
    [
      "commas, and semicolons in cells",
      ["path,label", "a;1,sad", "c;2,happy"],
      ["a;1 sad train", "c;2 happy train"],
    ],
    [
      "backslashes",
      ["path,label", "x\\a.jpg,sad", "x\\b.jpg,happy"],
      ["x/a.jpg sad train", "x/b.jpg happy train"],
    ],
    ["emotions by name", ["path,emotion", "a,sad", "b,happy"], ["a sad train", "b happy train"]],
    ["emotions by number", ["image,emotion", "a,4", "b,3"], ["a sad train", "b happy train"]],
  ])("%s", async (_, lines, expected) => {
    expect(own(await read(...lines))).toEqual(expected);
  });

  test("fer2013.csv without Usage is all for training", async () => {
    const data = await read("emotion,pixels", `0,${grey(1)}`, `3,${grey(2)}`);
    expect(own(data)).toEqual(["row 2 angry train", "row 3 happy train"]);
  });

  test("numbers that are no FER2013 emotions stay names", async () => {
    expect((await read("path,emotion", "a,4", "b,7")).classes).toEqual(["4", "7"]);
    expect((await read("path,label", "a,4", "b,3")).classes).toEqual(["3", "4"]);
  });

  test(".tsv, and UTF-16 with its mark", async () => {
    const path = join(dir, "table.tsv");
    writeFileSync(path, Buffer.from("\ufeffpath\tlabel\r\nä\tsad\r\nö\thappy\r\n", "utf16le"));
    expect(own(await readDataset([path]))).toEqual(["ä sad train", "ö happy train"]);
  });

  test("a code page is refused by line, with the remedy", async () => {
    const path = join(dir, "excel.csv");
    writeFileSync(path, Buffer.from("path;label\r\na;sad\r\nm\u00fcller;happy\r\n", "latin1"));
    const result = readDataset([path]);
    await expect(result).rejects.toThrow(FormatError);
    await expect(result).rejects.toThrow(/excel\.csv is not UTF-8.*save it as "CSV UTF-8".*iconv -f cp1252/);
  });

  test.each([
    ["a.zip", 'unzip -q "'],
    ["a.tar.gz", "tar -xf"],
    ["a.7z", "7z x"],
  ])("%s is an archive to unpack", async (name, command) => {
    writeFileSync(join(dir, name), "PK");
    const result = readDataset([join(dir, name)]);
    await expect(result).rejects.toThrow(UsageError);
    await expect(result).rejects.toThrow(`${join(dir, name)} is an archive: unpack it`);
    await expect(result).rejects.toThrow(command);
  });
});

test("a folder, a manifest and fer2013.csv are one data set", async () => {
  const root = mkdtempSync(join(dir, "mixed-"));
  for (const path of [
    ...["faces/train/Happiness/a.jpg", "faces/train/sad/a.jpg", "faces/val/sad/b.jpg"],
    ...["a.jpg", "b/c.jpg"],
  ]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  const sources = ["faces", "more.csv", "fer2013.csv"].map((name) => join(root, name));
  const [faces = "", manifest = "", fer = ""] = sources;
  writeFileSync(manifest, "path,label,split,identity,age\na.jpg,joy,train,p1,30\nb/c.jpg,Fear,test,p2,31");
  writeFileSync(
    fer,
    `emotion,pixels,Usage\n2,${grey(7)},Training\n4,${grey(8)},PublicTest\n1,${grey(9)},Training`,
  );
  const mixed = await readDataset(sources, { classes: ["sad", "happy", "fear"] });
  expect([mixed.sources, mixed.classes]).toEqual([sources, ["sad", "happy", "fear"]]);
  expect(mixed.samples.map(({ id, label, split }) => [id, label, split])).toEqual([
    ["faces/train/Happiness/a.jpg", 1, "train"],
    ["faces/train/sad/a.jpg", 0, "train"],
    ["faces/val/sad/b.jpg", 0, "validation"],
    ["fer2013.csv/row 2", 2, "train"],
    ["fer2013.csv/row 3", 0, "validation"],
    ["more.csv/a.jpg", 1, "train"],
    ["more.csv/b/c.jpg", 2, "test"],
  ]);
  expect(
    mixed.samples.map(({ source }) => (source.kind === "file" ? source.path : source.picture.pixels[0])),
  ).toEqual([
    join(faces, "train/Happiness/a.jpg"),
    join(faces, "train/sad/a.jpg"),
    join(faces, "val/sad/b.jpg"),
    7,
    8,
    join(root, "a.jpg"),
    join(root, "b/c.jpg"),
  ]);
  const people = mixed.samples.map(({ identity, subgroups }) => [identity, subgroups?.age]);
  expect(people.filter(([identity]) => identity)).toEqual([
    ["p1", "30"],
    ["p2", "31"],
  ]);
  expect(mixed.leftOut).toEqual([{ className: "disgust", count: 1 }]);
  expect(mixed.notes).toContain('"Happiness", "joy" read as "happy"');
});

test("a missing CSV file is a wrong request", async () => {
  const result = readDataset([join(dir, "gone.csv")]);
  await expect(result).rejects.toThrow(UsageError);
  await expect(result).rejects.toThrow(/gone\.csv cannot be read/);
});

test("nothing named is a wrong request", async () => {
  await expect(readDataset([])).rejects.toThrow(UsageError);
});
