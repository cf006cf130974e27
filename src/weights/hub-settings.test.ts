import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startHub, startProxy } from "../../test/support/hub.ts";
import { UsageError } from "../util/errors.ts";
import { fetchFromHub } from "./hub.node.ts";
import { hubSettings } from "./hub-settings.node.ts";

const home = homedir();

test.each([
  [{}, join(home, ".cache/huggingface/hub")],
  [{ HF_HOME: "" }, join(home, ".cache/huggingface/hub")],
  [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
  [{ HF_HOME: "/h", XDG_CACHE_HOME: "/x" }, "/h/hub"],
  [{ HF_HOME: "~/h" }, join(home, "h/hub")],
  [{ HF_HUB_CACHE: "/c", HF_HOME: "/h" }, "/c"],
])("the cache of %j is %s", (env, cache) => {
  expect(hubSettings(env).cache).toBe(cache);
});

test("endpoint, token and offline", () => {
  expect(hubSettings({})).toMatchObject({ endpoint: "https://huggingface.co", offline: false, fetch });
  expect(hubSettings({})).not.toHaveProperty("token");
  expect(hubSettings({ HF_TOKEN: " hf_x\n" }).token).toBe("hf_x");
  expect(hubSettings({ HF_ENDPOINT: "http://mirror:8080/hf/" }).endpoint).toBe("http://mirror:8080/hf");
  for (const value of ["1", "on", "YES", "True"])
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offline).toBe(true);
  for (const value of ["", "0", "off", "no"])
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offline).toBe(false);
});

test.each([
  [{ HF_ENDPOINT: "huggingface.co" }, "HF_ENDPOINT"],
  [{ HF_ENDPOINT: "file:///x" }, "http:// or https://"],
  [{ HTTPS_PROXY: "proxy:3128" }, 'HTTPS_PROXY is "proxy:3128"'],
  [{ https_proxy: "me:secret@proxy:3128" }, 'HTTPS_PROXY is "…@proxy:3128"'],
])("%j is refused", (env, message) => {
  expect(() => hubSettings(env)).toThrow(message);
  expect(() => hubSettings(env)).toThrow(UsageError);
});

test("requests go through the proxy, but not to the hosts of NO_PROXY", async () => {
  const source = { repo: "timm/some.tv_in1k", revision: "main", file: "model.safetensors" };
  const hub = await startHub(source.repo, source.file, new Uint8Array(100_000).fill(7));
  const proxy = await startProxy();
  const folder = mkdtempSync(join(tmpdir(), "vultus-proxy-"));
  try {
    const fetchWith = (env: Record<string, string>, cache: string) =>
      fetchFromHub({
        ...source,
        ...hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, cache), ...env }),
      });
    await fetchWith({ HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1, localhost" }, "a");
    expect(proxy.passed).toEqual([]);
    await fetchWith({ http_proxy: proxy.url }, "b");
    expect(proxy.passed.map((line) => line.replace(/\?.*/, ""))).toEqual([
      `HEAD ${hub.endpoint}/timm/some.tv_in1k/resolve/main/model.safetensors`,
      `GET ${hub.endpoint}/timm/some.tv_in1k/resolve/${hub.commit}/model.safetensors`,
      expect.stringContaining(`GET ${hub.contentHost}/`),
    ]);
  } finally {
    await proxy.close();
    await hub.close();
    rmSync(folder, { recursive: true });
  }
});
