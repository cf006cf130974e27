/**
 * The deployment files of the service, which no engine can run here: the Dockerfile against a linter and our own rules, and the
 * Kubernetes manifest against the types of Kubernetes' API and our requirements.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Copy, DockerfileParser, type From } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { shardOf } from "../src/cli/shard.ts";
import { usualLimits } from "../src/server/limits.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("the Dockerfile", () => {
  const dockerfile = read("deploy/Dockerfile");

  test("has no fault", () => {
    expect(faultsOf(dockerfile)).toEqual([]);
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ["root", (text) => text.replace("USER 1000:1000", "USER root"), /user/],
    ["no user", (text) => text.replace("USER 1000:1000", ""), /user/],
    ["a user's name", (text) => text.replace("USER 1000:1000", "USER node"), /user/],
    ["no tag", (text) => text.replaceAll("-slim", "").replaceAll(":${NODE}", ""), /tag/],
    ["a registry", (text) => text.replaceAll("node:$", "registry.example.org/node:$"), /host/],
    ["install scripts", (text) => text.replaceAll("--ignore-scripts", ""), /install scripts/],
    ["no lock", (text) => text.replaceAll("npm ci", "npm install"), /npm ci/],
    ["development packages", (text) => text.replace("--omit=dev", ""), /development/],
    ["all files", (text) => text.replace("COPY package.json ./", "COPY . ."), /whole context/],
    ["a secret", (text) => text.replace("ENV NODE_ENV", "ENV API_TOKEN=abc NODE_ENV"), /secret/],
    ["curl", (text) => text.replace(/CMD \["node", "-e.*/, "CMD curl -f http://127.0.0.1/"), /curl/],
    ["no health check", (text) => text.replace(/HEALTHCHECK[\s\S]*?\nENTRY/, "ENTRY"), /health/],
    ["a shell as process 1", (text) => text.replace(/ENTRYPOINT.*/, "ENTRYPOINT node bin"), /shell/],
    ["an unknown instruction", (text) => `${text}\nCOPPY a b\n`, /COPPY/],
  ])("%s would be found", (_, spoil, fault) => {
    expect(spoil(dockerfile)).not.toBe(dockerfile);
    expect(faultsOf(spoil(dockerfile)).join("\n")).toMatch(fault);
  });

  test("finds in the context what it copies and what the build reads, and nothing else", () => {
    const lines = read(".dockerignore")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"));
    expect(lines[0]).toBe("*");
    const allowed = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    const copied = instructions(dockerfile, "COPY")
      .filter((copy) => !copy.getFromFlag())
      .flatMap((copy) => copy.getArguments().map(String).slice(0, -1))
      .filter((source) => source !== ".");
    for (const source of copied) {
      expect(allowed, source).toContain(source);
      expect(existsSync(join(root, source)), source).toBe(true);
    }
    const { scripts } = JSON.parse(read("package.json")) as { scripts: { build: string } };
    const [script = ""] = /scripts\/\S+/.exec(scripts.build) ?? [];
    expect(allowed).toContain("scripts");
    const built = [...read(script).matchAll(/at\("([^"/]+)(?:\/[^"]*)?"\)/g)].map(([, path]) => path);
    for (const path of built.filter((path) => path !== "dist")) expect(allowed).toContain(path);
    expect(built).toContain("tsconfig.build.json");
    expect(allowed.filter((path) => /git|modules|env|runs|shared|test|\*/.test(path))).toEqual([]);
  });
});

