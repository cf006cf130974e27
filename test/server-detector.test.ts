/** The service's face detector: how the service reports it, its cost, and that the page uses the same. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PageModels } from "../src/export/page-models.ts";
import { type ModelAnswer, modelSchema } from "../src/server/schemas.ts";
import type { ServiceSettings } from "../src/server/service.ts";
import { packageFile } from "../src/util/package.node.ts";
import { composite } from "./support/composites.ts";
import { encoded, twoFaces } from "./support/photos.ts";
import { startService, type TestService } from "./support/service.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-server-detector-"));
const model = join(folder, "model.safetensors");
const shipped = packageFile("dist/models/face_detector.onnx");
const mine = join(folder, "mine.onnx");
let two: Buffer;
let empty: Buffer;

beforeAll(async () => {
  writeClassifier(model, smallArchitecture("calm", "cross"));
  copyFileSync(shipped, mine);
  two = await encoded(twoFaces()).jpeg({ quality: 95 }).toBuffer();
  empty = await encoded(composite(600, 400, []))
    .png()
    .toBuffer();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withService(
  settings: ServiceSettings,
  use: (service: TestService) => Promise<void>,
): Promise<void> {
  const service = await startService({ model, ...settings });
  try {
    await use(service);
  } finally {
    await service.close();
  }
}

async function faces({ app }: TestService, photo: Buffer, query = ""): Promise<number> {
  const headers = { "content-type": "application/octet-stream" };
  const answer = await app.inject({ method: "POST", url: `/v1/predict${query}`, headers, payload: photo });
  expect(answer.statusCode).toBe(200);
  return answer.json<{ predictions: { faces: unknown[] }[] }>().predictions[0]?.faces.length ?? -1;
}

async function described({ app }: TestService): Promise<ModelAnswer["detector"]> {
  return modelSchema.parse((await app.inject("/v1/model")).json()).detector;
}

async function pageDetector({ app }: TestService): Promise<PageModels["detector"]> {
  return (await app.inject("/models.json")).json<PageModels>().detector;
}

test("metrics count searches, their time, runs of the network and faces, and not images that are face crops", async () => {
  await withService({}, async (service) => {
    const counted = async (): Promise<number[]> => [
      await service.metric("vultus_detector_seconds_count"),
      await service.metric("vultus_detector_looks_count"),
      await service.metric("vultus_detector_faces_total"),
    ];
    expect(await counted()).toEqual([0, 0, 0]);
    expect(await faces(service, two)).toBe(2);
    expect(await counted()).toEqual([1, 1, 2]);
    expect(await service.metric("vultus_detector_seconds_sum")).toBeGreaterThan(0.001);
    const looks = await service.metric("vultus_detector_looks_sum");
    expect(looks).toBeGreaterThanOrEqual(2);
    expect(await faces(service, two, "?faces=largest")).toBe(1);
    expect(await counted()).toEqual([2, 2, 4]);
    expect(await faces(service, two, "?detect=false")).toBe(1);
    expect(await faces(service, empty)).toBe(0);
    expect(await counted()).toEqual([3, 3, 4]);
    // If nothing is found, it searches several times.
    expect((await service.metric("vultus_detector_looks_sum")) - 2 * looks).toBeGreaterThan(looks);
    expect((await service.app.inject("/metrics")).body).toMatch(
      /^vultus_detector_info\{name="thorough",rotate="none"\} 1$/m,
    );
  });
});

describe("the model's answer names its detector, and the page gets the same", () => {
  test("the one that ships, with other settings", async () => {
    await withService({ detector: { search: "fast", threshold: 0.6 } }, async (service) => {
      expect(await described(service)).toMatchObject({
        name: "fast",
        search: "fast",
        threshold: 0.6,
      });
      expect(await pageDetector(service)).toEqual({ settings: { search: "fast", threshold: 0.6 } });
      expect((await service.app.inject("/faces/served.onnx")).statusCode).toBe(404);
    });
  });

  test("a file of one's own, which the page loads from the service", async () => {
    await withService({ detector: { path: mine } }, async (service) => {
      expect(await described(service)).toMatchObject({
        name: "mine.onnx",
        search: "thorough",
        threshold: 0.5,
      });
      expect(await pageDetector(service)).toEqual({ file: "faces/served.onnx", settings: {} });
      const { rawPayload, headers, statusCode } = await service.app.inject("/faces/served.onnx");
      expect(statusCode).toBe(200);
      expect(rawPayload).toEqual(readFileSync(mine));
      const again = { "if-none-match": String(headers.etag) };
      expect((await service.app.inject({ url: "/faces/served.onnx", headers: again })).statusCode).toBe(304);
    });
  });

  test("none, if images are face crops", async () => {
    await withService({ detector: false }, async (service) => {
      expect(await described(service)).toBeNull();
      expect(await pageDetector(service)).toBeUndefined();
      expect(await service.metric("vultus_detector_info")).toBe(0);
    });
  });

  test("nothing of a file that a token protects", async () => {
    await withService({ detector: { path: mine }, token: "0123456789abcdef" }, async (service) => {
      expect(await pageDetector(service)).toBeUndefined();
      expect((await service.app.inject("/faces/served.onnx")).statusCode).toBe(404);
    });
  });
});
