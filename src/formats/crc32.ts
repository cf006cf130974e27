/** The checksum of zip archives, four bytes at a step. */

/** Entry `256 k + n`: what the byte `n` adds when `k` more bytes have followed it (ISO 3309, reflected). */
const table = new Int32Array(4 * 256);
for (let n = 0; n < 256; n++) {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  table[n] = crc;
}
for (let i = 256; i < table.length; i++) {
  const before = table[i - 256] as number;
  table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
}

export function crc32(data: Uint8Array): number {
  let crc = -1;
  let i = 0;
  for (; i + 4 <= data.length; i += 4) {
    crc ^=
      (data[i] as number) |
      ((data[i + 1] as number) << 8) |
      ((data[i + 2] as number) << 16) |
      ((data[i + 3] as number) << 24);
    crc =
      (table[768 + (crc & 0xff)] as number) ^
      (table[512 + ((crc >>> 8) & 0xff)] as number) ^
      (table[256 + ((crc >>> 16) & 0xff)] as number) ^
      (table[crc >>> 24] as number);
  }
  for (; i < data.length; i++) crc = (crc >>> 8) ^ (table[(crc ^ (data[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
