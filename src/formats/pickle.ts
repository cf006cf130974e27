/**
 * Reads Python's pickles without running them. Numbers, strings, lists, tuples and dictionaries become plain values; classes
 * and functions are looked up among those that the caller allows. Objects of third-party classes become `Opaque`, and any
 * other reference to Python itself is refused.
 */

import { type Pickled, PickleMachine, type PickleOptions } from "./pickle-machine.ts";
import { opcodes } from "./pickle-opcodes.ts";

export { Opaque, type Pickled, type PickleFunction, type PickleOptions } from "./pickle-machine.ts";

/**
 * Reads the pickle that begins at `start`; `end` is the byte after it. The value may contain itself and may be deeply
 * nested, so callers must not traverse it recursively.
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
