/** Preloaded into a service: at the message "kill a worker" one of its worker threads ends, as if it had crashed. */

import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";

const workers = [];

threads.Worker = class extends threads.Worker {
  constructor(...args) {
    super(...args);
    workers.push(this);
    this.once("exit", () => workers.splice(workers.indexOf(this), 1));
  }
};
syncBuiltinESMExports();

process.on("message", () => void workers[Math.floor(Math.random() * workers.length)]?.terminate());
process.channel?.unref();
