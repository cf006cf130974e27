/** A review over HTTP: images, their data and the decisions. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { nearest } from "../../audit/nearest.ts";
import type { Features } from "../../audit/out-of-sample.ts";
import type { Picture } from "../../data/dataset.ts";
import type { PixelCache } from "../../data/pixel-cache.node.ts";
import { sharp } from "../../util/sharp.node.ts";
import { Problem } from "../problems.ts";
import { checked } from "../schemas.ts";
import type { DecisionBook } from "./decision-book.ts";
import type {
  Decision,
  DecisionRequest,
  Neighbours,
  ReviewImage,
  ReviewMap,
  ReviewSet,
  ReviewState,
} from "./protocol.ts";

/** The review. */
export interface Review {
  /** The data that clients receive, except for decisions. */
  readonly set: Omit<ReviewSet, "images" | "looks" | "features" | "undoable" | "version">;
  readonly images: readonly Omit<ReviewImage, "decision">[];
  readonly pixels: Pick<PixelCache, "get" | "hashes">;
  readonly book: DecisionBook;
  /** Returns a heat map that shows where the model looked in an image. */
  readonly look?: ((image: number) => Promise<Picture>) | undefined;
  /** The model's features of all images, rows of length 1; computed once. */
  readonly features?: (() => Promise<Features>) | undefined;
}

const NEIGHBOURS = 8;
/** Maximum number of images on the map; the layout of more takes minutes. */
const MOST_ON_MAP = 5000;
/** Number of these that come from the front of the order; the others are a sample of the rest. */
const FIRST_ON_MAP = 1000;
const MOST_DECIDED = 100_000;

const sideSchema = z.object({ side: z.coerce.number().int().min(32).max(1024).default(512) });
const requestSchema = z.strictObject({
  images: z.array(z.number().int().min(0)).min(1).max(MOST_DECIDED),
  decision: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("keep") }),
    z.strictObject({ kind: z.literal("relabel"), label: z.string() }),
    z.strictObject({ kind: z.literal("leave out") }),
  ]),
}) satisfies z.ZodType<DecisionRequest>;

type Indexed = FastifyRequest<{ Params: { index: string } }>;

