/** The HTTP service as its clients see it: its responses, and every kind of refusal. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import type { PageModels } from "../src/export/page-models.ts";
import { loadModel, type Model, predict } from "../src/predict/model.node.ts";
import { isOrigin } from "../src/server/access.ts";
import { problems } from "../src/server/problems.ts";
import { type Answer, answerSchema, modelSchema, problemSchema } from "../src/server/schemas.ts";
import { TURNS } from "../src/server/service.ts";
import { composite, drawnFaces } from "./support/composites.ts";
import { face, twoFaces } from "./support/photos.ts";
import { holdTurns, liveWorkers, startService, type TestService, until } from "./support/service.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-server-"));
const file = join(folder, "model.safetensors");
const classes = ["happy", "sad", "surprise"];

const encoded = ({ pixels, width, height, channels }: Picture, format: "jpeg" | "png" = "jpeg") =>
  sharp(pixels, { raw: { width, height, channels } }).toColourspace("srgb").toFormat(format).toBuffer();

let two: Buffer;
let none: Buffer;
let crop: Buffer;
let service: TestService;
let model: Model;

beforeAll(async () => {
  writeClassifier(file, smallArchitecture(...classes));
  two = await encoded(twoFaces());
  none = await encoded(composite(300, 300, []));
  crop = await encoded(face, "png");
  model = await loadModel(file, { threads: 1 });
  service = await startService({
    model: file,
    limits: { bodyBytes: 200_000, pixels: 250_000, pictures: 3, faces: 1 },
    batchDelay: 30,
    cors: ["https://listed.example", "capacitor://localhost", "file://"],
  });
});
afterAll(async () => {
  await service.close();
  await model.close();
  rmSync(folder, { recursive: true, force: true });
});

type Headers = Readonly<Record<string, string>>;

async function post(payload: Buffer | string, headers: Headers, query = "", { app }: TestService = service) {
  const response = await app.inject({ method: "POST", url: `/v1/predict${query}`, payload, headers });
  return { status: response.statusCode, headers: response.headers, body: response.json<unknown>() };
}

const jpeg = { "content-type": "image/jpeg" };
const json = { "content-type": "application/json" };
const form = { "content-type": "multipart/form-data; boundary=XX" };

function multipart(...pictures: Buffer[]): Buffer {
  const head = `--XX\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  const parts = pictures.flatMap((bytes) => [Buffer.from(head), bytes, Buffer.from("\r\n")]);
  return Buffer.concat([...parts, Buffer.from("--XX--\r\n")]);
}

const asJson = (...pictures: Buffer[]): string =>
  JSON.stringify({ pictures: pictures.map((bytes) => bytes.toString("base64")) });

/** The response to a request that must succeed, validated by its schema. */
async function answered(...request: Parameters<typeof post>): Promise<Answer> {
  const { status, body } = await post(...request);
  expect(body).toMatchObject({ predictions: expect.any(Array) as unknown });
  expect(status).toBe(200);
  return answerSchema.parse(body);
}

/** Status and code of a request that must fail, as a problem document. */
async function refused(...request: Parameters<typeof post>): Promise<string> {
  const { status, headers, body } = await post(...request);
  const problem = problemSchema.parse(body);
  expect(headers["content-type"]).toContain("application/problem+json");
  expect(problem.status).toBe(status);
  expect(problem.type).toBe(`/docs#${problem.code}`);
  return `${status} ${problem.code}: ${problem.detail}`;
}

