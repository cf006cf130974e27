/** A server of the review page that keeps its decisions in memory; its images are created on request. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { Split } from "../../src/data/dataset.ts";
import type {
  Decided,
  Decision,
  DecisionRequest,
  Neighbours,
  ReviewImage,
  ReviewMap,
  ReviewSet,
  ReviewState,
} from "../../src/server/review/protocol.ts";
import { random } from "../../src/util/random.ts";
import { type StaticServer, serveFolder } from "./static-server.ts";

export const builtPage = fileURLToPath(new URL("../../dist/web", import.meta.url));
export const reviewClasses = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"];

export interface MadeUp {
  readonly count: number;
  readonly task?: ReviewSet["task"];
  /** Images from this index on belong to the test split, whose predictions are hidden. */
  readonly blindFrom?: number;
  readonly votes?: boolean;
  readonly model?: boolean;
  readonly notes?: readonly string[];
}

/** Labels cycle through the classes; the prediction for every fourth image is another class. */
export function madeUpReview({
  count,
  task = "labels",
  blindFrom = count,
  votes,
  model = true,
  notes = [],
}: MadeUp): ReviewSet {
  const classes = reviewClasses;
  const images = Array.from({ length: count }, (_, i): ReviewImage => {
    const label = i % classes.length;
    const split: Split =
      task === "unlabelled" ? "train" : i >= blindFrom ? "test" : i % 10 === 9 ? "validation" : "train";
    const differs = i % 4 === 0;
    const answer = differs ? (label + 3 + (i % 3)) % classes.length : label;
    const own = task === "labels" ? { label } : {};
    const opinion = {
      answer,
      probability: differs ? 0.93 : 0.81,
      ...(differs && task === "labels" ? { ofLabel: 0.02 } : {}),
    };
    const shares = classes.map((_, k) =>
      k === label ? 0.5 : k === answer ? 0.3 : k === (label + 1) % 7 ? 0.2 : 0,
    );
    return {
      id: `${split}/${classes[label]}/${String(i).padStart(5, "0")}.jpg`,
      split,
      ...own,
      ...(split === "test" ? {} : { opinion }),
      ...(votes
        ? { votes: shares.map((share) => share / shares.reduce((sum: number, one) => sum + one, 0)) }
        : {}),
    };
  });
  const rank = (i: number): number => (i >= blindFrom ? 2 : i % 4 === 0 ? 0 : 1);
  return {
    task,
    sources: ["photos/"],
    file: "corrections.csv",
    classes,
    ...(model ? { model: "runs/finetune" } : {}),
    ...(blindFrom < count ? { blind: "test" } : {}),
    images,
    order: images.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b),
    looks: model,
    features: model,
    undoable: 0,
    id: `${task}-${count}`,
    version: 0,
    notes,
  };
}

export interface ReviewServer {
  readonly address: string;
  readonly decisions: ReadonlyMap<number, Decision>;
  readonly posted: readonly DecisionRequest[];
  /** Requested paths, in order. */
  readonly asked: readonly string[];
  /** Posts are refused with this reason, if set. */
  refuse(reason: string | undefined): void;
  /** Holds posts back until they are released. */
  hold(): () => void;
  close(): void;
}

const WIDTH = 16;
/** Number of drawn faces: more would only take time. */
const LOOKS = 28;
const NEIGHBOURS = 8;
/** Maximum number of images on the map. */
const ON_MAP = 5000;

export async function serveReview(
  set: ReviewSet,
  { port = 0 }: { readonly port?: number } = {},
): Promise<ReviewServer> {
  const decisions = new Map<number, Decision>();
  const posted: DecisionRequest[] = [];
  const undo: (readonly (readonly [number, Decision | undefined])[])[] = [];
  let version = 0;
  let refusal: string | undefined;
  let gate: Promise<void> = Promise.resolve();
  const change = (changes: readonly (readonly [number, Decision | undefined])[]): Decided => {
    for (const [image, decision] of changes)
      if (decision) decisions.set(image, decision);
      else decisions.delete(image);
    version++;
    return {
      changed: changes.map(([image, decision]) => ({ image, ...(decision ? { decision } : {}) })),
      undoable: undo.length,
      version,
    };
  };

  const get: readonly (readonly [RegExp, (image: number, side: number) => unknown])[] = [
    [
      /^\/v1\/review$/,
      (): ReviewSet => ({
        ...set,
        undoable: undo.length,
        version,
        images: set.images.map((image, i) => {
          const decision = decisions.get(i);
          return decision ? { ...image, decision } : image;
        }),
      }),
    ],
    [/^\/v1\/review\/state$/, (): ReviewState => ({ id: set.id, version })],
    [/^\/v1\/review\/images\/(\d+)$/, (image, side) => drawn(set, image, side, false)],
    [
      /^\/v1\/review\/images\/(\d+)\/heat$/,
      (image) => (set.images[image]?.split === set.blind ? undefined : drawn(set, image, 224, true)),
    ],
    [/^\/v1\/review\/images\/(\d+)\/neighbours$/, (image): Neighbours => neighboursOf(set, image)],
    [/^\/v1\/review\/map$/, (): ReviewMap => ({ images: set.order.slice(0, ON_MAP), width: WIDTH })],
    [/^\/v1\/review\/map\/features$/, () => featuresOf(set)],
  ];

  const postTo = async (path: string, body: string): Promise<Decided | undefined> => {
    await gate;
    if (refusal !== undefined) return undefined;
    if (path === "/v1/review/undo") return change(undo.pop() ?? []);
    const request = JSON.parse(body) as DecisionRequest;
    posted.push(request);
    undo.push(request.images.map((image) => [image, decisions.get(image)] as const));
    return change(request.images.map((image) => [image, request.decision] as const));
  };

  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (!pathname.startsWith("/v1/")) return false;
    if ((searchParams.get("review") ?? set.id) !== set.id) {
      sendProblem(response, 409, "Other images are reviewed here.", "other_review");
      return true;
    }
    if (request.method === "POST") {
      void text(request)
        .then((body) => postTo(pathname, body))
        .then((decided) => (decided ? send(response, decided) : sendProblem(response, 503, refusal ?? "")));
      return true;
    }
    const [route, image] =
      get
        .map(([pattern, find]) => [find, pattern.exec(pathname)] as const)
        .flatMap(([find, match]) => (match ? [[find, Number(match[1])] as const] : []))[0] ?? [];
    void Promise.resolve(route?.(image ?? 0, Number(searchParams.get("side")))).then((found) =>
      found === undefined ? sendProblem(response, 404, "There is no such thing.") : send(response, found),
    );
    return true;
  };

  const server: StaticServer = await serveFolder(builtPage, { entry: "review.html", port, answer });
  return {
    address: server.address,
    asked: server.asked,
    decisions,
    posted,
    refuse(reason) {
      refusal = reason;
    },
    hold() {
      let release = (): void => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    close: () => server.close(),
  };
}

