/** Reads the settings of the Hugging Face hub from the variables that Python's huggingface_hub uses. */

import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../util/errors.ts";
import type { Fetch } from "./hub-http.node.ts";

export interface HubSettings {
  /** The folder of the cache, which is shared with Python. */
  readonly cache: string;
  /** The hub's address, without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string;
  /** Use the cache only. */
  readonly offline: boolean;
  readonly fetch: Fetch;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE` and the proxies. */
export function hubSettings(env: Environment = process.env): HubSettings {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join("~", ".cache"), "huggingface");
  const endpoint = requireUrl("HF_ENDPOINT", env.HF_ENDPOINT || "https://huggingface.co", [
    "http:",
    "https:",
  ]);
  const token = env.HF_TOKEN?.trim();
  return {
    cache: expandHome(env.HF_HUB_CACHE || join(home, "hub")),
    endpoint: endpoint.replace(/\/+$/, ""),
    ...(token ? { token } : {}),
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ""),
    fetch: proxyFetch(env) ?? fetch,
  };
}

const expandHome = (path: string): string => path.replace(/^~(?=$|[/\\])/, homedir());

/**
 * A fetch that goes through the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not; undefined
 * without any. Node's own fetch ignores them (from Node 24 on unless NODE_USE_ENV_PROXY is set), so this is undici's.
 */
function proxyFetch(env: Environment): Fetch | undefined {
  const httpsProxy = proxyOf(env, "HTTPS_PROXY");
  const httpProxy = proxyOf(env, "HTTP_PROXY");
  if (!httpsProxy && !httpProxy) return undefined;
  const noProxy = variable(env, "NO_PROXY");
  const load = async () => {
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    // Plain HTTP is forwarded and not tunnelled: many proxies allow tunnels to port 443 only.
    const dispatcher = new EnvHttpProxyAgent({ httpsProxy, httpProxy, noProxy, proxyTunnel: false });
    return (url: string, init: object) => fetch(url, { ...init, dispatcher });
  };
  let loaded: ReturnType<typeof load> | undefined;
  return async (url, init) => {
    loaded ??= load();
    const proxied = await loaded;
    return (await proxied(url, init)) as unknown as Response;
  };
}

const proxyOf = (env: Environment, name: string): string => {
  const value = variable(env, name);
  return value && requireUrl(name, value, ["http:", "https:", "socks5:", "socks:"]);
};

const variable = (env: Environment, name: string): string => env[name.toLowerCase()] || env[name] || "";

function requireUrl(name: string, value: string, schemes: readonly string[]): string {
  if (URL.canParse(value) && schemes.includes(new URL(value).protocol)) return value;
  // A proxy's address may hold a password.
  const shown = value.replace(/[^/]*@/, "…@");
  throw new UsageError(
    `${name} is "${shown}"; it must be a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`,
  );
}
