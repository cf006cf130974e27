/** Pickles: Python's are read; malicious ones are refused by name, quickly and without using much memory. */

import { describe, expect, test } from "vitest";
import reference from "../../test/reference/pytorch-files.json" with { type: "json" };
import { FormatError } from "../util/errors.ts";
import { Opaque, type Pickled, type PickleOptions, readPickle } from "./pickle.ts";

const options: PickleOptions = { file: "a.pkl", find: () => undefined };
/** Each character of a test's pickle is one byte. */
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const read = (pickle: string | Uint8Array, more: Partial<PickleOptions> = {}): Pickled =>
  readPickle(typeof pickle === "string" ? latin1(pickle) : pickle, 0, { ...options, ...more }).value;

test.each(Object.entries(reference.pickles))("plain values of Python in protocol %s", (_, pickle) => {
  const value = read(Buffer.from(pickle, "base64")) as Map<string, Pickled>;
  expect([...value]).toEqual([
    ["none", null],
    ["truth", [true, false]],
    [
      "integers",
      [0, 255, 256, 65535, 65536, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 53 - 1, 2n ** 53n + 1n, -(2n ** 70n)],
    ],
    ["floats", [0.1, -1e300]],
    ["text", `ünïcode ${"long ".repeat(60)}`],
    ["nested", [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [["twice"], ["twice"]]]],
    [
      "ordered",
      new Map([
        ["b", 1],
        ["a", 2],
      ]),
    ],
  ]);
  const [one, other] = (value.get("nested") as Pickled[][]).at(-1) as Pickled[];
  expect(one).toBe(other);
});

test("bytes, and the dictionary of pairs that Python 2 wrote", () => {
  expect(read("\x80\x03C\x02\x01\xff.")).toEqual(Uint8Array.of(1, 255));
  expect(read("\x80\x02ccollections\nOrderedDict\n](U\x01aK\x01\x86e\x85R.")).toEqual(new Map([["a", 1]]));
});

test("sets, bytes that can change, and objects with named arguments, of protocols 4 and 5", () => {
  expect(read("\x80\x04\x8f(K\x01K\x02\x90.")).toEqual([1, 2]);
  expect(read("\x80\x04(K\x01\x91.")).toEqual([1]);
  expect(read(`\x80\x05\x96\x02${"\0".repeat(7)}ab.`)).toEqual(Uint8Array.of(97, 98));
  expect((read("\x80\x04ca\nB\n)}\x92.") as Opaque).of).toBe("a.B");
});

test("reading ends with the pickle, and the next begins there", () => {
  const both = latin1("\x80\x02K\x01.\x80\x02K\x02.");
  const { value, end } = readPickle(both, 0, options);
  expect([value, readPickle(both, end, options).value]).toEqual([1, 2]);
});

test("a value may hold itself", () => {
  const list = read("]q\x00h\x00a.") as Pickled[];
  expect(list[0]).toBe(list);
});

