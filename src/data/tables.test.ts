/** Tables as people export them: from spreadsheets, pandas, Hugging Face and published data sets. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../util/errors.ts";
import type { Dataset } from "./dataset.ts";
import { readDataset } from "./read.node.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-tables-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Creates a folder with images a to d and the given files. */
function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(join(dir, "set-"));
  for (const name of ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]) writeFileSync(join(root, name), "");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function read(text: string | Uint8Array, beside: Readonly<Record<string, string>> = {}): Promise<Dataset> {
  return readDataset([join(folder({ ...beside, "t.csv": text }), "t.csv")]);
}

const labels = ({ samples, classes }: Dataset): string[] =>
  samples.map(({ id, label }) => `${id} ${classes[label]}`);
const splits = ({ samples }: Dataset): string[] => samples.map(({ split }) => split);
const votes = ({ samples, classes }: Dataset): unknown[] =>
  samples.map((one) =>
    classes.map((_, i) => Number(((one.votes?.[i] ?? 0) * (one.voteCount ?? 0)).toFixed(9))),
  );
const twoLabels = ["a.jpg happy", "b.jpg sad"];

describe("the text of a table", () => {
  const rows = "path,label\na.jpg,happy\nb.jpg,sad\n";

  test.each<[string, string | Uint8Array]>([
    ["Excel's line for the separator", `sep=;\r\n${rows.replaceAll(",", ";")}`],
    ["the same in quotes", `"sep=,"\r\n${rows}`],
    ["bars between cells", rows.replaceAll(",", "|")],
    ["rows of only separators", "path;label;age\na.jpg;happy;3\nb.jpg;sad;4\n;;\n;;\n"],
    ["separators at the end of rows, not of the header", "path,label\na.jpg,happy,\nb.jpg,sad,,\n"],
    ["separators at the end of every row", "path,label,\na.jpg,happy,\nb.jpg,sad,\n"],
    ["lines that end in several ways", "path,label\r\na.jpg,happy\nb.jpg,sad\r"],
    ["UTF-16 without its mark", Buffer.from(rows, "utf16le")],
    ["UTF-16 of the other order without its mark", Buffer.from(rows, "utf16le").swap16()],
    ["row numbers of pandas without a name", ",path,label\n0,a.jpg,happy\n1,b.jpg,sad\n"],
    ["pandas' name for them", ",Unnamed: 0,path,label\n0,0,a.jpg,happy\n1,1,b.jpg,sad\n"],
  ])("%s", async (_, text) => {
    const data = await read(text);
    expect(labels(data)).toEqual(twoLabels);
    expect(data.samples.map(({ subgroups = {} }) => Object.keys(subgroups).join())).toEqual(
      String(text).includes("age") ? ["age", "age"] : ["", ""],
    );
  });

  test("rows are counted as Excel shows them, without its line for the separator", async () => {
    await expect(read("sep=;\npath;label\na.jpg;happy\n;;\nb.jpg;\n")).rejects.toThrow(
      /row 4: label is empty/,
    );
  });

  test.each([
    ["a name of two columns", "path,label,Label\na,x,happy\n", /two columns called label\. Rename or remove/],
    ["two columns of votes for one class", "path,happy,sad,happy\na,1,2,9\n", /two columns called happy/],
    ["a missing cell", "path,label,age\na,happy\n", /row 2: 2 cells, expected 3 as in the first row/],
    ["a cell too many", "path,label\na,happy,3\n", /row 2: 3 cells, expected 2/],
    ["no header", "a.jpg,happy\nb.jpg,sad\n", /does not name its columns: its first row is a\.jpg, happy/],
    [
      "no header, spaces between cells",
      "train_1.jpg 5\n",
      /does not name its columns.*header line such as path,label/,
    ],
    ["addresses", "path,label\nhttps://x.org/a.jpg,happy\n", /row 2: https:.* is a URL.*Download/],
    ["a column of addresses", "url,label\nhttps://x.org/a,happy\n", /lists URLs.*Download the images/],
  ])("%s is refused", async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(FormatError);
    await expect(read(text)).rejects.toThrow(message);
  });

  test("UTF-32 is refused", async () => {
    const wide = Buffer.from(Uint32Array.from(Buffer.from(rows)).buffer);
    const text = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), wide]);
    await expect(read(text)).rejects.toThrow(/is UTF-32: save it as "CSV UTF-8"/);
  });
});

