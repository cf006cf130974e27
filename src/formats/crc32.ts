/** The checksums of zip archives and of TensorBoard's records, computed four bytes at a time. */

/** The checksum of zip archives: the polynomial of ISO 3309. */
export const crc32 = checksum(0xedb88320);
/** The checksum of TensorBoard's records: Castagnoli's polynomial (RFC 3720, appendix B.4). */
export const crc32c = checksum(0x82f63b78);

/** Returns the checksum function for a polynomial with reflected bits. */
function checksum(polynomial: number): (data: Uint8Array) => number {
  /** Entry `256 k + n`: the contribution of the byte `n` followed by `k` more bytes. */
  const table = new Int32Array(4 * 256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[n] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256] as number;
    table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return (data) => {
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
  };
}
