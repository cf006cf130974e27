/** The bytes of a safetensors file, which `src/` writes in pieces. */

import { encodeSafetensorsParts } from "../../src/formats/safetensors.ts";

export function encodeSafetensors(...content: Parameters<typeof encodeSafetensorsParts>): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeSafetensorsParts(...content)));
}