describe("splits", () => {
  const table = (column: string, cells: readonly string[], labelled = true): string =>
    [
      labelled ? `path,label,${column}` : `path,happy,sad,${column}`,
      ...["a", "b", "c", "d"].map((name, i) => {
        const label = i % 2 ? "sad" : "happy";
        return `${name}.jpg,${labelled ? label : `${2 - (i % 2)},${1 + (i % 2)}`},${cells[i]}`;
      }),
    ].join("\n");

  test.each([
    ["Usage", ["Training", "Training", "PublicTest", "PrivateTest"]],
    ["SUBSET", ["TRAIN", " train", "Valid", "test "]],
    ["fold", ["trn", "training", "dev", "testing"]],
    ["set", ["train_set", "Train", "val", "Test"]],
    ["anything", ["train", "train", "validation", "test"]],
  ])("in a column %s", async (column, cells) => {
    for (const labelled of [true, false]) {
      const data = await read(table(column, cells, labelled));
      expect(splits(data)).toEqual(["train", "train", "validation", "test"]);
      expect(data.classes).toEqual(["happy", "sad"]);
      expect(data.samples.map(({ subgroups }) => subgroups)).toEqual(Array(4).fill(undefined));
      expect(data.notes.join()).toMatch(/the column \w+ is read as split/);
    }
  });

  test("a column split counts before all others", async () => {
    const data = await read(table("split,usage", ["train,test", "train,test", "val,train", "test,train"]));
    expect(splits(data)).toEqual(["train", "train", "validation", "test"]);
  });

  test("numbers of folds are no splits, and no votes", async () => {
    for (const labelled of [true, false]) {
      const data = await read(table("fold", ["7", "8", "9", "9"], labelled));
      expect(splits(data)).toEqual(Array(4).fill("train"));
      expect(data.classes).toEqual(["happy", "sad"]);
      expect(data.samples[0]?.subgroups).toEqual({ fold: "7" });
    }
  });

  test.each([
    [
      "usage",
      ["train", "holdout", "extra", "test"],
      /row 3: usage is "holdout", expected train.*have "extra"/,
    ],
    [
      "split",
      ["train", "train", "train", "soon"],
      /row 5: split is "soon", expected train, validation or test$/,
    ],
    [
      "set,fold",
      ["train,train", "train,test", "test,test", "test,train"],
      /set and fold name different splits/,
    ],
  ])("%s that is not clear is refused", async (column, cells, message) => {
    await expect(read(table(column, cells))).rejects.toThrow(FormatError);
    await expect(read(table(column, cells))).rejects.toThrow(message);
  });
});

