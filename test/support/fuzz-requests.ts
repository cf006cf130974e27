/** Requests for fuzzing the service: case `i` of a seed always has the same bytes, whatever ran before it. */

import type { Picture } from "../../src/data/dataset.ts";
import { type Random, random } from "../../src/util/random.ts";
import { type PictureFile, traps, wholePictures } from "./fuzz-pictures.ts";
import { mutated } from "./mutate.ts";
import { type Exchange, rawRequest } from "./raw-http.ts";

export interface FuzzCase {
  /** A description of its fault; cases of one kind are counted together. */
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly exchange: Exchange;
  /** Whether it is complete, valid HTTP, which requires a response. */
  readonly answerable: boolean;
}

type Header = readonly [string, string];

interface Material {
  readonly pictures: readonly PictureFile[];
  readonly traps: readonly PictureFile[];
}

export interface FuzzCases {
  /** A good image, the source of damaged ones. */
  readonly whole: Uint8Array;
  make(index: number): FuzzCase;
}

/** The cases of a seed; their images contain `face`. */
export async function fuzzCases(seed: number, face: Picture): Promise<FuzzCases> {
  const material: Material = { pictures: await wholePictures(face), traps: await traps() };
  return {
    whole: (material.pictures[0] as PictureFile).bytes,
    make(index) {
      const rng = random("serve-fuzz", seed, index);
      const [kind, make] = pick(rng, kinds);
      return { kind, exchange: {}, answerable: true, ...make(rng, material) };
    },
  };
}

type Made = Pick<FuzzCase, "bytes"> & Partial<Omit<FuzzCase, "bytes">>;

const HOST: Header = ["Host", "127.0.0.1"];
const CLOSE: Header = ["Connection", "close"];
const BOUNDARY = "vultus-fuzz-7MA4YWxkTrZu0gW";
/** A connection that waits for missing bytes is closed after this, in milliseconds. */
const SHORT = 300;

const kinds: readonly (readonly [string, (rng: Random, material: Material) => Made])[] = [
  ["damaged image", (rng, { pictures }) => ({ bytes: post(rng, "image/jpeg", damaged(rng, pictures)) })],
  ["damaged image", (rng, { pictures }) => ({ bytes: post(rng, "image/jpeg", damaged(rng, pictures)) })],
  ["trap", (rng, { traps: all }) => ({ bytes: post(rng, "image/png", pick(rng, all).bytes) })],
  [
    "damaged images as multipart",
    (rng, { pictures }) => ({
      bytes: post(
        rng,
        `multipart/form-data; boundary=${BOUNDARY}`,
        multipart(times(rng, 1, 6).map(() => damaged(rng, pictures))),
      ),
    }),
  ],
  [
    "damaged multipart",
    (rng, { pictures }) => {
      const body = multipart(times(rng, 0, 4).map(() => pick(rng, pictures).bytes));
      return {
        bytes: post(rng, `multipart/form-data; boundary=${BOUNDARY}`, mutated(spoiltHeads(rng, body), rng)),
      };
    },
  ],
  [
    "multipart of many small parts",
    (rng) => ({
      bytes: post(
        rng,
        `multipart/form-data; boundary=${BOUNDARY}`,
        multipart(times(rng, 30, 3000).map(() => Uint8Array.of(rng.integer(256)))),
      ),
    }),
  ],
  [
    "damaged JSON",
    (rng, { pictures }) => ({ bytes: post(rng, "application/json", mutated(jsonOf(rng, pictures), rng)) }),
  ],
  ["JSON of another form", (rng) => ({ bytes: post(rng, "application/json", Buffer.from(otherJson(rng))) })],
  [
    "damaged images in JSON",
    (rng, { pictures }) => ({
      bytes: post(
        rng,
        "application/json",
        jsonOf(
          rng,
          times(rng, 1, 5).map(() => ({ name: "", bytes: damaged(rng, pictures) })),
        ),
      ),
    }),
  ],
  ["wrong length", wrongLength],
  ["wrong content type", wrongType],
  ["odd header", oddHeader],
  ["odd address", oddAddress],
  [
    "connection cut",
    (rng, { pictures }) => {
      const bytes = post(rng, "image/jpeg", pick(rng, pictures).bytes);
      return { bytes, answerable: false, exchange: { cutAfter: 1 + rng.integer(bytes.length - 1) } };
    },
  ],
  [
    "damaged request",
    (rng, { pictures }) => {
      const bytes = Buffer.from(post(rng, "image/jpeg", pick(rng, pictures).bytes));
      const head = bytes.indexOf("\r\n\r\n") + 4;
      const spoilt = Buffer.concat([mutated(bytes.subarray(0, head), rng), bytes.subarray(head)]);
      return { bytes: spoilt, answerable: false, exchange: { patience: SHORT } };
    },
  ],
  [
    "no HTTP",
    (rng) => ({
      bytes: Uint8Array.from({ length: 1 + rng.integer(2000) }, () => rng.integer(256)),
      answerable: false,
      exchange: { patience: SHORT },
    }),
  ],
];

