/** Converts HDR video to SDR: PQ and HLG frames from BT.2020 to BT.709, like ffmpeg's zscale and tonemap filters. */

/** Transfer function of a video: BT.1886 and the like, PQ (SMPTE ST 2084) or HLG (ARIB STD-B67). */
export type Transfer = "sdr" | "pq" | "hlg";

/** Luminance of SDR white in cd/m² (BT.2408), and the maximum luminance that is kept. */
const WHITE = 203;
const PEAK = 1000;

/** Light, as a share of white, below which the tone curve is the identity. */
const KNEE = 0.5;

/** Converts BT.2020's primaries to those of BT.709, both with D65, row after row (BT.2087). */
const toBt709 = [
  1.660491, -0.587641, -0.07285, -0.124551, 1.1329, -0.008349, -0.018151, -0.100579, 1.11873,
] as const;

/** Number of table entries. Tables are indexed by the square root of light, which keeps steps in the dark small. */
const STEPS = 8192;

/**
 * Returns a function that maps HDR frames to 8-bit RGB. Light up to half of SDR's white is unchanged, so that faces
 * look as in SDR. Brighter light is compressed by a Möbius curve (as in ffmpeg's `tonemap=mobius`) that reaches 1 at
 * 1000 cd/m². The greatest of a pixel's channels decides, which preserves hues.
 *
 * @returns a function from 16-bit RGB, [N, 3], to 8-bit RGB
 */
export function toneMapper(transfer: Exclude<Transfer, "sdr">): (rgb: Uint16Array) => Uint8Array {
  const light = Float32Array.from({ length: 65536 }, (_, code) =>
    transfer === "pq" ? pqLight(code / 65535) : hlgLight(code / 65535),
  );
  const peak = PEAK / WHITE;
  const gain = Float32Array.from({ length: STEPS + 1 }, (_, step) => {
    const value = peak * (step / STEPS) ** 2;
    return value === 0 ? 1 : compressed(value, peak) / value;
  });
  const ootf = Float32Array.from({ length: STEPS + 1 }, (_, step) => peak * (step / STEPS) ** (2 * 0.2));
  // BT.1886: displays for SDR video have a gamma of 2.4.
  const encoded = Uint8Array.from({ length: STEPS + 1 }, (_, step) =>
    Math.round(255 * (step / STEPS) ** (2 / 2.4)),
  );
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = toBt709;
  const byLight = (value: number): number =>
    value <= 0 ? 0 : (encoded[Math.min(STEPS, Math.round(Math.sqrt(value) * STEPS))] as number);
  return (rgb) => {
    const out = new Uint8Array(rgb.length);
    for (let i = 0; i < rgb.length; i += 3) {
      let red = light[rgb[i] as number] as number;
      let green = light[rgb[i + 1] as number] as number;
      let blue = light[rgb[i + 2] as number] as number;
      if (transfer === "hlg") {
        // HLG's display stage: a gamma of 1.2 on luminance, at a peak of 1000 cd/m² (BT.2100, table 5).
        const luminance = 0.2627 * red + 0.678 * green + 0.0593 * blue;
        const system = ootf[Math.min(STEPS, Math.round(Math.sqrt(luminance) * STEPS))] as number;
        [red, green, blue] = [red * system, green * system, blue * system];
      }
      const r = rr * red + rg * green + rb * blue;
      const g = gr * red + gg * green + gb * blue;
      const b = br * red + bg * green + bb * blue;
      const most = Math.max(r, g, b, 0);
      const scale = gain[Math.min(STEPS, Math.round(Math.sqrt(most / peak) * STEPS))] as number;
      out[i] = byLight(scale * r);
      out[i + 1] = byLight(scale * g);
      out[i + 2] = byLight(scale * b);
    }
    return out;
  };
}

/** Returns the light of a PQ code in [0, 1], as a share of white (BT.2100, table 4). */
function pqLight(code: number): number {
  const [m1, m2, c1, c2, c3] = [2610 / 16384, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128];
  const root = code ** (1 / m2);
  return (10_000 / WHITE) * (Math.max(0, root - c1) / (c2 - c3 * root)) ** (1 / m1);
}

/** Returns the scene light, in [0, 1], of an HLG code in [0, 1] (BT.2100, table 5). */
function hlgLight(code: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return code <= 0.5 ? code ** 2 / 3 : (Math.exp((code - c) / a) + b) / 12;
}

/** The Möbius curve: the identity up to the knee, continuous in slope there, and 1 at the peak. */
function compressed(light: number, peak: number): number {
  if (light <= KNEE) return light;
  const a = (-(KNEE ** 2) * (peak - 1)) / (KNEE ** 2 - 2 * KNEE + peak);
  const b = (KNEE ** 2 - 2 * KNEE * peak + peak) / (peak - 1);
  return Math.min(1, (((b ** 2 + 2 * b * KNEE + KNEE ** 2) / (b - a)) * (light + a)) / (light + b));
}
