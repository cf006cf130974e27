/** The runs over HTTP: `/v1/runs`, one of them, its stream of events, and its watched images. */

import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../problems.ts";
import { openBook } from "./book.ts";
import type { WatchedRun } from "./find.ts";
import type { End } from "./protocol.ts";
import { type StreamSettings, streamRuns, usualStream } from "./stream.ts";
import { watchedPicture } from "./watched-picture.ts";

export interface RunsSettings {
  /** Run folders, and folders of such. */
  readonly paths: readonly string[];
  /** Streams that are open at a time. */
  readonly mostStreams?: number;
  readonly stream?: StreamSettings;
  /** What clients are told when the server closes. */
  readonly end?: () => End;
}

/** Milliseconds that clients have to take their last message. */
const LAST_WORDS = 3000;

/** Runs that one stream can follow. */
const MOST_FOLLOWED = 20;

/** The plugin. It answers for no other folder than those of `paths`: an id is looked up, and never becomes part of a path. */
export async function runs(app: FastifyInstance, settings: RunsSettings): Promise<void> {
  const { paths, mostStreams = 64, stream = usualStream, end = () => ({ over: false }) } = settings;
  const book = openBook(paths);
  const closing = new AbortController();
  const streams = new Set<Promise<void>>();
  const raws = new Set<ServerResponse>();
  app.addHook("preClose", async () => {
    closing.abort(end());
    // A client that has stopped reading would never take its last message.
    const patience = setTimeout(() => raws.forEach((raw) => raw.destroy()), LAST_WORDS);
    await Promise.all(streams);
    clearTimeout(patience);
  });

  const found = async (id: string): Promise<WatchedRun> => {
    const run = await book.find(id);
    if (!run)
      throw new Problem(
        "not_found",
        `no run ${JSON.stringify(id)} is watched; /v1/runs lists those that are`,
      );
    return run;
  };

  app.get("/v1/runs", () => book.list());

  app.get("/v1/runs/:id", async (request: FastifyRequest<{ Params: { id: string } }>) =>
    book.snapshot(await found(request.params.id)),
  );

  app.get(
    "/v1/runs/:ids/events",
    async (
      request: FastifyRequest<{ Params: { ids: string }; Querystring: { after?: string | string[] } }>,
      reply,
    ) => {
      const ids = [...new Set(request.params.ids.split(","))];
      if (ids.length > MOST_FOLLOWED)
        throw new Problem(
          "invalid_request",
          `${ids.length} runs were asked for; a stream follows ${MOST_FOLLOWED} at most`,
        );
      const followed = await Promise.all(ids.map(found));
      if (closing.signal.aborted) throw new Problem("shutting_down", "the server is closing", 5);
      if (streams.size >= mostStreams)
        throw new Problem("queue_full", `${streams.size} streams are open, and no more are served`, 10);
      const { after = "" } = request.query;
      const cursor = request.headers["last-event-id"] ?? after;
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=utf-8",
        // Kept alive, it would outlive its server by a minute.
        connection: "close",
        // A proxy that keeps what it has until it has more would hold the curves back.
        "x-accel-buffering": "no",
      });
      const done = streamRuns(raw, book, followed, String(cursor), closing.signal, stream)
        .catch((error: unknown) => {
          request.log.error({ err: error }, "a stream of events failed");
          raw.destroy();
        })
        .finally(() => {
          streams.delete(done);
          raws.delete(raw);
        });
      streams.add(done);
      raws.add(raw);
    },
  );

  app.get(
    "/v1/runs/:id/watched/:number",
    async (request: FastifyRequest<{ Params: { id: string; number: string } }>, reply) => {
      const run = await found(request.params.id);
      const number = /^\d{1,3}$/.test(request.params.number) ? Number(request.params.number) : -1;
      const { state } = await book.snapshot(run);
      const picture = state.start?.watched[number] && (await watchedPicture(run.folder, number));
      if (!picture)
        throw new Problem("not_found", `run ${run.id} has no watched image ${request.params.number}`);
      return reply.type("image/webp").send(picture);
    },
  );
}