function pick<T>(rng: Random, from: readonly T[]): T {
  return from[rng.integer(from.length)] as T;
}

function times(rng: Random, least: number, below: number): undefined[] {
  return new Array<undefined>(least + rng.integer(below - least)).fill(undefined);
}

const damaged = (rng: Random, pictures: readonly PictureFile[]): Uint8Array =>
  mutated(pick(rng, pictures).bytes, rng);

/** Mostly as face crops: detecting faces takes the most time, and uses the same code for all. */
const path = (rng: Random): string => `/v1/predict${rng.chance(0.7) ? "?detect=false" : ""}`;

function post(rng: Random, type: string, body: Uint8Array, headers: readonly Header[] = []): Buffer {
  const own: Header[] = [
    HOST,
    CLOSE,
    ["Content-Type", type],
    ["Content-Length", String(body.length)],
    ...headers,
  ];
  return rawRequest(`POST ${path(rng)} HTTP/1.1`, own, body);
}

function multipart(files: readonly Uint8Array[]): Buffer {
  const parts = files.flatMap((file, i) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="p${i}"; filename="${i}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
    ),
    file,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Replaces words in the headers of the parts, which random damage seldom hits. */
function spoiltHeads(rng: Random, body: Buffer): Uint8Array {
  const swaps: readonly (readonly [string, string])[] = [
    ["filename=", "filename*=UTF-8''%ff"],
    ['filename="', 'filename="../../../tmp/vultus-fuzz-'],
    ["form-data", "attachment"],
    ["Content-Type: image/jpeg", "Content-Transfer-Encoding: base64"],
    ["\r\n\r\n", "\n\n"],
    [`--${BOUNDARY}--`, ""],
    ["Content-Disposition", "X".repeat(10_000)],
    ['name="p', 'name="__proto__'],
  ];
  const [from, to] = pick(rng, swaps);
  return Buffer.from(body.toString("latin1").replaceAll(from, to), "latin1");
}

function jsonOf(rng: Random, pictures: readonly PictureFile[]): Buffer {
  const some = times(rng, 1, 4).map(() => Buffer.from(pick(rng, pictures).bytes).toString("base64"));
  return Buffer.from(JSON.stringify({ pictures: some }));
}

function otherJson(rng: Random): string {
  const deep = 10_000 + rng.integer(90_000);
  return pick(rng, [
    "",
    "null",
    "1e400",
    "[]",
    "{}",
    '"\\ud800"',
    `${"[".repeat(deep)}${"]".repeat(deep)}`,
    `{"pictures":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`,
    '{"pictures":[]}',
    '{"pictures":"abc"}',
    '{"pictures":[1,2,null]}',
    '{"pictures":[""]}',
    '{"pictures":["data:image/png;base64,"]}',
    '{"pictures":["====","%%%%"]}',
    `{"pictures":["${"A".repeat(1 + rng.integer(100_000))}"]}`,
    `{"pictures":["data:${",".repeat(50_000)}"]}`,
    `{"pictures":[${'"AAAA",'.repeat(5000)}"AAAA"]}`,
    '{"__proto__":{"pictures":["AAAA"]}}',
    '{"pictures":["AAAA"],"constructor":{"prototype":{"x":1}}}',
    '{"pictures":["file:///etc/passwd","/etc/passwd","http://127.0.0.1:9/"]}',
    '\ufeff{"pictures":["AAAA"]}',
    `{"${"k".repeat(100_000)}":1}`,
  ]);
}

function wrongLength(rng: Random, { pictures }: Material): Made {
  const body = pick(rng, pictures).bytes;
  const withLength = (...lengths: string[]): Buffer =>
    rawRequest(
      "POST /v1/predict HTTP/1.1",
      [HOST, CLOSE, ["Content-Type", "image/jpeg"], ...lengths.map((n): Header => ["Content-Length", n])],
      body,
    );
  const chunked = (...parts: (string | Uint8Array)[]): Buffer =>
    rawRequest(
      "POST /v1/predict HTTP/1.1",
      [HOST, CLOSE, ["Content-Type", "image/jpeg"], ["Transfer-Encoding", "chunked"]],
      Buffer.concat(parts.map((part) => Buffer.from(part))),
    );
  const hex = body.length.toString(16);
  const silent = { answerable: false, exchange: { patience: SHORT, halfClose: rng.chance(0.5) } };
  return pick<Made>(rng, [
    { bytes: withLength(String(rng.integer(body.length))), answerable: false },
    { bytes: withLength(String(body.length + 1 + rng.integer(1000))), ...silent },
    { bytes: withLength("999999999999") },
    { bytes: withLength("99999999999999999999999"), ...silent },
    { bytes: withLength("-1"), ...silent },
    { bytes: withLength("0x10"), ...silent },
    { bytes: withLength("1e3"), ...silent },
    { bytes: withLength(String(body.length), "0"), ...silent },
    { bytes: withLength(), ...silent },
    { bytes: chunked(`${hex}\r\n`, body, "\r\n0\r\n\r\n") },
    { bytes: chunked(`${hex};${"x".repeat(50_000)}\r\n`, body, "\r\n0\r\n\r\n"), ...silent },
    { bytes: chunked("fffffffffffffffff\r\n", body), ...silent },
    { bytes: chunked("-5\r\nabc\r\n0\r\n\r\n"), ...silent },
    { bytes: chunked("zz\r\n"), ...silent },
    { bytes: chunked(...times(rng, 500, 2000).map((_, i) => `1\r\n${i % 10}\r\n`), "0\r\n\r\n") },
    { bytes: Buffer.concat([withLength("5"), chunked("0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n")]), ...silent },
  ]);
}

function wrongType(rng: Random, { pictures }: Material): Made {
  const types = [
    "",
    "text/plain",
    "image/",
    "image/svg+xml",
    "image/jpeg; charset=utf-16",
    "application/json",
    "application/json; charset=ebcdic",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary=${"b".repeat(5000)}`,
    'multipart/form-data; boundary="--\\""',
    "multipart/mixed; boundary=x",
    "application/octet-stream",
    "IMAGE/JPEG",
    ";;;=",
    "a/b/c",
    "\u00e4\u00f6/\u00fc",
  ];
  const more: Header[] = rng.chance(0.3)
    ? [["Content-Encoding", pick(rng, ["gzip", "br", "identity", "deflate, gzip", "x"])]]
    : [];
  return { bytes: post(rng, pick(rng, types), pick(rng, pictures).bytes, more) };
}

function oddHeader(rng: Random, { pictures }: Material): Made {
  const body = pick(rng, pictures).bytes;
  const withHeaders = (...headers: Header[]): Made => ({ bytes: post(rng, "image/jpeg", body, headers) });
  const loose = (made: Made): Made => ({ ...made, answerable: false, exchange: { patience: SHORT } });
  return pick<() => Made>(rng, [
    () => loose(withHeaders(["X-Long", "x".repeat(1000 + rng.integer(60_000))])),
    () => loose(withHeaders(...times(rng, 100, 3000).map((_, i): Header => [`X-${i}`, "1"]))),
    () => loose(withHeaders(["X-Null", "a\0b"])),
    () => loose(withHeaders(["X-Folded", "a\r\n b"])),
    () => loose(withHeaders(["X Space", "1"])),
    () => loose(withHeaders(["Host", "another.example"])),
    () => loose(withHeaders(["Expect", pick(rng, ["100-continue", "200-ok"])])),
    () => loose(withHeaders(["Upgrade", pick(rng, ["h2c", "websocket"])], ["Connection", "Upgrade"])),
    () => withHeaders(["Origin", pick(rng, ["null", "http://evil.example", "\u00ff", "http://127.0.0.1"])]),
    () => withHeaders(["Authorization", pick(rng, ["Bearer", "Bearer x", "Basic Og==", "Bearer \u00ff"])]),
    () => withHeaders(["Range", "bytes=0-1"], ["If-None-Match", "*"], ["Accept", "x/y"]),
    () => withHeaders(["X-Forwarded-For", pick(rng, ["1.2.3.4", "::1, x", "\u00ff", "a".repeat(3000)])]),
    () => withHeaders(["Cookie", "a=b;".repeat(500)], ["X-Request-Id", "\u00e9".repeat(200)]),
    () => withHeaders(["Forwarded", "for=1;host=x"], ["X-HTTP-Method-Override", "DELETE"]),
  ])();
}

function oddAddress(rng: Random, { pictures }: Material): Made {
  const addresses = [
    "/v1/predict?faces=none",
    "/v1/predict?faces=largest&faces=all",
    "/v1/predict?threshold=1e999&detect=perhaps",
    "/v1/predict?threshold=NaN",
    "/v1/predict?threshold=-1",
    "/v1/predict?__proto__[x]=1&constructor=2",
    "/v1/predict?%00=%ff&=&&",
    `/v1/predict?x=${"y".repeat(9000)}`,
    "/v1/predict/",
    "/v1/predict%2f",
    "//v1/predict",
    "/v1/../v1/predict",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/../../../../etc/passwd",
    "/assets/..%2f..%2f..%2fpackage.json",
    "/%",
    "/%c0%af",
    "/\u00e9",
    "/v1/model?x=1",
    "/readyz",
    "/docs",
    "/docs/openapi.json",
    "/metrics?x",
    "/",
    "*",
    "http://127.0.0.1/v1/predict",
    "http://[::1",
  ];
  const method = pick(rng, [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "HEAD",
    "TRACE",
    "QUERY",
    "post",
  ]);
  const body = method === "GET" || method === "HEAD" ? new Uint8Array() : pick(rng, pictures).bytes;
  const headers: Header[] = [
    HOST,
    CLOSE,
    ["Content-Type", "image/jpeg"],
    ["Content-Length", String(body.length)],
  ];
  return {
    bytes: rawRequest(`${method} ${pick(rng, addresses)} HTTP/1.1`, headers, body),
    answerable: false,
    exchange: { patience: method === "HEAD" ? SHORT : 10_000 },
  };
}
