import { expect, test } from "vitest";
import type { Program } from "../program/program.ts";
import type { Engine, OpenProgram } from "./engine.ts";
import { sharedPrograms } from "./shared-programs.ts";

function countingEngine(fails = false) {
  const calls: string[] = [];
  const engine: Engine = {
    async open({ name }) {
      calls.push(`open ${name}`);
      if (fails) throw new Error("no memory");
      const release = async (): Promise<void> => void calls.push(`release ${name}`);
      return { release, run: async () => ({}) } as Partial<OpenProgram> as OpenProgram;
    },
    async close() {},
  };
  return { calls, shared: sharedPrograms(engine) };
}

const program = (name: string): Program => ({ name }) as Partial<Program> as Program;

test("a program is opened once, and released by the last who has it", async () => {
  const { calls, shared } = countingEngine();
  const [faces, eyes] = [program("faces"), program("eyes")];
  const [first, second] = await Promise.all([shared.open(faces), shared.open(faces), shared.open(eyes)]);
  expect(calls).toEqual(["open faces", "open eyes"]);
  await first.release();
  await first.release();
  expect(calls).not.toContain("release faces");
  await second.release();
  expect(calls).toContain("release faces");
  await shared.open(faces);
  expect(calls.filter((call) => call === "open faces")).toHaveLength(2);
});

test("one that could not be opened is tried again", async () => {
  const { calls, shared } = countingEngine(true);
  const faces = program("faces");
  await expect(shared.open(faces)).rejects.toThrow("no memory");
  await expect(shared.open(faces)).rejects.toThrow("no memory");
  expect(calls).toEqual(["open faces", "open faces"]);
});
