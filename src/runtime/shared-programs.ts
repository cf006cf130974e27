/** An engine that opens each program once for all callers, so that its weights are in memory only once. */

import type { Program } from "../program/program.ts";
import type { Engine, OpenProgram } from "./engine.ts";

/** Returns `engine` with shared programs: each object is opened once, and released when the last caller has released it. */
export function sharedPrograms(engine: Engine): Engine {
  const shared = new Map<Program, { readonly open: Promise<OpenProgram>; users: number }>();
  return {
    async open(program) {
      const entry = shared.get(program) ?? { open: engine.open(program), users: 0 };
      shared.set(program, entry);
      entry.users++;
      const leave = (): boolean => {
        if (--entry.users > 0) return false;
        shared.delete(program);
        return true;
      };
      try {
        const open = await entry.open;
        let released = false;
        return {
          ...open,
          async release() {
            if (released) return;
            released = true;
            if (leave()) await open.release();
          },
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
    close: () => engine.close(),
  };
}
