/**
 * The opcodes of pickles, by their bytes (CPython, `Lib/pickletools.py`). Those without a step are refused by name:
 * state_dicts do not need them, and protocol 0 cannot refer to PyTorch's storages.
 */

import type { PickleMachine } from "./pickle-machine.ts";

type Step = (machine: PickleMachine) => void;

export const opcodes: Readonly<Record<string, readonly [name: string, step?: Step]>> = {
  "\x80": [
    "PROTO",
    (m) => {
      const protocol = m.uint8();
      if (protocol > 5) throw m.fail(`the pickle has protocol ${protocol}; vultus reads up to 5`);
    },
  ],
  "\x95": ["FRAME", (m) => m.bytes(8)],

  // Plain values.
  N: ["NONE", (m) => m.push(null)],
  "\x88": ["NEWTRUE", (m) => m.push(true)],
  "\x89": ["NEWFALSE", (m) => m.push(false)],
  K: ["BININT1", (m) => m.push(m.uint8())],
  M: ["BININT2", (m) => m.push(m.uint16())],
  J: ["BININT", (m) => m.push(m.int32())],
  "\x8a": ["LONG1", (m) => m.push(m.integer(m.uint8()))],
  "\x8b": ["LONG4", (m) => m.push(m.integer(m.uint32()))],
  I: ["INT", (m) => m.push(m.decimal())],
  L: ["LONG", (m) => m.push(m.decimal())],
  G: ["BINFLOAT", (m) => m.push(m.float64())],
  "\x8c": ["SHORT_BINUNICODE", (m) => m.push(m.text(m.uint8()))],
  X: ["BINUNICODE", (m) => m.push(m.text(m.uint32()))],
  "\x8d": ["BINUNICODE8", (m) => m.push(m.text(m.uint64()))],
  // Strings of Python 2.
  U: ["SHORT_BINSTRING", (m) => m.push(m.text(m.uint8()))],
  T: ["BINSTRING", (m) => m.push(m.text(m.uint32()))],
  C: ["SHORT_BINBYTES", (m) => m.push(m.bytes(m.uint8()))],
  B: ["BINBYTES", (m) => m.push(m.bytes(m.uint32()))],
  "\x8e": ["BINBYTES8", (m) => m.push(m.bytes(m.uint64()))],
  "\x96": ["BYTEARRAY8", (m) => m.push(m.bytes(m.uint64()))],

  // Lists, tuples and dictionaries; sets become lists.
  "\x8f": ["EMPTY_SET", (m) => m.push([])],
  "\x90": ["ADDITEMS", (m) => m.append(m.popToMark())],
  "\x91": ["FROZENSET", (m) => m.push(m.popToMark())],
  "(": ["MARK", (m) => m.pushMark()],
  "]": ["EMPTY_LIST", (m) => m.push([])],
  a: ["APPEND", (m) => m.append([m.pop()])],
  e: ["APPENDS", (m) => m.append(m.popToMark())],
  ")": ["EMPTY_TUPLE", (m) => m.push([])],
  t: ["TUPLE", (m) => m.push(m.popToMark())],
  "\x85": ["TUPLE1", (m) => m.push(m.popMany(1))],
  "\x86": ["TUPLE2", (m) => m.push(m.popMany(2))],
  "\x87": ["TUPLE3", (m) => m.push(m.popMany(3))],
  "}": ["EMPTY_DICT", (m) => m.push(new Map())],
  s: ["SETITEM", (m) => m.setItems(m.popMany(2))],
  u: ["SETITEMS", (m) => m.setItems(m.popToMark())],

  // The memo.
  q: ["BINPUT", (m) => m.keep(m.uint8())],
  r: ["LONG_BINPUT", (m) => m.keep(m.uint32())],
  "\x94": ["MEMOIZE", (m) => m.keep()],
  h: ["BINGET", (m) => m.recall(m.uint8())],
  j: ["LONG_BINGET", (m) => m.recall(m.uint32())],

  // Classes, functions and objects.
  c: ["GLOBAL", (m) => m.push(m.find(m.line(), m.line()))],
  "\x93": ["STACK_GLOBAL", (m) => m.push(m.find(...m.popTwo()))],
  R: ["REDUCE", (m) => m.push(m.call(...m.popTwo()))],
  "\x81": ["NEWOBJ", (m) => m.push(m.call(...m.popTwo()))],
  "\x92": [
    "NEWOBJ_EX",
    (m) => {
      m.pop();
      m.push(m.call(...m.popTwo()));
    },
  ],
  i: ["INST", (m) => m.push(m.call(m.find(m.line(), m.line()), m.popToMark()))],
  o: [
    "OBJ",
    (m) => {
      const [callable = null, ...args] = m.popToMark();
      m.push(m.call(callable, args));
    },
  ],
  b: [
    "BUILD",
    (m) => {
      // The attributes of an object, such as the versions of a state_dict's modules, are not needed.
      m.pop();
      if (!(m.top() instanceof Map))
        throw m.fail("the pickle sets attributes of something that is not a dictionary");
    },
  ],
  Q: ["BINPERSID", (m) => m.push(m.persistent(m.pop()))],

  "0": ["POP"],
  "1": ["POP_MARK"],
  "2": ["DUP"],
  F: ["FLOAT"],
  P: ["PERSID"],
  S: ["STRING"],
  V: ["UNICODE"],
  d: ["DICT"],
  l: ["LIST"],
  g: ["GET"],
  p: ["PUT"],
  "\x82": ["EXT1"],
  "\x83": ["EXT2"],
  "\x84": ["EXT4"],
  "\x97": ["NEXT_BUFFER"],
  "\x98": ["READONLY_BUFFER"],
};