/** The class that an image looks like: its prediction if the set has one, else its label. */
function lookOf(set: ReviewSet, image: number): number {
  const { opinion, label } = set.images[image] as ReviewImage;
  return opinion?.answer ?? label ?? 0;
}

function neighboursOf(set: ReviewSet, image: number): Neighbours {
  const look = lookOf(set, image);
  const alike = set.order
    .filter((other) => other !== image && lookOf(set, other) === look)
    .slice(0, NEIGHBOURS);
  return { neighbours: alike.map((other, i) => ({ image: other, similarity: 0.98 - 0.03 * i })) };
}

/** Each class around its own centre, far from the others. */
function featuresOf(set: ReviewSet): Buffer {
  const draws = random("features of a made-up review");
  const rows = set.order.slice(0, ON_MAP).flatMap((image) => {
    const look = lookOf(set, image);
    return Array.from({ length: WIDTH }, (_, j) => (j === look ? 4 : 0) + 0.4 * draws.normal());
  });
  return Buffer.from(Float32Array.from(rows).buffer);
}

const kept = new Map<string, Promise<Buffer>>();

/** A drawn face whose mouth and brows match the class that it looks like. */
function drawn(set: ReviewSet, image: number, side: number, heat: boolean): Promise<Buffer> | undefined {
  if (!set.images[image]) return undefined;
  const look = lookOf(set, image);
  const variant = image % (LOOKS / set.classes.length);
  const key = [look, variant, side, heat].join();
  const known = kept.get(key);
  if (known) return known;
  const draws = random("face", look, variant);
  const shift = (): number => draws.uniform(-4, 4);
  const mouth = [24, -10, 4, -28, 0, 18, 0][look] as number;
  const brows = [10, 6, -8, 0, 0, -10, -4][look] as number;
  const tone = 150 + 20 * variant;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">
    <rect width="160" height="160" fill="rgb(${70 + 12 * look} ${80 + 10 * variant} 96)"/>
    <ellipse cx="${80 + shift()}" cy="84" rx="${48 + shift()}" ry="60" fill="rgb(${tone} ${tone - 24} ${tone - 44})"/>
    <g fill="#222"><circle cx="62" cy="72" r="6"/><circle cx="98" cy="72" r="6"/></g>
    <g stroke="#222" stroke-width="4" fill="none" stroke-linecap="round">
      <path d="M50 ${56 - brows / 2} L72 ${56 + brows / 2}"/><path d="M88 ${56 + brows / 2} L110 ${56 - brows / 2}"/>
      ${look === 6 ? '<ellipse cx="80" cy="112" rx="11" ry="15" fill="#422"/>' : `<path d="M56 ${112 + mouth / 3} Q80 ${112 - mouth} 104 ${112 + mouth / 3}"/>`}
    </g>
    ${heat ? '<circle cx="80" cy="106" r="34" fill="#f30" opacity=".45"/><circle cx="80" cy="106" r="18" fill="#fe0" opacity=".5"/>' : ""}
  </svg>`;
  const made = sharp(Buffer.from(svg)).resize(side).webp().toBuffer();
  kept.set(key, made);
  return made;
}

function send(response: ServerResponse, what: unknown): void {
  const isImage = Buffer.isBuffer(what) && what.subarray(8, 12).toString() === "WEBP";
  const type = isImage
    ? "image/webp"
    : Buffer.isBuffer(what)
      ? "application/octet-stream"
      : "application/json";
  response.writeHead(200, { "content-type": type, "cache-control": isImage ? "max-age=3600" : "no-store" });
  response.end(Buffer.isBuffer(what) ? what : JSON.stringify(what));
}

function sendProblem(response: ServerResponse, status: number, detail: string, code?: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: "Not done", status, detail, code }));
}

async function text(request: IncomingMessage): Promise<string> {
  let all = "";
  for await (const chunk of request.setEncoding("utf8")) all += chunk;
  return all;
}
