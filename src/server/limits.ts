/** How much of everything a request may ask for, and what may be under way at a time. */

export interface Limits {
  /** Bytes of one request's body. */
  readonly bodyBytes: number;
  /** Pixels of an image, by its header, before anything is decoded. */
  readonly pixels: number;
  /** Images in one request. */
  readonly pictures: number;
  /** Faces of one image that are classified: the largest. */
  readonly faces: number;
  /** Images that are accepted and not answered yet, of all requests. */
  readonly queue: number;
  /** Bytes of bodies that are held in memory, of all requests. */
  readonly heldBytes: number;
  /** Milliseconds from a request's last byte to its answer. */
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