describe("votes", () => {
  test.each([
    [
      "commas before decimals",
      "path;happy;sad\na.jpg;0,75;0,25\nb.jpg;0,125;1\n",
      [
        [0.75, 0.25],
        [0.125, 1],
      ],
    ],
    [
      "one class marked True",
      "path,happy,sad\na.jpg,True,False\nb.jpg,FALSE,TRUE\n",
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      "one class marked yes",
      "path,happy,sad\na.jpg,yes,no\nb.jpg,No,Yes\n",
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      "row numbers",
      ",index,path,happy,sad\n7,7,a.jpg,2,1\n8,8,b.jpg,1,2\n",
      [
        [2, 1],
        [1, 2],
      ],
    ],
  ])("%s", async (_, text, expected) => {
    const data = await read(text);
    expect(data.classes).toEqual(["happy", "sad"]);
    expect(votes(data)).toEqual(expected);
  });

  test.each([
    ["1,234", /row 2: happy is "1,234", which could mean 1234 or 1\.234/],
    ["1.234,5", /happy is "1\.234,5", expected a number/],
    ["0x10", /happy is "0x10", expected a number/],
    ["75%", /happy is "75%", expected a number/],
    ["-1", /happy is "-1", expected a number/],
  ])("%s is refused", async (cell, message) => {
    await expect(read(`path;happy;sad\na.jpg;${cell};1\nb.jpg;1;2\n`)).rejects.toThrow(message);
  });

  test("a column without a name that does not number the rows may be votes", async () => {
    const text = ",path,happy,sad\n1,a.jpg,2,1\n1,b.jpg,1,2\n";
    await expect(read(text)).rejects.toThrow(/column 1 is not the name of a class/);
  });

  test("a column of something else is named with the ways out", async () => {
    const text = "path,happy,sad,age\na.jpg,2,1,30\nb.jpg,1,2,31\n";
    await expect(read(text)).rejects.toThrow(
      /"age" is not clear.*does not contain votes, call it subgroup:age/,
    );
    const words = "path,happy,sad,sex\na.jpg,2,1,f\nb.jpg,1,2,m\n";
    await expect(read(words)).rejects.toThrow(/sex is "f", expected a number.*rename it to subgroup:sex/);
  });

  test("of FER+, without the rows that have no image", async () => {
    const head = "Usage,Image name,neutral,happiness,sadness,NF";
    const root = folder({
      "t.csv": `${head}\nTraining,a.jpg,1,8,1,0\nTraining,c.jpg,9,8,1,0\nTraining,b.jpg,2,1,7,0\nTraining,,0,0,0,10\n`,
    });
    const table = join(root, "t.csv");
    await expect(readDataset([table])).rejects.toThrow(/"NF" is not clear.*notAClass: \["NF"\]/);
    const plus = await readDataset([table], { notAClass: ["NF"] });
    expect(labels(plus)).toEqual(["a.jpg happy", "b.jpg sad", "c.jpg neutral"]);
    expect(plus.notes.join()).toMatch(/1 row without an image skipped/);
  });
});

describe("labels", () => {
  test.each([
    ["numbers that pandas made fractions", "path,emotion\na.jpg,3.0\nb.jpg,4\n", twoLabels],
    ["names in any case", "path,label\na.jpg, HAPPY \nb.jpg,Sad\n", twoLabels],
    ["Hugging Face's file_name", "file_name,label\na.jpg,happy\nb.jpg,sad\n", twoLabels],
    ["AffectNet's columns", "subDirectory_filePath,expression\na.jpg,happy\nb.jpg,sad\n", twoLabels],
    ["a column target", "path,target\na.jpg,happy\nb.jpg,sad\n", twoLabels],
    ["numbers with their names", "path,label,label_name\na.jpg,0,happy\nb.jpg,1,sad\n", twoLabels],
    [
      "numbers with several names",
      "path,label,class\na.jpg,0,happy\nb.jpg,1,sad\nc.jpg,1,old\n",
      ["a.jpg 0", "b.jpg 1", "c.jpg 1"],
    ],
  ])("%s", async (_, text, expected) => {
    expect(labels(await read(text))).toEqual(expected);
  });

  const numbered = "file_name,label\na.jpg,1\nb.jpg,0\n";

  test("numbers alone are classes, with a note on how to name them", async () => {
    const data = await read(numbered);
    expect(labels(data)).toEqual(["a.jpg 1", "b.jpg 0"]);
    expect(data.notes.join()).toMatch(/label contains numbers.*rename: \{"0":"NAME"\}/);
  });

  const names = ["sad", "happy"];
  test.each([
    ["dataset_info.json", JSON.stringify({ features: { image: { _type: "Image" }, label: { names } } })],
    [
      "README.md",
      "---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: label\n    dtype:\n" +
        "      class_label:\n        names:\n          '0': sad\n          '1': happy\n  splits:\n  - name: train\n---\n# Set\n",
    ],
  ])("the numbers of a ClassLabel are named by %s", async (file, text) => {
    const data = await read(numbered, { [file]: text });
    expect(labels(data)).toEqual(twoLabels);
    expect(data.notes.join()).toContain(`named by ${file}: 0 sad, 1 happy`);
  });

  test("names that leave a number out are not used", async () => {
    const info = JSON.stringify({ features: { label: { names: ["sad"] } } });
    expect(labels(await read(numbered, { "dataset_info.json": info }))).toEqual(["a.jpg 1", "b.jpg 0"]);
  });
});