test.each([
  ["GLOBAL", "cos\nsystem\n(U\x02idtR.", "names os.system"],
  ["STACK_GLOBAL", "\x80\x04\x8c\x05posix\x8c\x06system\x93.", "names posix.system"],
  ["INST", "(U\x02idios\nsystem\n.", "names os.system"],
  ["OBJ", "(cos\nsystem\nU\x02ido.", "names os.system"],
  ["NEWOBJ", "csubprocess\nPopen\n)\x81.", "names subprocess.Popen"],
  ["eval", "cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "names builtins.eval"],
  ["exec of Python 2", "c__builtin__\nexec\n.", "names __builtin__.exec"],
  ["getattr, the way around lists", "cbuiltins\ngetattr\n.", "names builtins.getattr"],
  [
    "a class's own attribute",
    "ccollections\nOrderedDict.fromkeys\n.",
    "names collections.OrderedDict.fromkeys",
  ],
  ["a call of a text", "U\x09os.system)R.", "calls something that is not a function"],
  ["a call of a dictionary", "}U\x04callNs)R.", "calls something that is not a function"],
  ["a call with a number", "ccollections\nOrderedDict\nK\x01R.", "calls something that is not a function"],
  ["pairs that are none", "ccollections\nOrderedDict\n](K\x01e\x85R.", "not pairs"],
  ["BUILD of a list", "]}b.", "sets attributes of something that is not a dictionary"],
  ["an object outside", "K\x01Q.", "refers to an object outside"],
  ["an extension", "\x82\x01.", "the opcode EXT1"],
  ["no opcode", "\xff.", "the opcode 0xff"],
  ["protocol 6", "\x80\x06.", "protocol 6"],
  ["a name that is no text", "}}\x93.", "by something that is not a string"],
  ["a text of 4 GB", "X\xff\xff\xff\xff", "a string of 4294967295 bytes"],
  ["a text of exabytes", `\x8d${"\xff".repeat(8)}`, "a string of 18446744073709552000 bytes"],
  ["bytes of exabytes", `\x8e${"\xff".repeat(8)}`, "ends in the middle of 18446744073709552000 bytes"],
  ["an integer of 4 GB", "\x8b\xff\xff\xff\xff", "an integer of 4294967295 bytes"],
  ["an integer in letters", "Ios\n.", '"os" is not an integer'],
  ["an integer of many digits", `L${"9".repeat(1e6)}L\n.`, "is not an integer"],
  ["a line without an end", "cos", "in the middle of a line"],
  ["no opcode at all", "", "ends in the middle"],
  ["an empty stack", ".", "takes a value that is not there"],
  ["a mark instead of a value", "(.", "takes a value that is not there"],
  ["no mark", "K\x01t.", "no mark"],
  ["a memo that was never kept", "h\x05.", "recalls entry 5"],
  ["APPEND to a tuple's place", "}K\x01a.", "appends to something that is not a list"],
  ["SETITEM of a list", "]K\x01K\x02s.", "sets keys of something that is not a dictionary"],
  ["a key without a value", "}(K\x01u.", "a key without a value"],
  ["millions of dictionaries", `](${"}".repeat(2_000_000)}e.`, "more than 1000000 values"],
  [
    "the same pairs a million times",
    `ccollections\nOrderedDict\n](${"K\x01K\x01\x86".repeat(1000)}e\x85q\x00R(${"ccollections\nOrderedDict\nh\x00R".repeat(10_000)}t.`,
    "more than 1000000 values",
  ],
  // As text, each level would be twice as long as the one below.
  [
    "a name of nested lists",
    `]${"q\x00h\x00h\x00\x86".repeat(60)}q\x00h\x00\x93.`,
    "by something that is not a string",
  ],
])("%s is refused by name and byte", (_, pickle, message) => {
  const bytes = latin1(pickle);
  const started = performance.now();
  let error: unknown;
  try {
    read(bytes);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FormatError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toMatch(/^a\.pkl: .*\(byte \d+\)$/);
  // Without the limits it would take minutes, or all memory.
  expect(performance.now() - started).toBeLessThan(20_000);
});

describe("an object of an unknown class", () => {
  test.each([
    ["called", "cyacs.config\nCfgNode\n)R."],
    ["made anew", "cyacs.config\nCfgNode\n)\x81."],
    ["with attributes", "cyacs.config\nCfgNode\n)\x81}U\x01aK\x01sb."],
    ["to which is appended", "cyacs.config\nCfgNode\n)\x81K\x01a."],
  ])("is named and holds nothing, %s", (_, pickle) => {
    const value = read(pickle) as Opaque;
    expect(value).toBeInstanceOf(Opaque);
    expect([value.of, value.size]).toEqual(["yacs.config.CfgNode", 0]);
  });

  test("keeps what it holds as a dictionary", () => {
    expect([...(read("caddict.addict\nDict\n)\x81U\x01aK\x01s.") as Opaque)]).toEqual([["a", 1]]);
  });

  test("may have the names of an object's own properties", () => {
    expect((read("c__proto__\nconstructor\n)R.") as Opaque).of).toBe("__proto__.constructor");
  });
});

test("an error of the caller's functions gets the file and the byte", () => {
  const find = () => (): Pickled => {
    throw new FormatError("no");
  };
  expect(() => read("ca\nb\n)R.", { find })).toThrow("a.pkl: no (byte 6)");
});

describe("what is deep or wide", () => {
  test("a million tuples in one another", () => {
    expect(Array.isArray(read(`N${"\x85".repeat(999_000)}.`))).toBe(true);
  });

  test("lists of lists of lists, each twice", () => {
    const bomb = `]${"q\x00h\x00\x86".repeat(1000)}.`;
    expect(Array.isArray(read(bomb))).toBe(true);
  });
});

test("cut anywhere a pickle is refused", () => {
  const whole = Buffer.from(reference.pickles["4"], "base64");
  for (let length = 0; length < whole.length; length++)
    expect(() => read(whole.subarray(0, length))).toThrow(FormatError);
});