describe("several models", () => {
  test("requests choose one by its name, the first answers the others, and the page has all of them", async () => {
    const second = join(folder, "second.safetensors");
    writeClassifier(second, smallArchitecture("calm", "cross"));
    const both = await startService({ model: [file, second] });
    try {
      const labels = async (query: string): Promise<[string, string[]]> => {
        const answer = await answered(crop, jpeg, query, both);
        return [answer.model.name, Object.keys(answer.predictions[0]?.faces[0]?.probabilities ?? {})];
      };
      expect(await labels("?detect=false")).toEqual(["model", classes]);
      expect(await labels("?detect=false&model=model")).toEqual(["model", classes]);
      expect(await labels("?detect=false&model=second")).toEqual(["second", ["calm", "cross"]]);
      expect(await refused(crop, jpeg, "?model=third", both)).toBe(
        "400 invalid_request: the model third is not served here. Valid: model, second",
      );
      const told = modelSchema.parse((await both.app.inject("/v1/model?model=second")).json());
      expect([told.labels, told.served.map(({ name }) => name)]).toEqual([
        ["calm", "cross"],
        ["model", "second"],
      ]);
      const page = (await both.app.inject("/models.json")).json<PageModels>();
      expect([page.models.map(({ name }) => name), page.offered?.map(({ name }) => name)]).toEqual([
        ["model", "second"],
        ["vultus_m"],
      ]);
    } finally {
      await both.close();
    }
  });

  test("two of one name are refused, and a damaged second one leaves no worker", async () => {
    mkdirSync(join(folder, "other"));
    const same = join(folder, "other", "model.safetensors");
    writeClassifier(same, smallArchitecture(...classes));
    await expect(startService({ model: [file, same] })).rejects.toThrow("two models have the name model");
    const before = liveWorkers.size;
    const damaged = join(folder, "damaged.onnx");
    writeFileSync(damaged, "no model");
    await expect(startService({ model: [file, damaged] })).rejects.toThrow("damaged.onnx");
    await until(() => liveWorkers.size === before, "the first one's workers have ended");
  });
});

describe("the page's model", () => {
  test("is the one that is served, whatever file it comes from, and answers as it does", async () => {
    const [model] = (await service.app.inject("/models.json")).json<PageModels>().models;
    expect(model?.name).toBe("model");
    const { rawPayload } = await service.app.inject(`/${model?.file}`);
    expect(rawPayload.length).toBe(model?.bytes);
    const copy = join(folder, "from-the-page.onnx");
    writeFileSync(copy, rawPayload);
    const page = await loadModel(copy, { threads: 1, detector: false });
    const [ours, theirs] = [await predict(page, crop), await answered(crop, jpeg, "?detect=false")];
    await page.close();
    expect(ours.faces).toEqual(theirs.predictions[0]?.faces);
    expect(Object.keys(ours.faces[0]?.probabilities ?? {})).toEqual(classes);
  });

  test("is the one that ships if a token is asked for, which would not protect the file otherwise", async () => {
    const guarded = await startService({ model: file, token: "0123456789abcdef" });
    const { models } = (await guarded.app.inject("/models.json")).json<PageModels>();
    expect(models.map(({ name }) => name)).toEqual(["vultus_m"]);
    expect((await guarded.app.inject("/models/model.onnx")).statusCode).toBe(404);
    await guarded.close();
  });
});

