/** How large photos are when they are read. */

/** Photos with more pixels are reduced to as many when they are read; faces are found and cut out at that size. */
export const MOST_PHOTO_PIXELS = 4e6;
