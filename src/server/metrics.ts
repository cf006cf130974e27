/** The service's metrics for Prometheus. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PictureAnswer } from "./schemas.ts";

export type Metrics = ReturnType<typeof createMetrics>;

/** Current values, read when metrics are scraped. */
export interface Gauges {
  accepted(): number;
  waiting(): number;
  heldBytes(): number;
}

/** The cost of detecting the faces of one image. */
export interface Search {
  readonly milliseconds: number;
  /** Number of runs of the network. */
  readonly looks: number;
  readonly faces: number;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Creates counters in a separate registry, so that two services in one process do not share them. */
export function createMetrics(gauges: Gauges) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("vultus_pictures_accepted", "Images that were accepted but not answered yet", gauges.accepted);
  gauge("vultus_pictures_waiting", "Accepted images that wait for their turn", gauges.waiting);
  gauge("vultus_body_bytes", "Bytes of request bodies held in memory", gauges.heldBytes);
  const stages = new Histogram({
    name: "vultus_stage_seconds",
    help: "Time that one image spends in each stage",
    labelNames: ["stage"],
    buckets: seconds,
    registers,
  });
  const pictures = new Counter({
    name: "vultus_pictures_total",
    help: "Images answered, by result",
    labelNames: ["status"],
    registers,
  });
  const faces = new Counter({ name: "vultus_faces_total", help: "Faces classified", registers });
  const looked = {
    seconds: new Histogram({
      name: "vultus_detector_seconds",
      help: "Time to detect the faces of one image, if detection is on",
      buckets: seconds,
      registers,
    }),
    looks: new Histogram({
      name: "vultus_detector_looks",
      help: "Runs of the detector network for one image",
      buckets: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89],
      registers,
    }),
    faces: new Counter({
      name: "vultus_detector_faces_total",
      help: "Faces found, including faces that are not classified",
      registers,
    }),
  };
  return {
    registry,
    requests: new Histogram({
      name: "vultus_request_seconds",
      help: "Time from a request's headers to the end of its response; status 499 if the client disconnected",
      labelNames: ["method", "route", "status"],
      buckets: seconds,
      registers,
    }),
    problems: new Counter({
      name: "vultus_problems_total",
      help: "Requests without a result, by code",
      labelNames: ["code"],
      registers,
    }),
    batches: new Histogram({
      name: "vultus_batch_faces",
      help: "Faces per batch",
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    }),
    workersLost: new Counter({ name: "vultus_workers_lost_total", help: "Workers that died", registers }),
    reloads: new Counter({
      name: "vultus_model_reloads_total",
      help: "Reloads of the model file",
      labelNames: ["result"],
      registers,
    }),
    model: new Gauge({
      name: "vultus_model_info",
      help: "The model in use",
      labelNames: ["name", "version"],
      registers,
    }),
    detector: new Gauge({
      name: "vultus_detector_info",
      help: "The detector in use; vultus_detector_seconds measures its time",
      labelNames: ["name", "rotate"],
      registers,
    }),
    /** Records one face detection. */
    search({ milliseconds, looks, faces: found }: Search): void {
      looked.seconds.observe(milliseconds / 1000);
      looked.looks.observe(looks);
      looked.faces.inc(found);
    },
    /** Records the answer for one image. */
    picture({ status, faces: found, timings }: PictureAnswer): void {
      pictures.inc({ status });
      faces.inc(found.length);
      for (const [stage, milliseconds] of Object.entries(timings ?? {}))
        stages.observe({ stage }, milliseconds / 1000);
    },
  };
}
