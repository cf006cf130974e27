/** Detects the kind of a video from its first bytes: `.ts` may be TypeScript or MPEG-TS, and file names are unreliable. */

/** The number of bytes needed to decide. */
export const VIDEO_HEAD = 2048;

/** Signatures of video formats: a pattern for text with one character per byte, or bytes in hexadecimal. */
const signatures: readonly (readonly [kind: string, begin: RegExp | string])[] = [
  ["Matroska or WebM", "1a45dfa3"],
  ["AVI", /^RIFF[^]{4}AVI /],
  ["Windows Media", "3026b2758e66cf11"],
  ["Flash video", "464c5601"],
  ["MPEG program stream", "000001ba"],
  ["MPEG video", "000001b3"],
  ["MXF", "060e2b3402050101"],
  ["DV", "1f07003f"],
  ["DV", "1f0700bf"],
  ["Ogg", /^OggS[^]*theora/],
  ["RealMedia", /^\.RMF/],
  // A length and a name. Some of the names are English words, but no length occurs in text.
  ["QuickTime", /^[^]{4}ftypqt {2}|^(?=[^]{0,3}[^\s -~])[^]{4}(moov|wide|pnot|mdat)/],
  ["3GP", /^[^]{4}ftyp3g/],
  // Excludes the brands of images and audio; unknown brands are videos.
  ["MP4", /^[^]{4}ftyp(?!avi[fs]|hei|hev[cx]|mif1|msf1|crx |jp2|jpx|M4[ABP] )/],
];

/**
 * Sizes in bytes of MPEG-TS packets, which begin with 0x47: plain, with a leading timestamp (M2TS), and with trailing error
 * correction.
 */
const packetSizes = [188, 192, 204] as const;
const PACKETS = 5;

/**
 * Returns the kind of video that begins with `bytes`, in words; undefined for anything else. `VIDEO_HEAD` bytes are
 * enough.
 */
export function videoFormat(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, VIDEO_HEAD);
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join("");
  const hex = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const isOf = (begin: RegExp | string): boolean =>
    typeof begin === "string" ? hex.startsWith(begin) : begin.test(text);
  return (
    signatures.find(([, begin]) => isOf(begin))?.[0] ??
    (isTransportStream(head) ? "MPEG transport stream" : undefined)
  );
}

/** A recording may begin within a packet. Text never contains the bytes 0 and 255. */
function isTransportStream(head: Uint8Array): boolean {
  if (!head.includes(0) && !head.includes(255)) return false;
  return packetSizes.some((size) => {
    const count = Math.min(PACKETS, Math.floor(head.length / size));
    for (let start = 0; count >= 3 && start < size; start++) {
      let packet = 0;
      while (packet < count && head[start + packet * size] === 0x47) packet++;
      if (packet === count) return true;
    }
    return false;
  });
}
