/** What may happen to a training image. Every transform can be switched off: null, or 0 for a single number. */

export interface Augmentation {
  /** Part of the image's area that is cut out, and its aspect ratio; null stretches the whole image to a square. */
  readonly randomResizedCrop: {
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  } | null;
  /** Greatest rotation either way, in degrees. */
  readonly rotation: number;
  /** Probability of a horizontal flip. */
  readonly horizontalFlip: number;
  /** Greatest shift as a share of the side, and the range of scales. */
  readonly affine: { readonly translate: number; readonly scale: readonly [number, number] } | null;
  /** How far corners may move in, as a share of half the side, and how often. */
  readonly perspective: { readonly distortion: number; readonly probability: number } | null;
  /** Brightness, contrast and saturation are multiplied by a factor in [1 − x, 1 + x]. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Hue turns by up to this share of the circle either way. */
  readonly hue: number;
  /** Probability of a grey image. */
  readonly grayscale: number;
  /** A rectangle set to the mean: how often, its share of the area, and its aspect ratio. */
  readonly erasing: {
    readonly probability: number;
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  } | null;
  /** α of the beta distribution by which two images are mixed (Zhang et al. 2018); 0 mixes none. */
  readonly mixup: number;
  /** The same for CutMix, where a rectangle comes from the other image (Yun et al. 2019). */
  readonly cutmix: number;
}

/** The reference's augmentation (docs/recipes.md). */
export const referenceAugmentation: Augmentation = {
  randomResizedCrop: { scale: [0.7, 1], ratio: [3 / 4, 4 / 3] },
  rotation: 20,
  horizontalFlip: 0.5,
  affine: { translate: 0.1, scale: [0.9, 1.1] },
  perspective: { distortion: 0.2, probability: 0.5 },
  brightness: 0.3,
  contrast: 0.3,
  saturation: 0.2,
  hue: 0.1,
  grayscale: 0.1,
  erasing: { probability: 0.2, scale: [0.02, 0.2], ratio: [0.3, 3.3] },
  mixup: 0,
  cutmix: 0,
};

/** No augmentation: the whole image, resized. */
export const noAugmentation: Augmentation = {
  randomResizedCrop: null,
  rotation: 0,
  horizontalFlip: 0,
  affine: null,
  perspective: null,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
  grayscale: 0,
  erasing: null,
  mixup: 0,
  cutmix: 0,
};