describe("predictions", () => {
  test("are those of `predict`, in the order of the request, with timings and the model's version", async () => {
    const unlimited = await startService({ model: file });
    const { predictions, model: used } = await answered(multipart(two, none), form, "", unlimited);
    const expected = await Promise.all([two, none].map((bytes) => predict(model, bytes)));
    expect(predictions.map(({ faces }) => faces)).toEqual(expected.map(({ faces }) => faces));
    expect(predictions.map(({ status }) => status)).toEqual(["ok", "no_face"]);
    expect(predictions[0]?.faces).toHaveLength(2);
    expect(predictions[0]).toMatchObject({ width: 600, height: 400 });
    expect(Object.values(predictions[0]?.timings ?? {}).every((time) => time >= 0)).toBe(true);
    expect(used.version).toMatch(/^[0-9a-f]{12}$/);
    await unlimited.close();
  });

  test("are the same for an image as it is, as a part, and in base64", async () => {
    const answers = await Promise.all([
      answered(crop, { "content-type": "image/png" }, "?detect=false"),
      answered(crop, { "content-type": "application/octet-stream" }, "?detect=false"),
      answered(crop, { "content-type": "binary/octet-stream" }, "?detect=false"),
      answered(crop, {}, "?detect=false"),
      answered(multipart(crop), form, "?detect=false"),
      answered(asJson(crop), json, "?detect=false"),
      answered(
        JSON.stringify({ pictures: [`data:image/png;base64,${crop.toString("base64")}`] }),
        json,
        "?detect=false",
      ),
    ]);
    const faces = answers.map(({ predictions }) => predictions[0]?.faces);
    expect(faces[0]).toHaveLength(1);
    for (const other of faces.slice(1)) expect(other).toEqual(faces[0]);
  });

  test("of many images at once make Node complain of nothing", async () => {
    const many = await startService({ model: file });
    const warnings: Error[] = [];
    process.on("warning", (warning) => warnings.push(warning));
    const pictures = Array.from({ length: 20 }, () => crop);
    const { predictions } = await answered(asJson(...pictures), json, "?detect=false", many);
    expect(predictions.map(({ status }) => status)).toEqual(pictures.map(() => "ok"));
    await many.close();
    expect(warnings).toEqual([]);
  });

  test("have no label below the threshold; only the largest face if that is asked", async () => {
    const sure = await answered(two, jpeg, "?threshold=1&faces=largest");
    expect(sure.predictions[0]?.faces).toHaveLength(1);
    expect(sure.predictions[0]?.faces[0]?.label).toBeNull();
    expect(sure.predictions[0]?.omitted).toBeUndefined();
  });

  test("say how many faces were beyond the limit", async () => {
    const { predictions } = await answered(two, jpeg);
    expect(predictions[0]).toMatchObject({ status: "ok", omitted: 1 });
    expect(predictions[0]?.faces).toHaveLength(1);
  });

  test("tell of one unreadable image in its place", async () => {
    const { predictions } = await answered(asJson(two, Buffer.from("no image"), two), json);
    expect(predictions.map(({ status }) => status)).toEqual(["ok", "unreadable", "ok"]);
    expect(predictions[1]).toMatchObject({ code: "unreadable_picture", faces: [] });
    expect(predictions[1]?.reason).toContain("not an image");
  });

  test("keep the place of a form's field without a file", async () => {
    const empty =
      '--XX\r\nContent-Disposition: form-data; name="a"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n';
    const body = Buffer.concat([Buffer.from(empty), multipart(two)]);
    const { predictions } = await answered(body, form);
    expect(predictions.map(({ status, reason }) => [status, reason])).toEqual([
      ["unreadable", "the file is empty"],
      ["ok", undefined],
    ]);
  });

  test("are had at addresses with a slash too many", async () => {
    for (const url of ["//v1/predict", "/v1//predict", "/v1/predict/"])
      expect(
        (await service.app.inject({ method: "POST", url, payload: crop, headers: jpeg })).statusCode,
      ).toBe(200);
  });

  test("of many requests are made in one batch, and each gets its own", async () => {
    const faces = drawnFaces(24).slice(0, 12);
    const pictures = await Promise.all(faces.map((one) => encoded(one, "png")));
    const before = await service.metric("vultus_batch_faces_count");
    const release = await holdTurns(service, TURNS);
    const answers = pictures.map((bytes) =>
      answered(bytes, { "content-type": "image/png" }, "?detect=false"),
    );
    await until(() => service.admission.waiting === 12, "twelve images wait");
    release();
    const found = (await Promise.all(answers)).map(({ predictions }) => predictions[0]?.faces[0]);
    const batches = (await service.metric("vultus_batch_faces_count")) - before;
    expect(batches).toBeLessThanOrEqual(4);
    const alone = await loadModel(file, { threads: 1, detector: false });
    const expected = await Promise.all(pictures.map((bytes) => predict(alone, bytes)));
    await alone.close();
    for (const [i, { faces: one }] of expected.entries())
      for (const label of classes)
        expect(found[i]?.probabilities[label]).toBeCloseTo(one[0]?.probabilities[label] as number, 5);
  });
});

