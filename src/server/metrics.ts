/** What the service counts about itself, for Prometheus. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PictureAnswer } from "./schemas.ts";

export type Metrics = ReturnType<typeof createMetrics>;

/** What is true at the moment that it is asked. */
export interface Gauges {
  accepted(): number;
  waiting(): number;
  heldBytes(): number;
}

/** What it took to look for the faces of one image. */
export interface Search {
  readonly milliseconds: number;
  /** Runs of the network. */
  readonly looks: number;
  readonly faces: number;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counters in a registry of their own, so that two services in one process do not add up. */
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
  gauge("vultus_pictures_accepted", "Images that are accepted and not answered", gauges.accepted);
  gauge("vultus_pictures_waiting", "Images among them that wait for their turn", gauges.waiting);
  gauge("vultus_body_bytes", "Bytes of requests' bodies in memory", gauges.heldBytes);
  const stages = new Histogram({
    name: "vultus_stage_seconds",
    help: "Time of one image in each stage",
    labelNames: ["stage"],
    buckets: seconds,
    registers,
  });
  const pictures = new Counter({
    name: "vultus_pictures_total",
    help: "Images answered, by what became of them",
    labelNames: ["status"],
    registers,
  });
  const faces = new Counter({ name: "vultus_faces_total", help: "Faces classified", registers });
  const looked = {
    seconds: new Histogram({
      name: "vultus_detector_seconds",
      help: "Time of looking for the faces of one image, where they are looked for",
      buckets: seconds,
      registers,
    }),
    looks: new Histogram({
      name: "vultus_detector_looks",
      help: "Runs of the detector's network for one image",
      buckets: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89],
      registers,
    }),
    faces: new Counter({
      name: "vultus_detector_faces_total",
      help: "Faces found, those included that are not classified",
      registers,
    }),
  };
  return {
    registry,
    requests: new Histogram({
      name: "vultus_request_seconds",
      help: "Time from a request's head to the end of its answer; status 499 where the client left",
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
      help: "Faces classified together",
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    }),
    workersLost: new Counter({ name: "vultus_workers_lost_total", help: "Workers that died", registers }),
    reloads: new Counter({
      name: "vultus_model_reloads_total",
      help: "Times that the model's file was read again",
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
      help: "How faces are found; vultus_detector_seconds has its time",
      labelNames: ["name", "rotate"],
      registers,
    }),
    /** Counts one search for faces. */
    search({ milliseconds, looks, faces: found }: Search): void {
      looked.seconds.observe(milliseconds / 1000);
      looked.looks.observe(looks);
      looked.faces.inc(found);
    },
    /** Counts one image's answer. */
    picture({ status, faces: found, timings }: PictureAnswer): void {
      pictures.inc({ status });
      faces.inc(found.length);
      for (const [stage, milliseconds] of Object.entries(timings ?? {}))
        stages.observe({ stage }, milliseconds / 1000);
    },
  };
}
