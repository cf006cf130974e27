/**
 * The service worker: caches the page's own files and the models, and serves them if the network does not respond. The build puts
 * the list of files in place of `__FILES__`; the page reports which models and files of ONNX Runtime it needs. It imports
 * nothing, since a browser loads it as a script and not as a module.
 */

declare const __FILES__: readonly string[];
declare const __VERSION__: string;

interface LifeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface AnswerEvent extends LifeEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const scope = self as unknown as {
  readonly location: Location;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: LifeEvent) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent & LifeEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: AnswerEvent) => void): void;
};

const home = new URL("./", scope.location.href);
/** Pages of one origin share its caches: each page has its own, named by its folder. */
const PREFIX = `vultus-page-${home.pathname}-`;
const cacheName = PREFIX + __VERSION__;

scope.addEventListener("install", (event) => {
  event.waitUntil(keep(["./", ...__FILES__]).then(() => scope.skipWaiting()));
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const former = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
      // A page of the previous version may be open, and request parts that its host no longer has.
      for (const name of former.slice(0, -1)) await caches.delete(name);
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener("message", (event) => {
  const { keep: files } = event.data as { keep?: readonly string[] };
  if (files) event.waitUntil(keep(files));
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== "GET" || path === undefined) return;
  const answer = path.startsWith("assets/")
    ? keptOr(request)
    : path === "" || path === "index.html"
      ? freshPage(request)
      : /^(models\.json$|(faces|models)\/)/.test(path)
        ? freshModel(request)
        : undefined;
  if (answer) event.respondWith(answer.then(isolating));
});

/** The path below the page's own folder, without the query; undefined for other addresses. */
function pathOf(address: string): string | undefined {
  const { origin, pathname } = new URL(address);
  return origin === home.origin && pathname.startsWith(home.pathname)
    ? pathname.slice(home.pathname.length)
    : undefined;
}

async function keep(files: readonly string[]): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const file of files) {
    const address = new URL(file, home).href;
    if (pathOf(address) !== undefined && !(await cache.match(address))) await cache.add(address);
  }
}

/**
 * The same response plus the headers that isolate a page from others, without which browsers give WebAssembly only one thread.
 * Static hosts do not send them: there, a page has threads from the second visit on.
 */
function isolating({ body, status, statusText, headers: sent }: Response): Response {
  const headers = new Headers(sent);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  return new Response(body, { status, statusText, headers });
}

/** A file with a content hash in its name never changes. */
async function keptOr(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

/** The page may have changed since; a new version is cached by its own service worker, together with its files. */
function freshPage(request: Request): Promise<Response> {
  return fetch(request).catch((error) => keptOf(home.href, error));
}

/** A model may have changed since without a change of its name. */
async function freshModel(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) await (await caches.open(cacheName)).put(request, response.clone());
    return response;
  } catch (error) {
    return keptOf(request.url, error);
  }
}

async function keptOf(address: string, error: unknown): Promise<Response> {
  const kept = await caches.match(address, { ignoreSearch: true });
  if (kept) return kept;
  throw error;
}
