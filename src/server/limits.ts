/** Limits of a single request, and of all requests in progress. */

export interface Limits {
  /** Maximum bytes of a request's body. */
  readonly bodyBytes: number;
  /** Maximum pixels of an image, checked in its header before decoding. */
  readonly pixels: number;
  /** Maximum images per request. */
  readonly pictures: number;
  /** Maximum faces to classify per image; the largest are kept. */
  readonly faces: number;
  /** Maximum images that are accepted but not answered yet, over all requests. */
  readonly queue: number;
  /** Maximum bytes of bodies held in memory, over all requests. */
  readonly heldBytes: number;
  /** Milliseconds from a request's last byte to its response. */
  readonly timeout: number;
}

export const usualLimits: Limits = {
  bodyBytes: 20e6,
  pixels: 50e6,
  pictures: 32,
  faces: 100,
  queue: 128,
  heldBytes: 256e6,
  timeout: 30_000,
};
