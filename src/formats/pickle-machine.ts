/** The virtual machine that executes a pickle: its position in the bytes, a stack of values, and a memo. */

import { FormatError } from "../util/errors.ts";

/**
 * A value of a pickle. Tuples are arrays like lists, dictionaries are Maps; objects are whatever the caller created.
 */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickleFunction
  | object;

/** A stand-in for a Python class or function. Its arguments have checked lengths, but unchecked types. */
export type PickleFunction = (args: readonly Pickled[]) => Pickled;

export interface PickleOptions {
  /** The file name used in error messages. */
  readonly file: string;
  /** Returns the stand-in for the class or function `module.name`; undefined if it is not allowed. */
  readonly find: (name: string) => Pickled | undefined;
  /** Returns the object that a persistent id refers to. */
  readonly persistent?: PickleFunction;
}

/**
 * Maximum number of opcodes, and of values passed to functions, in one pickle. A tensor takes about 40, so this allows
 * some 25,000 tensors. It bounds the stack, the memo, and the time and memory that a malicious pickle can use.
 */
const MOST_WORK = 1_000_000;
const LONGEST_TEXT = 2 ** 24;
/** Maximum bytes of an integer; PyTorch's have at most ten. */
const LONGEST_INTEGER = 64;

const mark = Symbol("mark");
const utf8 = new TextDecoder();

export class PickleMachine {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: PickleOptions;
  readonly #stack: (Pickled | typeof mark)[] = [];
  readonly #memo = new Map<number, Pickled>();
  /** Start of the current opcode. */
  #opcode = 0;
  #work = 0;

  constructor(bytes: Uint8Array, start: number, options: PickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.position = start;
  }

  /** Returns an error at the current opcode. */
  fail(problem: string): FormatError {
    return new FormatError(`${this.#options.file}: ${problem} (byte ${this.#opcode})`);
  }

  /** Reads the next opcode. */
  begin(): number {
    this.#opcode = this.position;
    this.#spend(1);
    return this.uint8();
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MOST_WORK)
      throw this.fail(`the pickle has more than ${MOST_WORK} values; save model.state_dict() alone`);
  }

  // The bytes.

  bytes(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.#bytes.length) throw this.fail(`the pickle ends in the middle of ${length} bytes`);
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  /** Skips `width` bytes, after checking that they exist; returns their start. */
  #over(width: number): number {
    this.bytes(width);
    return this.position - width;
  }

  uint8(): number {
    return this.#view.getUint8(this.#over(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#over(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#over(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#over(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#over(8), true));
  }

  /** Reads a float64, the only big-endian number in pickles. */
  float64(): number {
    return this.#view.getFloat64(this.#over(8), false);
  }

  /** Reads a little-endian integer in two's complement: a bigint if a number is not exact. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER)
      throw this.fail(`an integer of ${length} bytes does not belong to a tensor`);
    const value = this.bytes(length).reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n);
    return exact(BigInt.asIntN(8 * length, value));
  }

  /** Reads an integer in digits, or one of the two special forms for booleans. */
  decimal(): number | bigint | boolean {
    const text = this.line();
    if (text === "00" || text === "01") return text === "01";
    if (!/^-?\d{1,150}L?$/.test(text)) throw this.fail(`"${text.slice(0, 40)}" is not an integer`);
    return exact(BigInt(text.replace("L", "")));
  }

  text(length: number): string {
    if (length > LONGEST_TEXT) throw this.fail(`a string of ${length} bytes does not belong to a tensor`);
    return utf8.decode(this.bytes(length));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.fail("the pickle ends in the middle of a line");
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  // The stack.

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  pushMark(): void {
    this.#stack.push(mark);
  }

  top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw this.fail("the pickle takes a value that is not there");
    return value;
  }

  pop(): Pickled {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  popTwo(): [Pickled, Pickled] {
    const second = this.pop();
    return [this.pop(), second];
  }

  popMany(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** Pops the values pushed since the last mark, and the mark itself. */
  popToMark(): Pickled[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.fail("there is no mark on the stack");
    const values = this.#stack.splice(at + 1) as Pickled[];
    this.#stack.pop();
    return values;
  }

  // Values.

  append(values: readonly Pickled[]): void {
    const list = this.top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list)) throw this.fail("the pickle appends to something that is not a list");
    for (const value of values) list.push(value);
  }

  setItems(items: readonly Pickled[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0)
      throw this.fail("the pickle sets keys of something that is not a dictionary, or a key without a value");
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i] as Pickled, items[i + 1] as Pickled);
  }

  /** Stores the top value in the memo at `index`. Default: the next index. */
  keep(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.fail(`the pickle recalls entry ${index}, which it never stored`);
    this.push(value);
  }

  /** Returns the stand-in for the class or function `name` of `module`. */
  find(module: Pickled, name: Pickled): Pickled {
    if (typeof module !== "string" || typeof name !== "string")
      throw this.fail("the pickle names a class by something that is not a string");
    const full = `${module}.${name}`;
    const found = standard.get(full) ?? this.#guarded(() => this.#options.find(full));
    if (found !== undefined) return found;
    if (!pythonsOwn.test(full)) return opaque(full);
    throw this.fail(
      `the pickle names ${full.slice(0, 100)}, which weights do not need and vultus does not run; save model.state_dict() alone`,
    );
  }

  call(callable: Pickled, args: Pickled): Pickled {
    if (typeof callable !== "function" || !Array.isArray(args))
      throw this.fail("the pickle calls something that is not a function");
    // A function may iterate over its arguments, and a pickle may pass it the same long one repeatedly.
    for (const arg of args) if (Array.isArray(arg)) this.#spend(arg.length);
    return this.#guarded(() => (callable as PickleFunction)(args));
  }

  persistent(id: Pickled): Pickled {
    const { persistent } = this.#options;
    if (!persistent || !Array.isArray(id)) throw this.fail("the pickle refers to an object outside of it");
    return this.#guarded(() => persistent(id));
  }

  /** Adds the file and the byte to errors of a caller's function. */
  #guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof FormatError) throw this.fail(error.message);
      throw error;
    }
  }
}

