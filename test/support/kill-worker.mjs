/**
 * Preloaded into a service and its worker threads: at the message "kill a worker" one of them fails with an exception that
 * nothing catches. `Worker.terminate()` would not do: within a run of ONNX Runtime it takes the whole process with it.
 */

import { syncBuiltinESMExports } from "node:module";
import threads, { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";

const channel = new BroadcastChannel("kill a worker");
channel.unref();

if (isMainThread) {
  const alive = [];
  threads.Worker = class extends threads.Worker {
    constructor(...args) {
      super(...args);
      const id = this.threadId;
      alive.push(id);
      this.once("exit", () => alive.splice(alive.indexOf(id), 1));
    }
  };
  syncBuiltinESMExports();
  process.on("message", () => channel.postMessage(alive[Math.floor(Math.random() * alive.length)]));
  process.channel?.unref();
} else {
  channel.onmessage = ({ data }) => {
    if (data !== threadId) return;
    setImmediate(() => {
      throw new Error("killed");
    });
  };
  channel.unref();
}
