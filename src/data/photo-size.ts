/** The maximum size of photos when they are read. */

/** Photos with more pixels are reduced to this many when read; faces are detected and cropped at that size. */
export const MOST_PHOTO_PIXELS = 4e6;