/**
 * A stand-in for an object of an unknown class. None of the class's code runs, and attributes are dropped; the content of a
 * dictionary of such a class is kept.
 */
export class Opaque extends Map<Pickled, Pickled> {
  /** The class or function that would have created it, as `module.name`. */
  readonly of: string;

  constructor(of: string) {
    super();
    this.of = of.slice(0, 100);
  }
}

const opaque =
  (name: string): PickleFunction =>
  () =>
    new Opaque(name);

/** Python's own modules. A pickle may use only the names listed below; the others are not data, and some of them run programs. */
const pythonsOwn =
  /^(__builtin__|_?codecs|asyncio|builtins|code|collections|commands|copy_?reg|ctypes|functools|http|importlib|io|itertools|marshal|multiprocessing|nt|operator|os|pickle|pip|platform|posix|posixpath|pty|pydoc|runpy|shutil|signal|site|socket|subprocess|sys|tempfile|threading|timeit|types|urllib|webbrowser)\./;

const pythonsData = [
  ...["Counter", "defaultdict", "deque"].map((type) => `collections.${type}`),
  ...["_codecs.encode", "functools.partial", "types.SimpleNamespace"],
  ...["copyreg._reconstructor", "copy_reg._reconstructor"],
  ...["builtins", "__builtin__"].flatMap((module) =>
    [
      ...["bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object"],
      ...["range", "set", "slice", "str", "tuple", "xrange"],
    ].map((type) => `${module}.${type}`),
  ),
];

/** Python's own classes that any pickle may create. */
const standard = new Map<string, PickleFunction>([
  ["collections.OrderedDict", orderedDict],
  ...pythonsData.map((name) => [name, opaque(name)] as const),
]);

/** Without arguments, or with a list of pairs, as Python 2 wrote it. */
function orderedDict([pairs]: readonly Pickled[]): Pickled {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs) || !pairs.every(isPair))
    throw new FormatError("the pickle makes an OrderedDict from items that are not pairs");
  return new Map(pairs as [Pickled, Pickled][]);
}

const isPair = (value: Pickled): value is [Pickled, Pickled] => Array.isArray(value) && value.length === 2;

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