describe("refusals", () => {
  test("of settings that are not documented", async () => {
    expect(await refused(two, jpeg, "?threshold=2")).toMatch(/^400 invalid_request: .*threshold/);
    expect(await refused(two, jpeg, "?faces=some")).toMatch(/^400 invalid_request: .*faces/);
    expect(await refused(two, jpeg, "?size=3")).toMatch(/^400 invalid_request: .*size/);
  });

  test("of bodies that are not documented", async () => {
    expect(await refused("{", json)).toMatch(/^400 damaged_body/);
    expect(await refused('{"pictures":[]}', json)).toMatch(/^400 invalid_request/);
    expect(await refused('{"pictures":["%%%%"]}', json)).toMatch(/^400 invalid_request: pictures.0/);
    expect(await refused('{"picture":"AAAA"}', json)).toMatch(/^400 invalid_request/);
    expect(await refused(multipart(two).subarray(0, 5000), form)).toMatch(/^400 damaged_body/);
    expect(await refused(multipart(), form)).toMatch(/^400/);
    expect(await refused("x", { "content-type": "multipart/form-data" })).toMatch(/^400 damaged_body/);
    const text = '--XX\r\nContent-Disposition: form-data; name="threshold"\r\n\r\n0.5\r\n--XX--\r\n';
    expect(await refused(text, form)).toMatch(/^400 invalid_request: the part "threshold"/);
    expect(await refused(two, { "content-type": "text/plain" })).toMatch(/^415 unsupported_media_type/);
    expect(await refused(two, { ...jpeg, "content-encoding": "gzip" })).toMatch(/^415/);
    expect(await refused(two, { "content-type": "application/x-www-form-urlencoded" })).toMatch(
      /^415 unsupported_media_type: .*curl/,
    );
  });

  test("of what is too much", async () => {
    expect(await refused(Buffer.alloc(200_001), jpeg)).toMatch(/^413 body_too_large/);
    expect(await refused(asJson(crop, crop, crop, crop), json)).toMatch(/^413 too_many_pictures/);
    expect(await refused(multipart(crop, crop, crop, crop), form)).toMatch(/^413 too_many_pictures/);
    // A million grey pixels in few bytes: refused because of the header.
    const bomb = await encoded(blank(1000), "png");
    expect(await refused(bomb, jpeg)).toMatch(/^413 too_many_pixels: 1000 × 1000/);
    expect(await refused(bmp(60_000, 60_000), jpeg)).toMatch(/^413 too_many_pixels: 60000 × 60000/);
  });

  test("of images that cannot be read", async () => {
    expect(await refused(two.subarray(0, 2000), jpeg)).toMatch(/^422 unreadable_picture/);
    expect(await refused("", jpeg)).toMatch(/^422 unreadable_picture: the file is empty/);
    expect(await refused("<svg xmlns='http://www.w3.org/2000/svg'/>", jpeg)).toMatch(/^422/);
  });

  test("of what is not there", async () => {
    const response = await service.app.inject("/v1/nothing");
    expect(response.json()).toMatchObject({ code: "not_found", status: 404 });
    expect((await service.app.inject("/%zz")).json()).toMatchObject({ code: "invalid_request" });
    const asked = await service.app.inject("/v1/predict/?faces=all");
    expect(asked.headers.allow).toBe("POST");
    expect(asked.json()).toMatchObject({
      code: "not_found",
      detail: "/v1/predict accepts POST, not GET",
    });
  });

  test("of the service's own faults tell nothing of its inside", async () => {
    const broken = await startService({ model: file });
    Object.assign(broken.models.current.classify, {
      add: () => Promise.reject(new Error("secret of the inside")),
    });
    const told = await refused(two, jpeg, "", broken);
    expect(told).toMatch(/^500 internal/);
    expect(told).not.toContain("secret");
    expect(JSON.stringify(broken.lines)).toContain("secret of the inside");
    expect(broken.admission.accepted).toBe(0);
    await broken.close();
  });

  test("of requests while the queue is full, with the time to come back", async () => {
    const small = await startService({ model: file, limits: { queue: 1 } });
    const release = await holdTurns(small, TURNS);
    const first = answered(two, jpeg, "", small);
    await until(() => small.admission.waiting === 1, "the first waits");
    const { status, headers, body } = await post(two, jpeg, "", small);
    expect([status, body]).toMatchObject([503, { code: "queue_full" }]);
    expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
    release();
    expect((await first).predictions).toHaveLength(1);
    expect((await answered(two, jpeg, "", small)).predictions).toHaveLength(1);
    await small.close();
  });

  test("of bodies that together take too much memory", async () => {
    const small = await startService({ model: file, limits: { heldBytes: 1000 } });
    expect(await refused(two, jpeg, "", small)).toMatch(/^503 queue_full/);
    expect(small.admission.heldBytes).toBe(0);
    await small.close();
  });

  test("of what takes too long; nothing of it stays", async () => {
    const hasty = await startService({ model: file, limits: { timeout: 50 } });
    const release = await holdTurns(hasty, TURNS);
    expect(await refused(two, jpeg, "", hasty)).toMatch(/^503 timeout/);
    await until(() => hasty.admission.accepted === 0, "it was given up");
    expect([hasty.admission.waiting, hasty.admission.heldBytes]).toEqual([0, 0]);
    release();
    await hasty.close();
  });
});