/** The plugin. It serves only the images of the review: an index is looked up, and never becomes part of a path. */
export async function reviewRoutes(app: FastifyInstance, review: Review): Promise<void> {
  const { set, images, pixels, book, look, features } = review;
  const indexIn = ({ params: { index } }: Indexed): number => {
    const image = /^\d{1,9}$/.test(index) ? Number(index) : -1;
    if (!images[image])
      throw new Problem("not_found", `there is no image ${index}; there are ${images.length}`);
    return image;
  };
  // Without a blind split, no image is blind.
  const isBlind = (image: number): boolean => images[image]?.split === set.blind;
  const refuseBlind = (image: number): void => {
    if (isBlind(image)) throw new Problem("not_found", "this image is reviewed blind");
  };
  const featuresOf = async (): Promise<Features> => {
    if (!features) throw new Problem("not_found", "without a model there are no features");
    return features();
  };

  const stateNow = (): ReviewState => ({ id: set.id, version: book.version });
  app.addHook("onRequest", async ({ method, query }) => {
    const { review: asked } = query as { readonly review?: unknown };
    if (asked === undefined && method !== "POST") return;
    if (asked === undefined) throw new Problem("invalid_request", "?review= must name the review, its id");
    if (asked !== set.id)
      throw new Problem("other_review", `this server reviews ${set.sources.join(", ")}; reload the page`);
  });

  app.get("/v1/review/state", stateNow);

  app.get("/v1/review", (): ReviewSet => {
    const now = images.map((image, index): ReviewImage => {
      const decision = book.decisionOn(index);
      return { ...image, ...(decision && { decision }) };
    });
    const { undoable } = book;
    return {
      ...set,
      ...stateNow(),
      images: now,
      looks: look !== undefined,
      features: features !== undefined,
      undoable,
    };
  });

  app.get("/v1/review/images/:index", async (request: Indexed, reply) => {
    const image = indexIn(request);
    const { side } = checked(sideSchema, request.query, "query");
    return sendPicture(reply, request, `"${pixels.hashes[image]}-${side}"`, () =>
      webp(pixels.get(image), side),
    );
  });

  app.get("/v1/review/images/:index/heat", async (request: Indexed, reply) => {
    const image = indexIn(request);
    refuseBlind(image);
    if (!look) throw new Problem("not_found", "there is no model");
    return sendPicture(reply, request, `"${pixels.hashes[image]}-heat"`, async () =>
      webp(await look(image), 512),
    );
  });

  app.get("/v1/review/images/:index/neighbours", async (request: Indexed): Promise<Neighbours> => {
    const image = indexIn(request);
    refuseBlind(image);
    return { neighbours: nearest(await featuresOf(), image, NEIGHBOURS, (other) => !isBlind(other)) };
  });

  const onMap = mapImages(set.order.filter((image) => !isBlind(image)));
  app.get(
    "/v1/review/map",
    async (): Promise<ReviewMap> => ({ images: onMap, width: (await featuresOf()).width }),
  );

  app.get("/v1/review/map/features", async (_, reply) => {
    const { rows, width } = await featuresOf();
    const chosen = new Float32Array(onMap.length * width);
    for (const [at, image] of onMap.entries())
      chosen.set(rows.subarray(image * width, (image + 1) * width), at * width);
    return reply.type("application/octet-stream").send(Buffer.from(chosen.buffer));
  });

  /** If several images get one label, some of them may already have it. */
  const decisionOn = (image: number, decision: Decision): Decision => {
    const { label } = images[image] as ReviewImage;
    const isOwn = decision.kind === "relabel" && label !== undefined && decision.label === set.classes[label];
    return isOwn ? { kind: "keep" } : decision;
  };

  app.post("/v1/review/decisions", (request) => {
    const { images: chosen, decision } = checked(requestSchema, request.body, "body");
    const unknown = chosen.find((image) => !images[image]);
    if (unknown !== undefined)
      throw new Problem("invalid_request", `there is no image ${unknown}; there are ${images.length}`);
    if (decision.kind === "relabel" && !set.classes.includes(decision.label))
      throw new Problem(
        "invalid_request",
        `there is no class "${decision.label}"; valid: ${set.classes.join(", ")}`,
      );
    if (decision.kind === "keep" && chosen.some((image) => images[image]?.label === undefined))
      throw new Problem("invalid_request", "this image has no label to keep");
    return book.decide(new Map(chosen.map((image) => [image, decisionOn(image, decision)])));
  });

  app.post("/v1/review/undo", () => book.undo());
}

/** Returns the front of the order, and images at equal steps after it. */
function mapImages(order: readonly number[]): number[] {
  if (order.length <= MOST_ON_MAP) return [...order];
  const rest = order.length - FIRST_ON_MAP;
  const wanted = MOST_ON_MAP - FIRST_ON_MAP;
  const sample = Array.from(
    { length: wanted },
    (_, i) => order[FIRST_ON_MAP + Math.floor((i * rest) / wanted)] as number,
  );
  return [...order.slice(0, FIRST_ON_MAP), ...sample];
}

/**
 * After a restart the URL of an image may refer to another image. Clients therefore revalidate, and get no bytes if the image is
 * the same.
 */
async function sendPicture(
  reply: FastifyReply,
  request: FastifyRequest,
  tag: string,
  make: () => Promise<Buffer>,
): Promise<FastifyReply> {
  void reply.headers({ etag: tag, "cache-control": "private, no-cache" });
  if (request.headers["if-none-match"] === tag) return reply.code(304).send();
  return reply.type("image/webp").send(await make());
}

function webp({ pixels, width, height, channels }: Picture, side: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels } })
    .resize({ width: side, height: side, fit: "inside", withoutEnlargement: true })
    .webp({ quality: 90 })
    .toBuffer();
}
