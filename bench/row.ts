/** One figure of the benchmark. */

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly peerValue?: number;
  /** Own speed divided by the peer's. */
  readonly ratio?: number;
  readonly peakMB?: number;
  readonly peerPeakMB?: number;
  readonly gflops?: number;
}
