import { beforeEach, expect, test } from "vitest";
import { capture, printed, printedJson } from "../../../test/support/printed.ts";
import { run } from "../main.ts";
import { adviceFor, type Machine } from "./doctor.ts";

beforeEach(capture);

const well: Machine = {
  webAssembly: undefined,
  providers: ["cpu", "cuda"],
  hasNvidiaDriver: true,
  cuda: { installed: true, fault: undefined },
  unused: 0,
  fonts: true,
  missesHugePages: false,
  node: "20.19.0",
  memory: 4 * 2 ** 30,
};

test.each<[string, Partial<Machine>, RegExp[]]>([
  ["nothing, where all is there", {}, []],
  [
    "how to add CUDA",
    { providers: ["cpu", "webgpu"], cuda: { installed: false, fault: "its provider is not installed" } },
    [/`node .*install\.js` downloads it; docs\/how-to\/gpu\.md names/],
  ],
  [
    "why CUDA does not work",
    { providers: ["cpu", "webgpu"], cuda: { installed: true, fault: "libcudnn.so.9: no such file" } },
    [/^an NVIDIA driver is installed, but CUDA does not work: libcudnn\.so\.9: no such file$/],
  ],
  ["what can be deleted", { unused: 243.4e6 }, [/243 MB: `.* doctor --prune` deletes them$/]],
  ["WebGPU", { providers: ["cpu", "webgpu"], hasNvidiaDriver: false }, [/`--device webgpu` may use a GPU/]],
  ["the CPU", { providers: ["cpu"], hasNvidiaDriver: false }, [/everything runs on the CPU/]],
  [
    "the runtime, and nothing of CUDA",
    { webAssembly: "onnxruntime-node is not installed", providers: ["cpu"] },
    [/^programs run on WebAssembly, .* because onnxruntime-node is not installed$/],
  ],
  ["a font", { fonts: false }, [/^no fonts found, .*fonts-dejavu-core/]],
  ["a newer Node", { node: "20.18.3" }, [/older than 20\.19/]],
  ["a newer Node yet", { node: "18.20.0" }, [/older than 20\.19/]],
  ["nothing of a later Node", { node: "22.0.1" }, []],
  [
    "huge pages",
    { missesHugePages: true },
    [/Node 22\.15 or newer, or set .*GLIBC_TUNABLES=glibc\.malloc\.hugetlb=1$/],
  ],
  ["small backbones", { memory: 4 * 2 ** 30 - 1 }, [/less than 4 GB .*squeezenet1_1/]],
  ["several things", { fonts: false, memory: 1 }, [/^no fonts/, /^less than 4 GB/]],
])("the advice is %s", (_, machine, expected) => {
  const advice = adviceFor({ ...well, ...machine });
  expect(advice).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test("the command tells of this machine, as text what it tells as JSON", async () => {
  type Facts = Record<string, unknown> & { advice: string[]; providers: string[] };
  const { advice, ...facts } = await printedJson<Facts>("doctor");
  expect(Object.keys(facts)).toEqual([
    ...["vultus", "node", "onnxruntime", "runtime", "providers", "cpu", "cores", "memoryGB", "freeGB"],
    "fonts",
  ]);
  expect(facts.node).toBe(process.version);
  expect(facts.runtime).toBe("native");
  expect(facts.providers).toContain("cpu");
  expect(facts.onnxruntime).toMatch(/^1\.\d+\.\d+$/);
  expect(facts.freeGB).toBeLessThanOrEqual(facts.memoryGB as number);
  capture();
  expect(await run(["doctor"])).toBe(0);
  const lines = printed.out.trimEnd().split("\n");
  expect(lines.slice(0, 10).map((line) => line.split(" ")[0])).toEqual(Object.keys(facts));
  expect(lines[4]).toBe(`providers    ${facts.providers.join(", ")}`);
  expect(lines.slice(10)).toEqual(advice.map((line) => `- ${line}`));
});
