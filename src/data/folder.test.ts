import { execFileSync } from "node:child_process";
import type * as FileSystem from "node:fs";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageError, VultusError } from "../util/errors.ts";
import { readFolder } from "./folder.node.ts";
import { readDataset } from "./read.node.ts";

/** The call that fails on a path, with an error that would not occur for root. */
const broken = vi.hoisted(() => ({ call: "", path: "", code: "" }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof FileSystem>();
  const failing = (call: string, path: unknown): void => {
    if (call === broken.call && path === broken.path)
      throw Object.assign(new Error(`${broken.code}: as injected`), { code: broken.code });
  };
  return {
    ...real,
    statSync(...args: Parameters<typeof real.statSync>) {
      failing("stat", args[0]);
      return real.statSync(...args);
    },
    realpathSync(path: string) {
      failing("realpath", path);
      return real.realpathSync(path);
    },
    opendirSync(path: string) {
      failing("opendir", path);
      const dir = real.opendirSync(path);
      const read = dir.readSync.bind(dir);
      return Object.assign(dir, { readSync: () => (failing("readdir", path), read()) });
    },
  };
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vultus folder ü-"));
});
afterEach(() => {
  broken.call = "";
  rmSync(dir, { recursive: true });
});

/** Creates empty files, because reading a folder depends only on names. A path that ends in / is a folder. */
function make(...paths: string[]): void {
  for (const path of paths) {
    const full = join(dir, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(full, "");
  }
}

function ids(root = dir): string[] {
  return readFolder(root).samples.map((sample) => `${sample.split} ${sample.className} ${sample.id}`);
}

describe("layouts", () => {
  test("a folder per class", () => {
    make("sad/b.jpg", "sad/a.jpg", "happy/c.jpg");
    expect(ids()).toEqual(["train happy happy/c.jpg", "train sad sad/a.jpg", "train sad sad/b.jpg"]);
  });

  test.each([
    ["train", "validation", "test"],
    ["Training", "val", "testing"],
    ["train", "valid", "PrivateTest"],
    ["trn", "validate", "tst"],
    ["train_set", "val images", "TestData"],
  ])("splits %s, %s, %s", (train, validation, testing) => {
    make(`${train}/sad/a.jpg`, `${validation}/sad/b.jpg`, `${testing}/happy/c.jpg`, "extra/sad/d.jpg");
    expect(ids().sort()).toEqual(
      [
        `test happy ${testing}/happy/c.jpg`,
        `train sad ${train}/sad/a.jpg`,
        `validation sad ${validation}/sad/b.jpg`,
      ].sort(),
    );
    expect(readFolder(dir).notes).toEqual([
      `folder ${join(dir, "extra")} skipped: not train, validation or test`,
    ]);
  });

  test("one level down, with the same ids as from there", () => {
    make("images/train/sad/a.jpg", "images/train/happy/b.jpg", "docs/readme.txt");
    expect(ids()).toEqual(ids(join(dir, "images")));
    make("other/happy/a.jpg");
    expect(() => ids()).toThrow(/contains 2 data sets.*images.*other/);
  });

  test("further down, as archives are unpacked", () => {
    make("archive/images/images/train/sad/a.jpg", "archive/images/images/train/happy/b.jpg", "readme.txt");
    expect(ids()).toEqual(ids(join(dir, "archive/images/images")));
  });

  test("splits within the class folders, if two classes have them", () => {
    make("happy/train/a.jpg", "happy/val/b.jpg", "happy/c.jpg", "happy/2019/d.jpg", "sad/e.jpg");
    expect(ids().filter((id) => !id.startsWith("train"))).toEqual([]);
    make("sad/Test set/f.jpg");
    expect(ids()).toEqual([
      "train happy happy/c.jpg",
      "train happy happy/2019/d.jpg",
      "train happy happy/train/a.jpg",
      "validation happy happy/val/b.jpg",
      "train sad sad/e.jpg",
      "test sad sad/Test set/f.jpg",
    ]);
    expect(readFolder(dir).notes).toEqual([
      "folders named Test set, train, val inside the class folders: read as splits",
    ]);
  });

  test("classes beside a split are for training, unless there is a folder for that", () => {
    make("happy/a.jpg", "sad/b.jpg", "test/happy/c.jpg", "test/sad/d.jpg", "other/e.jpg");
    expect(ids()).toEqual([
      "train happy happy/a.jpg",
      "train sad sad/b.jpg",
      "test happy test/happy/c.jpg",
      "test sad test/sad/d.jpg",
    ]);
    expect(readFolder(dir).notes).toEqual([
      `folder ${join(dir, "other")} skipped: not train, validation or test`,
      "happy, sad next to test: read as training images",
    ]);
    make("train/happy/f.jpg");
    expect(ids().filter((id) => id.startsWith("train"))).toEqual(["train happy train/happy/f.jpg"]);
  });

  test("class names that are no emotions, also one level down", () => {
    make("images/cats/a.jpg", "images/dogs/b.jpg");
    expect(ids(join(dir, "images"))).toEqual(ids());
    expect(readFolder(dir).classNames).toEqual(["cats", "dogs"]);
  });

  test("--classes decides what a class is", () => {
    make("set/smirk/a.jpg", "set/frown/b.jpg", "docs/readme.md");
    expect(readFolder(dir, ["Smirk", "frown"]).classNames).toEqual(["frown", "smirk"]);
  });
});

describe("what a folder may hold", () => {
  test("spaces, other scripts, nested folders; hidden files and text files are passed over", () => {
    make("happy/mit Leerzeichen.jpg", "happy/顔.jpg", "happy/deep/er/x", "sad/.hidden.jpg", "sad/.git/y.jpg");
    make("sad/ж.jpg", "sad/notes.txt", ".cache/z.jpg");
    expect(ids()).toEqual([
      "train happy happy/mit Leerzeichen.jpg",
      "train happy happy/顔.jpg",
      "train happy happy/deep/er/x",
      "train sad sad/ж.jpg",
    ]);
    expect(readFolder(dir).notes[0]).toMatch(/^1 file in .* skipped/);
  });

  test("links are followed, each folder once, so loops end; a broken link is left for the decoder to report", () => {
    make("happy/a.jpg", "sad/b.jpg", "elsewhere/c.jpg");
    symlinkSync(join(dir, "happy"), join(dir, "happy", "loop"));
    symlinkSync(join(dir, "elsewhere"), join(dir, "sad", "linked"));
    symlinkSync(join(dir, "elsewhere"), join(dir, "sad", "linked again"));
    symlinkSync(join(dir, "nowhere.jpg"), join(dir, "sad", "broken.jpg"));
    expect(ids().filter((id) => !id.includes("elsewhere"))).toEqual([
      "train happy happy/a.jpg",
      "train sad sad/b.jpg",
      "train sad sad/broken.jpg",
      "train sad sad/linked/c.jpg",
    ]);
  });
});

describe("what is no data", () => {
  test("folders of systems and of other programs, at any depth, are passed over and counted", () => {
    make(
      "happy/a.jpg",
      "happy/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
      "sad/b.jpg",
      "sad/@eaDir/b.jpg/THUMB.jpg",
    );
    make("__MACOSX/happy/a.jpg", "lost+found/c.jpg", "$RECYCLE.BIN/d.jpg", "node_modules/x/e.jpg");
    const { classNames, samples, notes } = readFolder(dir);
    expect(classNames).toEqual(["happy", "sad"]);
    expect(samples.map(({ id }) => id)).toEqual(["happy/a.jpg", "sad/b.jpg"]);
    expect(notes).toEqual([
      "folders skipped, because their images are not data: $RECYCLE.BIN, @eaDir (2), __MACOSX, lost+found, node_modules",
    ]);
  });

  test("runs and results, by their content and by their names", () => {
    make("happy/a.jpg", "sad/b.jpg", "runs/x/recipe.json", "runs/x/environment.json", "runs/x/curves.png");
    make("experiments/y/recipe.json", "experiments/y/environment.json", "experiments/y/samples.png");
    make("explained/.vultus", "explained/a.png", "marked/a.jpg");
    const { classNames, notes } = readFolder(dir);
    expect(classNames).toEqual(["happy", "sad"]);
    expect(notes).toEqual(["folders skipped, because their images are not data: explained, marked, runs, y"]);
  });

  test("a folder that is asked for is a class, and one that vultus wrote is read if it is named itself", () => {
    make("runs/a.jpg", "walks/b.jpg", "marked/.vultus", "marked/x/c.jpg", "marked/y/d.jpg");
    expect(readFolder(dir, ["runs", "walks"]).classNames).toEqual(["runs", "walks"]);
    expect(readFolder(join(dir, "marked")).classNames).toEqual(["x", "y"]);
  });

  test("a link to a folder above is no class, and no part of one", () => {
    make("happy/a.jpg", "sad/b.jpg");
    symlinkSync("..", join(dir, "happy", "up"));
    symlinkSync(dir, join(dir, "everything"));
    const { classNames, samples, notes } = readFolder(dir);
    expect([classNames, samples.map(({ id }) => id)]).toEqual([
      ["happy", "sad"],
      ["happy/a.jpg", "sad/b.jpg"],
    ]);
    expect(notes).toEqual(["folders skipped, because their images are not data: everything, up"]);
  });

  test("pipes are passed over, and not waited for", () => {
    make("happy/a.jpg", "sad/b.jpg");
    execFileSync("mkfifo", [join(dir, "happy", "pipe.jpg")]);
    symlinkSync("pipe.jpg", join(dir, "happy", "link.jpg"));
    expect(ids()).toEqual(["train happy happy/a.jpg", "train sad sad/b.jpg"]);
  });

  test("libraries of photo programs are no classes", () => {
    make(
      "happy/a.jpg",
      "sad/b.jpg",
      "Catalog Previews.lrdata/0/c.lrprev",
      "My.photoslibrary/originals/d.jpg",
    );
    make("sad/CaptureOne/Cache/e.jpg");
    expect(readFolder(dir).classNames).toEqual(["happy", "sad"]);
    expect(readFolder(dir).notes).toEqual([
      "folders skipped, because their images are not data: CaptureOne, Catalog Previews.lrdata, My.photoslibrary",
    ]);
  });

  test("files that systems, programs and browsers leave beside images are counted", () => {
    make("happy/a.jpg", "happy/Icon\r", "happy/a.AAE", "happy/a.jpg.xmp", "happy/photo.lnk", "sad/site.url");
    make(
      "sad/b.jpg",
      "sad/b.jpg~",
      "sad/c.jpg.part",
      "sad/d.jpg.crdownload",
      "sad/labels.xlsx",
      "sad/clip.THM",
    );
    expect(ids()).toEqual(["train happy happy/a.jpg", "train sad sad/b.jpg"]);
    expect(readFolder(dir).notes).toEqual([
      `10 files in ${dir} skipped: their names are not those of images`,
    ]);
  });

  test("raw files of cameras, and files that are still in a cloud, are counted", () => {
    make(
      "happy/a.jpg",
      "happy/a.CR2",
      "happy/b.nef",
      "sad/c.jpg",
      "sad/.d.jpg.icloud",
      "sad/e.jpg.nextcloud",
    );
    expect(ids()).toEqual(["train happy happy/a.jpg", "train sad sad/c.jpg"]);
    expect(readFolder(dir).notes).toEqual([
      `2 raw files in ${dir} skipped: export them as JPEG`,
      `2 placeholders in ${dir} skipped: the files are in cloud storage; download them first`,
    ]);
  });

  test("videos are counted, and are no images that cannot be read", () => {
    make("happy/a.jpg", "happy/IMG_1.MOV", "sad/b.jpg", "sad/c.mp4");
    const { samples, notes } = readFolder(dir);
    expect(samples.map(({ id }) => id)).toEqual(["happy/a.jpg", "sad/b.jpg"]);
    expect(notes).toEqual([`2 videos in ${dir} skipped: vultus learns only from images`]);
  });

  test("files beside class folders, and a split without classes, are counted", () => {
    make(
      "train/happy/a.jpg",
      "train/sad/b.jpg",
      "train/c.jpg",
      "train/notes.txt",
      "test/d.jpg",
      "test/e.jpg",
    );
    const { samples, notes } = readFolder(dir);
    expect(samples).toHaveLength(2);
    expect(notes).toEqual([
      `2 files in ${join(dir, "test")} skipped: not in a class folder`,
      `1 file in ${join(dir, "train")} skipped: not in a class folder`,
    ]);
  });
});

describe("classes", () => {
  test("case and synonyms are matched across splits, and said", async () => {
    make("train/Anger/a.jpg", "train/HAPPY/b.jpg", "val/angry/c.jpg", "val/joy/d.jpg");
    const { classes, samples, notes } = await readDataset([dir]);
    expect(classes).toEqual(["angry", "happy"]);
    expect(samples.map(({ id, label }) => `${id} ${label}`)).toEqual([
      "train/Anger/a.jpg 0",
      "train/HAPPY/b.jpg 1",
      "val/angry/c.jpg 0",
      "val/joy/d.jpg 1",
    ]);
    expect(notes).toEqual(['"Anger" read as "angry"', '"HAPPY", "joy" read as "happy"']);
  });

  test("--classes picks, orders and names; what is left out is counted", async () => {
    make("sadness/a.jpg", "happy/b.jpg", "disgust/c.jpg", "disgust/d.jpg", "empty/");
    const { classes, samples, leftOut, notes } = await readDataset([dir], { classes: ["sad", "happiness"] });
    expect(classes).toEqual(["sad", "happiness"]);
    expect(samples.map(({ label }) => label)).toEqual([1, 0]);
    expect(leftOut).toEqual([
      { className: "disgust", count: 2 },
      { className: "empty", count: 0 },
    ]);
    expect(notes).toContain('class "disgust" left out: 2 images');
  });

  test("several folders train together under unique ids", async () => {
    make("x/set/happy/a.jpg", "x/set/sad/b.jpg", "y/set/happy/a.jpg", "y/set/sad/b.jpg");
    const { samples } = await readDataset([join(dir, "x/set"), join(dir, "y/set")]);
    expect(samples.map(({ id }) => id)).toEqual([
      "x:set/happy/a.jpg",
      "x:set/sad/b.jpg",
      "y:set/happy/a.jpg",
      "y:set/sad/b.jpg",
    ]);
  });

  test("the fingerprint does not depend on where the folder is, but on labels and classes", async () => {
    make("x/happy/a.jpg", "x/sad/b.jpg", "y/happy/a.jpg", "y/sad/b.jpg", "z/sad/a.jpg", "z/happy/b.jpg");
    const print = async (path: string, classes?: string[]): Promise<string> =>
      (await readDataset([join(dir, path)], classes ? { classes } : {})).fingerprint;
    expect(await print("x")).toMatch(/^[0-9a-f]{32}$/);
    expect(await print("y")).toBe(await print("x"));
    expect(await print("z")).not.toBe(await print("x"));
    expect(await print("x", ["sad", "happy"])).not.toBe(await print("x"));
  });
});

describe("errors name the thing, what was found and what is valid", () => {
  const rejected = async (pattern: RegExp, options = {}, path = dir): Promise<void> => {
    const error: unknown = await readDataset([path], options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(pattern);
  };

  test("missing folder, and a file instead", async () => {
    make("file.jpg");
    await rejected(/There is no folder .*nowhere/, {}, join(dir, "nowhere"));
    await rejected(/file\.jpg is a single image/, {}, join(dir, "file.jpg"));
  });

  test.each([
    ["stat", "EACCES", "permission denied; check who owns the folder"],
    ["realpath", "EACCES", "permission denied; check who owns the folder"],
    ["opendir", "EACCES", "permission denied; check who owns the folder"],
    ["readdir", "EIO", "the disk reports an error"],
  ])("a folder whose %s fails with %s", async (call, code, reason) => {
    make("happy/a.jpg", "sad/b.jpg");
    const path = call === "stat" ? dir : join(dir, "sad");
    Object.assign(broken, { call, path, code });
    const error: unknown = await readDataset([dir]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(VultusError);
    expect((error as Error).message).toBe(`the folder ${path} cannot be read: ${reason}`);
  });

  test("no class folders", async () => {
    await rejected(/no class folders with images \(found: nothing\)/);
    make("a.jpg", "b.jpg");
    await rejected(/found: 2 files.*Expected <folder>\/<class>/);
    make("happy/", "sad/");
    await rejected(/found: happy, sad and 2 files/);
  });

  test("one class, and a class that is empty, altogether or in training", async () => {
    make("happy/a.jpg");
    await rejected(/one class \("happy"\).*at least two/);
    rmSync(join(dir, "happy"), { recursive: true });
    make("train/happy/a.jpg", "train/sad/b.jpg", "train/fear/", "validation/fear/c.jpg");
    await rejected(/no training images of "fear".*--classes happy,sad/);
  });

  test("an unknown class, with the nearest, and one named twice", async () => {
    make("happy/a.jpg", "sad/b.jpg");
    await rejected(/"hapy", which is not in .* Found: happy, sad\. Did you mean "happy"\?/, {
      classes: ["hapy", "sad"],
    });
    await rejected(/twice: "happy" and "joy"/, { classes: ["happy", "joy"] });
  });

  test("a model's classes may be missing when it is scored", async () => {
    make("happy/a.jpg");
    const { classes, notes } = await readDataset([dir], { classes: ["happy", "sad"], allowMissing: true });
    expect(classes).toEqual(["happy", "sad"]);
    expect(notes.join()).toMatch(/no training images of "sad"/);
  });
});
