import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import type { PageModels } from "../export/page-models.ts";
import { createApp } from "./app.ts";
import { type PageSettings, page } from "./page.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-page-"));
// The folders above the page are not part of the URLs of its files.
const web = join(folder, "assets", "web");
mkdirSync(join(web, "assets"), { recursive: true });
writeFileSync(join(web, "index.html"), "<p>the page");
writeFileSync(join(web, "watch.html"), "<p>the runs");
mkdirSync(join(web, "models"));
writeFileSync(join(web, "models.json"), '{"models":[]}');
writeFileSync(join(web, "models", "vultus_m.onnx"), "the model that it was built with");
writeFileSync(join(web, "assets", "main-1a2b.js"), "run()");
writeFileSync(join(web, "assets", "main-1a2b.js.br"), brotliCompressSync("run()"));
writeFileSync(join(folder, "assets", "secret"), "not of the page");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function served(settings: PageSettings = {}) {
  const app = createApp({ log: false });
  await page(app, { folder: web, ...settings });
  return app;
}

test("the page is isolated, so that WebAssembly may have threads, and asks nothing of other servers", async () => {
  const { statusCode, headers, body } = await (await served()).inject("/");
  expect([statusCode, body]).toEqual([200, "<p>the page"]);
  expect(headers).toMatchObject({
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cache-control": "no-cache",
    "content-type": "text/html; charset=utf-8",
  });
  expect(headers["content-security-policy"]).toContain("default-src 'self'");
});

test("files with a hash in their name are kept for ever, and sent compressed to whom can read that", async () => {
  const app = await served();
  const headers = { "accept-encoding": "br" };
  const compressed = await app.inject({ url: "/assets/main-1a2b.js", headers });
  expect(compressed.headers).toMatchObject({
    "content-encoding": "br",
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-embedder-policy": "require-corp",
  });
  expect((await app.inject("/assets/main-1a2b.js")).body).toBe("run()");
});

test("another entry of the build may be at /", async () => {
  expect((await (await served({ entry: "watch.html" })).inject("/")).body).toBe("<p>the runs");
});

test("its models are those that it was built with, or those that are served at that moment", async () => {
  const built = await served();
  expect((await built.inject("/models.json")).json()).toEqual({ models: [] });
  expect((await built.inject("/models/vultus_m.onnx")).body).toContain("built with");

  const prior = { happy: 0.5, sad: 0.5 };
  const own = { name: "vultus m", version: "0013bd4f079f", bytes: Buffer.from("mine"), prior };
  const other = { name: "other", version: "1", bytes: Buffer.from("the other one") };
  let models = [own];
  const app = await served({ models: () => ({ models, offered: [other] }) });
  const list = await app.inject("/models.json");
  expect(list.headers).toMatchObject({
    "cache-control": "no-cache",
    "cross-origin-embedder-policy": "require-corp",
  });
  expect(list.json()).toEqual({
    models: [{ name: "vultus m", file: "models/vultus_m.onnx", bytes: 4, prior }],
    offered: [{ name: "other", file: "models/other.onnx", bytes: 13 }],
  });
  const file = await app.inject("/models/vultus_m.onnx");
  expect([file.body, file.headers.etag]).toEqual(["mine", '"0013bd4f079f"']);
  const again = { url: "/models/vultus_m.onnx", headers: { "if-none-match": '"0013bd4f079f"' } };
  expect((await app.inject(again)).statusCode).toBe(304);
  expect((await app.inject("/models/third.onnx")).statusCode).toBe(404);
  models = [{ ...own, version: "2", bytes: Buffer.from("trained anew") }];
  expect((await app.inject(again)).body).toBe("trained anew");
});

test("models whose names look alike in addresses have files of their own", async () => {
  const names = ["a b", "a_b", "a_b-2", "日本", "中国"];
  const models = names.map((name, i) => ({ name, version: String(i), bytes: Buffer.from(`model ${name}`) }));
  const offered = [{ name: "한국", version: "9", bytes: Buffer.from("model 한국") }];
  const app = await served({ models: () => ({ models, offered }) });
  const list = (await app.inject("/models.json")).json<Required<PageModels>>();
  const entries = [...list.models, ...list.offered];
  expect(entries.map(({ name }) => name)).toEqual([...names, "한국"]);
  expect(new Set(entries.map(({ file }) => file)).size).toBe(6);
  for (const { name, file } of entries) expect((await app.inject(`/${file}`)).body).toBe(`model ${name}`);
});

test("nothing outside its folder is served", async () => {
  const app = await served();
  for (const url of ["/../secret", "/..%2fsecret", "/assets/../../secret", "/%2e%2e/secret", "/nothing.js"])
    expect((await app.inject(url)).statusCode).toBe(404);
});

test("if it is not built, it explains how to build it", async () => {
  const { body } = await (await served({ folder: join(folder, "none") })).inject("/");
  expect(body).toContain("npm run build");
});