describe("access", () => {
  test("needs the token for predictions, model and metrics, and not for probes, page and documentation", async () => {
    const token = "a token of the tests";
    const closed = await startService({ model: file, token: token.replaceAll(" ", "-") });
    const right = { authorization: "Bearer a-token-of-the-tests" };
    const get = async (url: string, headers: Headers = {}): Promise<number> =>
      (await closed.app.inject({ url, headers })).statusCode;
    expect(await refused(two, jpeg, "", closed)).toMatch(/^401 unauthorized/);
    expect(await refused(two, { ...jpeg, authorization: "Bearer a-token-of-the-test" }, "", closed)).toMatch(
      /^401/,
    );
    expect((await answered(two, { ...jpeg, ...right }, "", closed)).predictions).toHaveLength(1);
    expect(await Promise.all(["/v1/model", "/metrics"].map((url) => get(url)))).toEqual([401, 401]);
    // The same routes in other spellings.
    expect(await get("/%76%31/model")).toBe(401);
    expect(await get("/metric%73?a=1")).toBe(401);
    expect(await Promise.all(["//v1/model", "/v1//model/", "//metrics"].map((url) => get(url)))).toEqual([
      401, 401, 401,
    ]);
    expect(await Promise.all(["/v1/model", "/metrics"].map((url) => get(url, right)))).toEqual([200, 200]);
    expect(
      await Promise.all(["/healthz", "/readyz", "/docs", "/openapi.json"].map((url) => get(url))),
    ).toEqual([200, 200, 200, 200]);
    await closed.close();
  });

  test("is for pages of the service itself and of listed origins", async () => {
    const from = (origin: string): Promise<unknown> => post(two, { ...jpeg, origin, host: "localhost:80" });
    expect(await from("http://localhost:80")).toMatchObject({ status: 403 });
    expect(await from("http://localhost")).toMatchObject({ status: 403 });
    expect(await post(two, { ...jpeg, origin: "http://localhost:81", host: "localhost:81" })).toMatchObject({
      status: 200,
    });
    expect(await refused(two, { ...jpeg, origin: "https://other.example" })).toMatch(/^403 origin_refused/);
    const listed = await post(two, { ...jpeg, origin: "https://listed.example" });
    expect(listed.status).toBe(200);
    expect(listed.headers["access-control-allow-origin"]).toBe("https://listed.example");
    const preflight = await service.app.inject({
      method: "OPTIONS",
      url: "/v1/predict",
      headers: { origin: "https://listed.example", "access-control-request-method": "POST" },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers["access-control-allow-headers"]).toContain("authorization");
    expect(preflight.headers["access-control-allow-private-network"]).toBeUndefined();
    expect((await post(two, jpeg)).headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("is for listed apps, whose origins have schemes of their own", async () => {
    const from = (origin: string): Promise<string> => refused(two, { ...jpeg, origin, host: "localhost:80" });
    for (const origin of ["capacitor://localhost", "file://"])
      expect((await post(two, { ...jpeg, origin })).headers["access-control-allow-origin"]).toBe(origin);
    for (const origin of ["null", "ionic://localhost", "app://localhost:80"])
      expect(await from(origin)).toMatch(/^403 origin_refused/);
    for (const origin of ["https://a.example", "chrome-extension://abcdef", "app://obsidian.md", "file://"])
      expect(isOrigin(origin)).toBe(true);
    for (const text of ["*", "null", "a.example", "https://a.example/", "https://a.example/path", "app://"])
      expect(isOrigin(text)).toBe(false);
  });

  test("in a private network is for listed pages of the web, if the browser asks", async () => {
    const asked = async (origin: string): Promise<unknown> => {
      const headers = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-private-network": "true",
      };
      const answer = await service.app.inject({ method: "OPTIONS", url: "/v1/predict", headers });
      return answer.headers["access-control-allow-private-network"];
    };
    expect(await asked("https://listed.example")).toBe("true");
    expect(await asked("https://other.example")).toBeUndefined();
  });

  test("on the loopback is for loopback names", async () => {
    for (const host of ["evil.example", "localhost.evil.example", "evil-localhost"])
      expect(await refused(two, { ...jpeg, host })).toMatch(/^403 host_refused/);
    for (const host of ["127.0.0.1:8080", "[::1]:8080", "localhost", "localhost.", "vultus.localhost:80"])
      expect((await post(two, { ...jpeg, host })).status).toBe(200);
  });

  test("is limited in requests per client; probes are not", async () => {
    const limited = await startService({ model: file, rate: 2 });
    await answered(two, jpeg, "", limited);
    await answered(two, jpeg, "", limited);
    const { status, headers, body } = await post(two, jpeg, "", limited);
    expect([status, body]).toMatchObject([429, { code: "rate_limited" }]);
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect((await limited.app.inject("/healthz")).statusCode).toBe(200);
    const other = await limited.app.inject({ url: "/v1/model", remoteAddress: "10.0.0.9" });
    expect(other.statusCode).toBe(200);
    await limited.close();
  });

  test("counts requests that are refused: guessed tokens, addresses without a route, a full queue", async () => {
    const closed = await startService({
      model: file,
      rate: 3,
      limits: { queue: 1 },
      token: "the-right-token-of-all",
    });
    const asked = async (remoteAddress: string, token: string, url = "/v1/model"): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await closed.app.inject({ url, headers, remoteAddress })).statusCode;
    };
    const right = "the-right-token-of-all";
    for (const guess of ["a", "b", "c"]) expect(await asked("10.0.0.1", guess)).toBe(401);
    expect(await asked("10.0.0.1", right)).toBe(429);
    for (let i = 0; i < 3; i++) expect(await asked("10.0.0.2", right, "/v1/nothing")).toBe(404);
    expect(await asked("10.0.0.2", right)).toBe(429);
    const release = await holdTurns(closed, TURNS);
    const headers = { ...jpeg, authorization: `Bearer ${right}` };
    const first = answered(two, headers, "", closed);
    await until(() => closed.admission.waiting === 1, "the first waits");
    for (const code of [503, 503, 429]) expect((await post(two, headers, "", closed)).status).toBe(code);
    release();
    await first;
    await closed.close();
  });

  test("pages of listed origins can read that they asked too often, and ask for permission uncounted", async () => {
    const origin = "https://listed.example";
    const limited = await startService({ model: file, rate: 1, cors: [origin] });
    const asked = (method: "GET" | "OPTIONS") =>
      limited.app.inject({ method, url: "/v1/model", headers: { origin } });
    for (const [method, status] of [
      ["OPTIONS", 204],
      ["OPTIONS", 204],
      ["GET", 200],
      ["GET", 429],
    ] as const) {
      const { statusCode, headers } = await asked(method);
      expect(statusCode).toBe(status);
      expect(headers["access-control-allow-origin"]).toBe(origin);
    }
    await limited.close();
  });
});

describe("what it says of itself", () => {
  test("the model: labels, limits, and what its file tells", async () => {
    const response = await service.app.inject("/v1/model");
    const described = modelSchema.parse(response.json());
    expect(described).toMatchObject({
      name: "model",
      labels: classes,
      backbone: "vultus_s",
      inputSize: 32,
      card: null,
      limits: { bodyBytes: 200_000, pictures: 3 },
    });
    expect(described.sha256.startsWith(described.version)).toBe(true);
  });

  test("the model that ships has a card and metrics", async () => {
    const shipped = await startService();
    const described = modelSchema.parse((await shipped.app.inject("/v1/model")).json());
    expect(described.card).toContain("# Model card");
    expect(described.metrics).toMatchObject({ split: "validation" });
    await shipped.close();
  });

  test("the OpenAPI document names every route, and its schemas are those that answers were checked by", async () => {
    const document = (await service.app.inject("/openapi.json")).json<{
      paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>>;
    }>();
    expect(Object.keys(document.paths).sort()).toEqual([
      "/docs",
      "/healthz",
      "/metrics",
      "/openapi.json",
      "/readyz",
      "/v1/model",
      "/v1/predict",
    ]);
    const operation = document.paths["/v1/predict"]?.post;
    expect(operation).toMatchObject({
      requestBody: { content: { "application/json": { schema: { required: ["pictures"] } } } },
      parameters: [
        { name: "faces" },
        { name: "threshold", schema: { maximum: 1 } },
        { name: "prior" },
        { name: "detect" },
        { name: "model" },
      ],
    });
    expect(operation?.responses["200"]?.content).toMatchObject({
      "application/json": { schema: { required: ["model", "predictions", "milliseconds"] } },
    });
    expect(Object.keys(operation?.responses ?? {})).toEqual(
      expect.arrayContaining(["413", "415", "422", "503"]),
    );
  });

  test("the page of documentation has every code, and asks nothing of any server", async () => {
    const { body } = await service.app.inject("/docs");
    for (const code of Object.keys(problems)) expect(body).toContain(`id="${code}"`);
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(body).toContain("http://localhost:80/v1/predict");
  });

  test("docs/how-to/serve.md lists the codes with their statuses, and no others", () => {
    const text = readFileSync(new URL("../docs/how-to/serve.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^\| `([a-z_]+)` +\| (\d+) +\|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status])),
    );
  });

  test("every code is met by a test", () => {
    const tests = ["server.test.ts", "server-sockets.test.ts", "review.test.ts"].map((name) =>
      readFileSync(new URL(name, import.meta.url), "utf8"),
    );
    for (const [code, { status }] of Object.entries(problems))
      expect(tests.join("\n")).toMatch(new RegExp(`${status} ${code}|code: "${code}"`));
  });

  test("the log has routes, codes and times, and nothing of who asked or what was sent", async () => {
    await post(two, { ...jpeg, "user-agent": "somebody" }, "?threshold=0.123");
    const lines = service.lines.filter(({ msg }) => msg === "request");
    const known = ["level", "time", "method", "route", "status", "milliseconds", "code", "faces", "msg"];
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(known).toEqual(expect.arrayContaining(Object.keys(line)));
    const text = JSON.stringify(service.lines);
    for (const secret of ["127.0.0.1", "somebody", "0.123"]) expect(text).not.toContain(secret);
  });
});

function blank(side: number): Picture {
  return { pixels: new Uint8Array(side * side), width: side, height: side, channels: 1 };
}

/** The header of a BMP file that claims a size, and nothing after it. */
function bmp(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(60);
  bytes.write("BM");
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  return bytes;
}
