/** Keeps the page's files in the browser, so that it opens without a network after the first visit. */

export interface Offline {
  /** Call this once the models run: by then all their files have been loaded. */
  ready(runtimeFiles: readonly string[]): void;
}

/** Registers the service worker; if the browser has none, or the page is not served securely, nothing is cached. */
export function keepForOffline(): Offline {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (!serviceWorker || import.meta.env.DEV) return { ready() {} };
  const registered = serviceWorker.register("./sw.js").catch(() => undefined);
  return {
    ready(runtimeFiles) {
      const keep = async (): Promise<void> =>
        (await serviceWorker.ready).active?.postMessage({ keep: runtimeFiles });
      void registered.then((worker) => {
        if (!worker) return;
        void keep();
        // A new version has its own cache, and deletes the old version's.
        serviceWorker.addEventListener("controllerchange", () => void keep());
      });
    },
  };
}
