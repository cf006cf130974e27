/**
 * Reads Python's pickles without running them: numbers, texts, lists, tuples and dictionaries become plain values, a
 * class or function is looked up among those that the caller allows, and anything else is refused by name.
 */

import { FormatError } from "../util/errors.ts";

/** A value of a pickle. Tuples are arrays like lists; dictionaries are Maps. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | object;

export interface PickleOptions {
  /** What errors call the file. */
  readonly file: string;
  /** What stands for a class or function; undefined where it is not allowed. */
  readonly find: (name: string) => Allowed | undefined;
  /** The object that a persistent id stands for. */
  readonly persistent?: (id: Pickled) => Pickled;
}

/** A class or function that a pickle may name, and, if it may be called, what comes of it. */
export interface Allowed {
  readonly name: string;
  readonly call?: (args: readonly Pickled[]) => Pickled;
}

/** Reads the pickle that begins at `start`; `end` is the byte after it. @throws FormatError that names the byte. */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { value: Pickled; end: number } {
  const reader = new Unpickler(bytes, start, options);
  return { value: reader.read(), end: reader.position };
}

const mark = Symbol("mark");
type Slot = Pickled | typeof mark;

class Unpickler {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: PickleOptions;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Pickled>();
  /** Where the opcode under way begins. */
  #opcode = 0;

  constructor(bytes: Uint8Array, start: number, options: PickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.position = start;
  }

  read(): Pickled {
    for (;;) {
      this.#opcode = this.position;
      const code = this.#take(1)[0] as number;
      if (code === 0x2e) return this.#pop();
      this.#step(code);
    }
  }

