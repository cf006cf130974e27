/**
 * TensorBoard's event files: records of TensorFlow's `Event` messages. Field numbers are those of tensorflow's
 * core/util/event.proto and core/framework/{summary,tensor}.proto.
 */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { crc32c } from "./crc32.ts";

/** One value to show under a tag. */
export type Shown =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | {
      readonly kind: "image";
      readonly tag: string;
      readonly png: Uint8Array;
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: "text"; readonly tag: string; readonly markdown: string };

/** The time of an event: seconds since 1970, and the step of the training. */
export interface When {
  readonly seconds: number;
  readonly step: number;
}

/** Returns the first record of a file. */
export function versionEvent(seconds: number): Uint8Array {
  return event({ seconds, step: 0 }, (writer) =>
    writer.tag(3, WireType.LengthDelimited).string("brain.Event:2"),
  );
}

/**
 * Returns a record that marks the start of a session at this step: records of earlier files from this step on are
 * void.
 */
export function startEvent(when: When): Uint8Array {
  const START = 1;
  return event(when, (writer) =>
    writer
      .tag(7, WireType.LengthDelimited)
      .bytes(new BinaryWriter().tag(1, WireType.Varint).int32(START).finish()),
  );
}

export function summaryEvent(when: When, shown: readonly Shown[]): Uint8Array {
  const summary = new BinaryWriter();
  for (const one of shown) summary.tag(1, WireType.LengthDelimited).bytes(summaryValue(one));
  return event(when, (writer) => writer.tag(5, WireType.LengthDelimited).bytes(summary.finish()));
}

/** Encodes a record of a TFRecord file: length, its checksum, data, its checksum. */
export function record(data: Uint8Array): Uint8Array {
  const framed = new Uint8Array(data.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedChecksum(framed.subarray(0, 8)), true);
  framed.set(data, 12);
  view.setUint32(12 + data.length, maskedChecksum(data), true);
  return framed;
}

/**
 * Returns a checksum for data that may itself contain checksums, rotated and shifted as TensorFlow's
 * core/lib/hash/crc32c.h does.
 */
function maskedChecksum(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function event({ seconds, step }: When, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(seconds);
  // Protobuf omits zeros.
  if (step !== 0) writer.tag(2, WireType.Varint).int64(step);
  write(writer);
  return writer.finish();
}

function summaryValue(shown: Shown): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(shown.tag);
  switch (shown.kind) {
    case "scalar":
      return writer.tag(2, WireType.Bit32).float(shown.value).finish();
    case "image":
      return writer.tag(4, WireType.LengthDelimited).bytes(image(shown)).finish();
    case "text":
      return writer
        .tag(8, WireType.LengthDelimited)
        .bytes(stringTensor(shown.markdown))
        .tag(9, WireType.LengthDelimited)
        .bytes(textPlugin())
        .finish();
  }
}

function image({ png, width, height }: Extract<Shown, { kind: "image" }>): Uint8Array {
  const RGBA = 4;
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(height)
    .tag(2, WireType.Varint)
    .int32(width)
    .tag(3, WireType.Varint)
    .int32(RGBA)
    .tag(4, WireType.LengthDelimited)
    .bytes(png)
    .finish();
}

/** Encodes a scalar string tensor. */
function stringTensor(text: string): Uint8Array {
  const DT_STRING = 7;
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(DT_STRING)
    .tag(2, WireType.LengthDelimited)
    .bytes(new Uint8Array())
    .tag(8, WireType.LengthDelimited)
    .string(text)
    .finish();
}

/** Returns the metadata that makes TensorBoard show the tensor as text. */
function textPlugin(): Uint8Array {
  const plugin = new BinaryWriter().tag(1, WireType.LengthDelimited).string("text").finish();
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(plugin).finish();
}
