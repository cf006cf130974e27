/**
 * Reads Python's pickles without running them: numbers, texts, lists, tuples and dictionaries become plain values, a
 * class or function is looked up among those that the caller allows. Objects of other programs' classes become `Opaque`, and
 * whatever else of Python itself is named is refused.
 */

import { type Pickled, PickleMachine, type PickleOptions } from "./pickle-machine.ts";
import { opcodes } from "./pickle-opcodes.ts";

export { Opaque, type Pickled, type PickleFunction, type PickleOptions } from "./pickle-machine.ts";

/**
 * Reads the pickle that begins at `start`; `end` is the byte after it. The value may hold itself and may be nested
 * deeply: who walks it must not recurse.
 *
 * @throws FormatError that names the file and the byte.
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { value: Pickled; end: number } {
  const machine = new PickleMachine(bytes, start, options);
  for (;;) {
    const code = String.fromCharCode(machine.begin());
    if (code === ".") return { value: machine.pop(), end: machine.position };
    const [name, step] = opcodes[code] ?? [`0x${code.charCodeAt(0).toString(16).padStart(2, "0")}`];
    if (!step) throw machine.fail(`the opcode ${name} does not occur in files of weights`);
    step(machine);
  }
}
