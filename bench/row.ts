/** One figure of the benchmark. */

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly peerValue?: number;
  /** Our speed divided by that of the fastest peer. */
  readonly ratio?: number;
  /** All peers, if there are several; the fastest comes first. */
  readonly peers?: readonly {
    readonly about: string;
    readonly imagesPerSecond: number;
    readonly ratio: number;
  }[];
  readonly peakMB?: number;
  readonly peerPeakMB?: number;
  readonly gflops?: number;
}
