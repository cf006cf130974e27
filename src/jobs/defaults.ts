/** Defaults of options that several jobs share; the command line shows them too. */

export const defaults = {
  /** Gigabytes of decoded images to keep in memory. */
  memory: 2,
  /** Maximum time between two checkpoints, in seconds. */
  checkpointEvery: 300,
} as const;
