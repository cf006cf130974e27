/** Abuses the service: after each case, and during the last, a good request must get its result within a second. */

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../../src/util/random.ts";
import { exchange, rawRequest } from "../../test/support/raw-http.ts";
import type { Service } from "../../test/support/service-process.ts";
import { closedLoop } from "./generate.ts";
import type { LoadRequest } from "./workloads.ts";

export interface Abuse {
  readonly name: string;
  /** Milliseconds from the end of the abuse to the result of a good request; infinite if it got none. */
  readonly recovery: number;
  readonly detail: string;
}

export async function* abuses(service: Service, good: LoadRequest): AsyncGenerator<Abuse> {
  const { port, url } = service;
  const bytes = asBytes(good);
  const recovery = async (): Promise<number> => {
    const started = performance.now();
    const { status } = await exchange(port, bytes, { patience: 30_000 });
    return status === 200 ? performance.now() - started : Number.POSITIVE_INFINITY;
  };

  yield { name: "nothing", recovery: await recovery(), detail: "how long a good request takes by itself" };

  // Requests are in progress when the workers die; none of them may be lost.
  const load = closedLoop(url, [good], 4, 6);
  const recoveries: number[] = [];
  for (let i = 0; i < 4; i++) {
    await sleep(1000);
    service.killWorker();
    recoveries.push(await recovery());
  }
  const { statuses } = await load;
  yield { name: "killed workers", recovery: Math.max(...recoveries), detail: JSON.stringify(statuses) };

  const rng = random("abuse");
  const garbage = Array.from({ length: 500 }, () =>
    Uint8Array.from({ length: 1 + rng.integer(4000) }, () => rng.integer(256)),
  );
  await inTurns(garbage, (some) => exchange(port, some, { patience: 500 }));
  yield { name: "garbage", recovery: await recovery(), detail: "500 connections of random bytes" };

  const cuts = Array.from({ length: 500 }, () => 1 + rng.integer(bytes.length - 1));
  await inTurns(cuts, (cutAfter) => exchange(port, bytes, { cutAfter }));
  yield { name: "cut connections", recovery: await recovery(), detail: "500 cut within a request" };

  const head = rawRequest("POST /v1/predict HTTP/1.1", [
    ["Host", "127.0.0.1"],
    ["Content-Type", good.type],
    ["Content-Length", String(good.body.length)],
  ]);
  for (const [name, first] of [
    ["slow heads", head.subarray(0, 20)],
    ["slow bodies", head],
  ] as const) {
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => slowConnection(port, first)));
    const during = await recovery();
    for (let second = 0; second < 40 && sockets.some(({ destroyed }) => !destroyed); second++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write("x");
      await sleep(1000);
    }
    const left = sockets.filter(({ destroyed }) => !destroyed).length;
    for (const socket of sockets) socket.destroy();
    yield {
      name,
      recovery: Math.max(during, await recovery()),
      detail: `1,000 connections that send a byte a second; ${left} were still open after 40 s`,
    };
  }
}

function asBytes({ path, type, body }: LoadRequest): Buffer {
  const headers = [
    ["Host", "127.0.0.1"],
    ["Connection", "close"],
    ["Content-Type", type],
    ["Content-Length", String(body.length)],
  ] as const;
  return rawRequest(`POST ${path} HTTP/1.1`, headers, body);
}

/** 50 at a time. */
async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < items.length; i += 50) await Promise.all(items.slice(i, i + 50).map(act));
}

/** A connection that has sent its first bytes. The service may close it at any time. */
function slowConnection(port: number, first: Uint8Array): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => resolve(socket));
    // Responses must be read, or the end of the connection would go unnoticed.
    socket.resume();
    socket.on("connect", () => {
      socket.write(first);
      resolve(socket);
    });
  });
}
