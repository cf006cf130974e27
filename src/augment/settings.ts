/** Settings of training augmentation. Each transform is disabled by null, or by 0 for a single number. */

export interface Augmentation {
  /** Range of the cropped share of the area, and of the aspect ratio; null stretches the whole image to a square. */
  readonly randomResizedCrop: {
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  } | null;
  /** Maximum rotation in either direction, in degrees. */
  readonly rotation: number;
  /** Probability of a horizontal flip. */
  readonly horizontalFlip: number;
  /** Maximum shift as a share of the side, and the range of scales. */
  readonly affine: { readonly translate: number; readonly scale: readonly [number, number] } | null;
  /** Maximum inward shift of the corners, as a share of half the side, and the probability. */
  readonly perspective: { readonly distortion: number; readonly probability: number } | null;
  /** Brightness, contrast and saturation are multiplied by a factor in [1 − x, 1 + x]. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Maximum hue rotation in either direction, as a share of the circle. */
  readonly hue: number;
  /** Probability of conversion to greyscale. */
  readonly grayscale: number;
  /** A rectangle set to the mean: the probability, the share of the area, and the aspect ratio. */
  readonly erasing: {
    readonly probability: number;
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  } | null;
  /** α of the beta distribution for mixup (Zhang et al. 2018); 0 turns it off. */
  readonly mixup: number;
  /** α for CutMix, which inserts a rectangle of the other image (Yun et al. 2019); 0 turns it off. */
  readonly cutmix: number;
}

/** The augmentation of the reference implementation (docs/recipes.md). */
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