  #step(code: number): void {
    const stack = this.#stack;
    switch (code) {
      case 0x80: // PROTO
        if ((this.#take(1)[0] as number) > 5) throw this.#fail("it has a protocol above 5");
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK
        stack.push(mark);
        return;
      case 0x30: // POP
        if (stack.pop() === undefined) throw this.#fail("it takes from an empty stack");
        return;
      case 0x31: // POP_MARK
        this.#toMark();
        return;
      case 0x32: // DUP
        stack.push(this.#top());
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(code === 0x88);
        return;
      case 0x4a: // BININT
        stack.push(this.#number(4, (at) => this.#view.getInt32(at, true)));
        return;
      case 0x4b: // BININT1
        stack.push(this.#take(1)[0] as number);
        return;
      case 0x4d: // BININT2
        stack.push(this.#number(2, (at) => this.#view.getUint16(at, true)));
        return;
      case 0x47: // BINFLOAT
        stack.push(this.#number(8, (at) => this.#view.getFloat64(at, false)));
        return;
      case 0x8a: // LONG1
        stack.push(integer(this.#take(this.#take(1)[0] as number)));
        return;
      case 0x8b: // LONG4
        stack.push(integer(this.#take(this.#length(4))));
        return;
      case 0x49: // INT
      case 0x4c: // LONG
      case 0x46: // FLOAT
        stack.push(this.#decimal());
        return;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        stack.push(this.#text(this.#length(4)));
        return;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        stack.push(this.#text(this.#take(1)[0] as number));
        return;
      case 0x8d: // BINUNICODE8
        stack.push(this.#text(this.#length(8)));
        return;
      case 0x42: // BINBYTES
        stack.push(this.#take(this.#length(4)));
        return;
      case 0x43: // SHORT_BINBYTES
        stack.push(this.#take(this.#take(1)[0] as number));
        return;
      case 0x8e: // BINBYTES8
        stack.push(this.#take(this.#length(8)));
        return;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x6c: // LIST
      case 0x74: // TUPLE
        stack.push(this.#toMark());
        return;
      case 0x64: // DICT
        stack.push(new Map());
        this.#setItems(this.#toMarkBelow());
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(this.#popMany(code - 0x84));
        return;
      case 0x61: // APPEND
        this.#append(this.#popMany(1));
        return;
      case 0x65: // APPENDS
        this.#append(this.#toMark());
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#toMark());
        return;
      case 0x71: // BINPUT
        this.#memo.set(this.#take(1)[0] as number, this.#top());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#length(4), this.#top());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 0x68: // BINGET
        this.#recall(this.#take(1)[0] as number);
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#length(4));
        return;
      case 0x63: // GLOBAL
        stack.push(this.#find(`${this.#line()}.${this.#line()}`));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string")
          throw this.#fail("it names what is no text");
        stack.push(this.#find(`${module}.${name}`));
        return;
      }
      case 0x51: // BINPERSID
        stack.push(this.#persistent(this.#pop()));
        return;
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callable, args] = this.#popMany(2);
        stack.push(this.#call(callable as Allowed, args as Pickled));
        return;
      }
      case 0x62: // BUILD
        // The state of an object, such as the versions of a state_dict's modules: nothing of it is needed.
        this.#pop();
        return;
      default:
        throw this.#fail(`vultus does not read the opcode 0x${code.toString(16).padStart(2, "0")}`);
    }
  }

  #fail(problem: string): FormatError {
    return new FormatError(
      `${this.#options.file} is no pickle of weights: ${problem} (byte ${this.#opcode})`,
    );
  }

  #take(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.#bytes.length) throw this.#fail(`it ends in the middle of ${length} bytes`);
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  #number(width: number, read: (position: number) => number): number {
    const at = this.position;
    this.#take(width);
    return read(at);
  }

  #length(width: 4 | 8): number {
    return this.#number(width, (at) =>
      width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true)),
    );
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#take(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.#fail("a line has no end");
    const text = this.#text(end - this.position);
    this.position = end + 1;
    return text;
  }

  #decimal(): number | boolean {
    const text = this.#line();
    if (text === "00" || text === "01") return text === "01";
    const value = Number(text.replace(/L$/, ""));
    if (text === "" || Number.isNaN(value)) throw this.#fail(`"${text.slice(0, 40)}" is no number`);
    return value;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw this.#fail("it takes from an empty stack");
    return value;
  }

  #pop(): Pickled {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): Pickled[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  /** What was pushed since the last mark, which is taken off too. */
  #toMark(): Pickled[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#fail("there is no mark on the stack");
    return this.#stack.splice(at).slice(1) as Pickled[];
  }

  /** The same where something was pushed on top in the meantime, which stays. */
  #toMarkBelow(): Pickled[] {
    const top = this.#pop();
    const values = this.#toMark();
    this.#stack.push(top);
    return values;
  }

  #append(values: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#fail("it appends to what is no list");
    for (const value of values) list.push(value);
  }

  #setItems(items: readonly Pickled[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) throw this.#fail("it sets a key of what is no dictionary");
    for (let i = 0; i + 1 < items.length; i += 2)
      dictionary.set(items[i] as Pickled, items[i + 1] as Pickled);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#fail(`it recalls entry ${index}, which it never kept`);
    this.#stack.push(value);
  }

  #find(name: string): Allowed {
    const found = this.#options.find(name);
    if (found) return found;
    throw this.#fail(
      `it names ${name.slice(0, 80)}, which weights do not need and vultus does not run; save model.state_dict() alone`,
    );
  }

  #persistent(id: Pickled): Pickled {
    if (!this.#options.persistent) throw this.#fail("it refers to an object outside");
    return this.#guarded(() => this.#options.persistent?.(id) ?? null);
  }

  #call(callable: Allowed, args: Pickled): Pickled {
    const { call, name } =
      typeof callable === "object" && callable !== null ? callable : { call: undefined, name: "" };
    if (!call || !Array.isArray(args)) throw this.#fail(`it calls ${name || "what is no function"}`);
    return this.#guarded(() => call(args));
  }

  /** Adds the file and the byte to what a caller's function objects to. */
  #guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof FormatError) throw this.#fail(error.message);
      throw error;
    }
  }
}

/** A little-endian two's complement integer; beyond 2^53 it is rounded, which no length or shape survives. */
function integer(bytes: Uint8Array): number {
  let value = 0;
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 256 + (bytes[i] as number);
  return bytes.length > 0 && (bytes.at(-1) as number) >= 128 ? value - 256 ** bytes.length : value;
}
