import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasPython, python } from "../../test/support/python.ts";
import { crc32c } from "./crc32.ts";
import { eventFile } from "./tensorboard.node.ts";
import { record, versionEvent } from "./tensorboard.ts";

const reader = fileURLToPath(new URL("../../test/reference/tensorboard.py", import.meta.url));

/** RFC 3720, appendix B.4. */
test("crc32c of the RFC's examples", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
  const read = Uint8Array.from(
    Buffer.from(
      "01c00000000000000000000000000000" +
        "14000000000004000000001400000018" +
        "28000000000000000200000000000000",
      "hex",
    ),
  );
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(bytes)).toBe(0x46dd794e);
  expect(crc32c(bytes.toReversed())).toBe(0x113fdb5c);
  expect(crc32c(read)).toBe(0xd9963a56);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

test("a file begins with the bytes that every event file of TensorFlow's begins with", () => {
  // The length, 24, with its checksum, followed by the tag of the time.
  const first = Buffer.from(record(versionEvent(0)));
  expect(first.subarray(0, 13).toString("hex")).toBe("1800000000000000a37f4b2209");
  expect(first.subarray(21, -4).toString("latin1")).toBe("\x1a\rbrain.Event:2");
});

test.skipIf(!hasPython("struct"))("an independent reader finds what was shown, with right checksums", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-tensorboard-"));
  try {
    const file = eventFile(folder);
    expect(readdirSync(folder)).toEqual([]);
    const png = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
    file.show(20, [
      { kind: "scalar", tag: "loss", value: 0.75 },
      { kind: "scalar", tag: "rate", value: 1e-5 },
    ]);
    file.show(2 ** 40, [
      { kind: "image", tag: "faces", png, width: 640, height: 480 },
      { kind: "text", tag: "table", markdown: "| a |\n|---|\n| é |" },
    ]);
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\..+/);
    const { stdout, stderr, status } = spawnSync(python, [reader, join(folder, name as string)], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      { version: "brain.Event:2", step: 0 },
      { session: 1, step: 20 },
      { step: 20, values: [{ tag: "loss", value: 0.75 }, { tag: "rate" }] },
      {
        step: 2 ** 40,
        values: [
          {
            tag: "faces",
            image: {
              width: 640,
              height: 480,
              sha256: "7728ae2f2c36e2aaafbe79ca14c87ae2f89e7c88c4390ecbbf82dce88706958d",
            },
          },
          { tag: "table", plugin: "text", text: "| a |\n|---|\n| é |" },
        ],
      },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
