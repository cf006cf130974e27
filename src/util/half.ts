/** Half-precision numbers (IEEE 754 binary16, and bfloat16) as their bits, and back. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Returns the bits of a number as an IEEE 754 half, rounded to nearest even; numbers that are too large become
 * infinity.
 */
export function toFloat16(x: number): number {
  float[0] = x;
  const b = bits[0] as number;
  const sign = (b >>> 16) & 0x8000;
  const exponent = (b >>> 23) & 0xff;
  const mantissa = b & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;
  if (e >= 31) return sign | 0x7c00;
  if (e < -10) return sign;
  const full = e > 0 ? (e << 23) | mantissa : (mantissa | 0x800000) >>> (1 - e);
  const lost = e > 0 ? 0 : (mantissa | 0x800000) & ((1 << (1 - e)) - 1);
  const half = full >>> 13;
  const rest = full & 0x1fff;
  const up = rest > 0x1000 || (rest === 0x1000 && (lost > 0 || (half & 1) === 1));
  return sign | (half + (up ? 1 : 0));
}

/** Returns the number that the bits of a half represent. */
export function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a float32. */
export function fromBfloat16(half: number): number {
  bits[0] = half << 16;
  return float[0] as number;
}
