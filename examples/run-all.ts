/** Runs every numbered example in its own process; fails if one fails. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const examples = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name));
const failed = examples.filter((name) => {
  console.log(`\n== examples/${name}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", `${folder}${name}`], {
    stdio: "inherit",
  });
  return status !== 0;
});
console.log(
  `\nexamples: ${examples.length - failed.length} passed, ${failed.length} failed ${failed.join(" ")}`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
