/** Refuses weights with values that no trained network has: a training from them would learn nothing. */

import { FormatError } from "../util/errors.ts";
import type { FloatTensor, StateDict } from "../util/tensor.ts";

/** Kernels with fewer values may be whole numbers by chance. */
const LEAST_VALUES = 64;

/**
 * Checks the weights that a network takes from a file; `file` is its name in errors.
 *
 * @throws FormatError that names the tensor.
 */
export function checkValues(weights: StateDict, file: string): void {
  for (const [name, tensor] of weights) {
    const problem = problemOf(name, tensor);
    if (problem) throw new FormatError(`${file}: the tensor ${name} ${problem}`);
  }
  const kernels = [...weights].filter(([name, tensor]) => isKernel(tensor) && !name.startsWith("head."));
  if (kernels.length > 0 && kernels.every(([, { data }]) => data.every((value) => value === 0)))
    throw new FormatError(
      `${file}: all weights are 0; save the model once its weights are loaded, or fetch the file again`,
    );
  // One kernel may be a mask or start at 0, but not all of them.
  const large = kernels.map(([, { data }]) => data).filter((data) => data.length >= LEAST_VALUES);
  if (large.every((data) => data.every(Number.isInteger)) && !large.every(isConstant))
    throw new FormatError(
      `${file}: all weights are whole numbers: they are quantized, without their scales; give the weights from before quantization`,
    );
}

const isKernel = ({ shape }: FloatTensor): boolean => shape.length > 1;

const isConstant = (data: Float32Array): boolean => data.every((value) => value === data[0]);

function problemOf(name: string, tensor: FloatTensor): string | undefined {
  const { data } = tensor;
  if (!data.every(Number.isFinite))
    return `contains ${data.filter((value) => !Number.isFinite(value)).length} of ${data.length} values that are infinite or not a number: the training that wrote it diverged; give an earlier checkpoint`;
  if (name.endsWith(".running_var") && data.some((value) => value < 0))
    return "contains variances below 0; the file is damaged, fetch it again";
  if (isKernel(tensor) && data.length >= LEAST_VALUES && isWhole(data))
    return "contains whole numbers only: it is quantized, without its scale; give the weights from before quantization";
  return undefined;
}

/** Whether numbers were rounded to integers; those of a constant or of a mask are not counted as such. */
function isWhole(data: Float32Array): boolean {
  return data.every(Number.isInteger) && data.some((value) => Math.abs(value) > 1 && value !== data[0]);
}