/** The complaints of a linter and of our rules about a Dockerfile; empty for a good one. */
function faultsOf(text: string): string[] {
  const faults = validate(text).map(({ message }) => (typeof message === "string" ? message : message.value));
  const need = (holds: boolean, fault: string): void => void (holds || faults.push(fault));
  const stages = instructions(text, "FROM") as unknown as From[];
  for (const stage of stages) {
    const image = stage.getImage() ?? "";
    need(/:[\w${}.-]+$/.test(image) && !image.endsWith(":latest"), `${image} has no tag`);
    need(!image.includes("/"), `${image} names a host`);
  }
  const last = text.slice(text.lastIndexOf("\nFROM "));
  const user = instructions(last, "USER").at(-1)?.getArgumentsContent() ?? "0";
  need(/^[1-9]\d*:[1-9]\d*$/.test(user), `the user is ${user}; it must be a number other than 0`);
  const runs = instructions(text, "RUN").map((run) => run.getArgumentsContent() ?? "");
  need(
    !runs.some((run) => /npm (install|i)\b/.test(run)),
    "packages are installed by something else than npm ci",
  );
  const installs = runs.filter((run) => run.includes("npm ci"));
  need(
    installs.every((run) => run.includes("--ignore-scripts")),
    "packages run their install scripts",
  );
  need(
    installs.some((run) => run.includes("--omit=dev")),
    "packages for development are in the image",
  );
  const copies = instructions(last, "COPY");
  need(
    !copies.some((copy) => !copy.getFromFlag() && String(copy.getArguments()[0]) === "."),
    "the whole context is copied into the image",
  );
  need(!instructions(text, "ADD").length, "ADD may fetch and unpack; COPY does not");
  need(!/(password|secret|token|api_?key)\w*\s*=/i.test(text), "a secret is written down");
  need(
    !/\b(curl|wget|apt-get|sudo)\b/.test(text.replace(/^#.*/gm, "")),
    "curl and the like are not in the image",
  );
  const health = instructions(last, "HEALTHCHECK")[0]?.getArgumentsContent() ?? "";
  need(health.includes("/healthz"), "there is no health check of /healthz");
  for (const name of ["ENTRYPOINT", "CMD"] as const) {
    const form = instructions(last, name)[0]?.getArgumentsContent() ?? "";
    need(form.startsWith("["), `${name} runs in a shell, which does not pass signals on`);
  }
  return faults;
}

function instructions(text: string, name: string): Copy[] {
  return DockerfileParser.parse(text)
    .getInstructions()
    .filter((instruction) => instruction.getInstruction() === name) as Copy[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The value at a path of keys and indices, such as `spec.template.spec.containers.0`. */
function at(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

// Inside node_modules, so that the compiler finds the types.
const scratch = join(root, "node_modules", ".cache");
mkdirSync(scratch, { recursive: true });
const folder = mkdtempSync(join(scratch, "manifest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The compiler's errors for the manifest as values of the API's types, which allow no unknown fields. */
function typeErrors(manifests: readonly Manifest[]): string {
  const lines = manifests.map(({ apiVersion, kind }, i) => {
    const group = apiVersion === "v1" ? "core/v1" : apiVersion.replace(".k8s.io", "");
    const value = JSON.stringify(manifests[i]);
    return `export const o${i}: import("kubernetes-types/${group}").${kind} = ${value};`;
  });
  writeFileSync(join(folder, "manifest.ts"), lines.join("\n"));
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const flags = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler"];
  const all = [...flags, "--ignoreConfig", "--types", "", "manifest.ts"];
  return spawnSync(tsc, all, { cwd: folder, encoding: "utf8" }).stdout;
}

/** A container with few permissions: "restricted" by Kubernetes' pod security standards, with a read-only file system. */
describe("the Kubernetes manifest", () => {
  const text = read("deploy/kubernetes.yaml");
  const objects = parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
  const object = (kind: string): Manifest => {
    const found = objects.filter((one) => one.kind === kind);
    expect(found, kind).toHaveLength(1);
    return found[0] as Manifest;
  };
  const pod = at(object("Deployment"), "spec.template");
  const container = at(pod, "spec.containers.0");

  test("is what Kubernetes' API takes", { timeout: 60_000 }, () => {
    expect(typeErrors(objects)).toBe("");
    const spoilt = structuredClone(objects);
    const spec = at(
      spoilt.find(({ kind }) => kind === "Deployment"),
      "spec.template.spec",
    ) as object;
    Object.assign(at(spec, "containers.0.securityContext") as object, { readonlyRootFilesystem: true });
    Object.assign(spec, { terminationGracePeriodSeconds: "45" });
    const errors = typeErrors(spoilt);
    expect(errors).toContain("readonlyRootFilesystem");
    expect(errors).toContain("'string' is not assignable to type 'number'");
  });

  test("gives the container no rights", () => {
    expect(at(pod, "spec")).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
    });
    expect(at(container, "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(text).not.toMatch(/privileged: true|hostPath|hostNetwork/);
    expect(at(container, "image")).toMatch(/^[\w-]+:\d/);
  });

  test("asks the service whether it lives and whether it is ready, on the port it listens on", () => {
    expect(at(container, "livenessProbe.httpGet.path")).toBe("/healthz");
    expect(at(container, "readinessProbe.httpGet.path")).toBe("/readyz");
    expect(at(container, "startupProbe.httpGet.path")).toBe("/readyz");
    const port = at(container, "ports.0.containerPort") as number;
    expect((at(container, "args") as string[]).join(" ")).toContain(`--port ${port}`);
    expect(at(object("Service"), "spec.ports.0.targetPort")).toBe(at(container, "ports.0.name"));
    expect(at(pod, "metadata.annotations")).toMatchObject({ "prometheus.io/port": String(port) });
  });

  test("gives the service as many cores as workers, and time to finish", () => {
    const args = at(container, "args") as string[];
    const workers = args[args.indexOf("--workers") + 1];
    expect(at(container, "resources.requests.cpu")).toBe(workers);
    expect(at(container, "resources.limits.cpu")).toBe(workers);
    const [, pause] = at(container, "lifecycle.preStop.exec.command") as [string, string];
    const needed = Number(pause) + usualLimits.timeout / 1000;
    expect(at(pod, "spec.terminationGracePeriodSeconds")).toBeGreaterThan(needed);
  });

  test("scales what it deploys: selectors, targets and resources fit", () => {
    const labels = at(pod, "metadata.labels");
    const selectors = [
      at(object("Deployment"), "spec.selector.matchLabels"),
      at(object("Service"), "spec.selector"),
      at(object("PodDisruptionBudget"), "spec.selector.matchLabels"),
      at(object("NetworkPolicy"), "spec.podSelector.matchLabels"),
      at(pod, "spec.topologySpreadConstraints.0.labelSelector.matchLabels"),
      at(pod, "spec.topologySpreadConstraints.1.labelSelector.matchLabels"),
    ];
    for (const selector of selectors) expect(selector).toEqual(labels);
    const scaler = at(object("HorizontalPodAutoscaler"), "spec");
    const name = at(object("Deployment"), "metadata.name");
    expect(at(scaler, "scaleTargetRef")).toEqual({ apiVersion: "apps/v1", kind: "Deployment", name });
    expect(at(scaler, "minReplicas")).toBeGreaterThan(1);
    // The autoscaler measures a share of the request; a fixed number of replicas would conflict with it.
    expect(at(container, "resources.requests")).toHaveProperty("cpu");
    expect(at(container, "resources.limits")).toHaveProperty("memory");
    expect(at(object("Deployment"), "spec")).not.toHaveProperty("replicas");
    expect(at(object("NetworkPolicy"), "spec")).toMatchObject({
      policyTypes: ["Ingress", "Egress"],
      egress: [],
    });
  });
});

describe("the Kubernetes job", () => {
  const text = read("deploy/predict-job.yaml");
  const [document, ...others] = parseAllDocuments(text, { strict: true, uniqueKeys: true });
  expect(others).toEqual([]);
  expect(document?.errors).toEqual([]);
  const job = document?.toJS() as Manifest;
  const container = at(job, "spec.template.spec.containers.0");

  test("is what Kubernetes' API takes", { timeout: 60_000 }, () => {
    expect(typeErrors([job])).toBe("");
  });

  test("gives each index its shard and its file, goes on after a restart, and ends well over bad photos", () => {
    const args = at(container, "args") as string[];
    const count = at(job, "spec.completions") as number;
    expect(at(job, "spec.completionMode")).toBe("Indexed");
    expect(at(container, "env.0")).toEqual({
      name: "SHARD",
      valueFrom: {
        fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
      },
    });
    expect(args.join(" ")).toContain(
      `--shard $(SHARD)/${count} --out /results/$(SHARD).jsonl --resume --exit-zero`,
    );
    const files = Array.from({ length: 200 }, (_, i) => `/photos/${i}.jpg`);
    const indices = Array.from({ length: count }, (_, index) => shardOf(`${index}/${count}`));
    for (const file of files) expect(indices.filter((isOurs) => isOurs(file))).toHaveLength(1);
    expect(at(container, "resources.limits.cpu")).toBe(args[args.indexOf("--threads") + 1]);
  });

  test("gives the container no rights", () => {
    expect(at(job, "spec.template.spec")).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(at(container, "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });
});