test.each(["identity", "Subject", "person_id", "actor"])("people in a column %s", async (column) => {
  for (const text of [
    `path,label,${column}\na.jpg,happy,p1\nb.jpg,sad,p2\n`,
    `path,happy,sad,${column}\na.jpg,2,1,p1\nb.jpg,1,2,p2\n`,
  ]) {
    const { samples } = await read(text);
    expect(samples.map(({ identity, subgroups }) => [identity, subgroups])).toEqual([
      ["p1", undefined],
      ["p2", undefined],
    ]);
  }
});

describe("rows for one image", () => {
  test("count once if they say the same", async () => {
    const data = await read(",path,label\n0,a.jpg,happy\n1,b.jpg,sad\n2,a.jpg,happy\n");
    expect(labels(data)).toEqual(twoLabels);
    expect(data.notes.join()).toContain("repeated rows skipped: 1");
  });

  test.each([
    ["label", "path,label\na.jpg,happy\nb.jpg,sad\n./a.jpg,sad\n"],
    ["split", "path,label,split\na.jpg,happy,train\nb.jpg,sad,train\na.jpg,happy,test\n"],
  ])("are refused where they differ in their %s", async (_, text) => {
    await expect(read(text)).rejects.toThrow(/row 4: ".*a\.jpg" is already in row 2, with different values/);
  });
});

describe("other files given as data", () => {
  test.each([
    ["t.xlsx", /is a spreadsheet: save its sheet as "CSV UTF-8"/],
    ["t.ods", /is a spreadsheet/],
    ["t.csv.gz", /is an archive: unpack it.*gunzip -k ".*t\.csv\.gz"/],
    ["t.tar.gz", /is an archive: unpack it.*tar -xf/],
    ["metadata.jsonl", /pandas\.read_json\(.*lines=True\)\.to_csv\(.*metadata\.csv/],
    ["t.parquet", /pandas\.read_parquet\(/],
    ["t.json", /pandas\.read_json\("[^"]*"\)\.to_csv/],
    ["x.jpg", /is a single image\. Name a folder/],
    ["label.lst", /label\.lst is not a kind of file that vultus reads as data/],
  ])("%s is refused with the way out", async (name, message) => {
    const result = readDataset([join(folder({ [name]: "PK" }), name)]);
    await expect(result).rejects.toThrow(UsageError);
    await expect(result).rejects.toThrow(message);
  });

  test("a .txt that is a table is read", async () => {
    const root = folder({ "list.txt": "path\tlabel\na.jpg\thappy\nb.jpg\tsad\n" });
    expect(labels(await readDataset([join(root, "list.txt")]))).toEqual(twoLabels);
  });

  test("a folder of loose images beside a table names the table", async () => {
    const root = folder({ "metadata.csv": "file_name,label\na.jpg,happy\nb.jpg,sad\n" });
    await expect(readDataset([root])).rejects.toThrow(/name .*metadata\.csv instead of the folder/);
  });
});

test("CK+'s table of pixels may name its emotions, and refuses a number that FER2013 lacks", async () => {
  const pixels = Array(2304).fill(7).join(" ");
  const text = (emotion: string): string =>
    `emotion,pixels,Usage\n3,${pixels},Training\n${emotion},${pixels},Training\n`;
  const data = await read(text("Contempt"));
  expect(labels(data)).toEqual(["row 2 happy", "row 3 contempt"]);
  await expect(read(text("7"))).rejects.toThrow(/row 3: emotion is "7", expected 0 to 6 .* or a name/);
});
