/** The HTTP routes for runs: `/v1/runs`, single runs, their event streams, and their watched images. */

import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../problems.ts";
import { openBook } from "./book.ts";
import type { WatchedRun } from "./find.ts";
import type { End } from "./protocol.ts";
import { type StreamSettings, streamRuns, usualStream } from "./stream.ts";
import { watchedPicture } from "./watched-picture.ts";

export interface RunsSettings {
  /** Run folders, and folders that contain them. */
  readonly paths: readonly string[];
  /** Maximum number of open streams. */
  readonly mostStreams?: number;
  readonly stream?: StreamSettings;
  /** Returns the last message to clients when the server closes. */
  readonly end?: () => End;
}

/** Milliseconds that clients have to receive the last message. */
const LAST_WORDS = 3000;

/** Maximum number of runs per stream. */
const MOST_FOLLOWED = 20;

/** The plugin. It serves only the folders in `paths`: an id is looked up, and never becomes part of a path. */
export async function runs(app: FastifyInstance, settings: RunsSettings): Promise<void> {
  const { paths, mostStreams = 64, stream = usualStream, end = () => ({ over: false }) } = settings;
  const book = openBook(paths);
  const closing = new AbortController();
  const streams = new Set<Promise<void>>();
  const raws = new Set<ServerResponse>();
  app.addHook("preClose", async () => {
    closing.abort(end());
    // A client that has stopped reading would never receive its last message.
    const patience = setTimeout(() => raws.forEach((raw) => raw.destroy()), LAST_WORDS);
    await Promise.all(streams);
    clearTimeout(patience);
  });

  const found = async (id: string): Promise<WatchedRun> => {
    const run = await book.find(id);
    if (!run)
      throw new Problem(
        "not_found",
        `no run ${JSON.stringify(id)} is being watched; /v1/runs lists the watched runs`,
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
          `${ids.length} runs were requested; a stream can follow at most ${MOST_FOLLOWED}`,
        );
      const followed = await Promise.all(ids.map(found));
      if (closing.signal.aborted) throw new Problem("shutting_down", "the server is shutting down", 5);
      if (streams.size >= mostStreams)
        throw new Problem("queue_full", `${streams.size} streams are already open, which is the limit`, 10);
      const { after = "" } = request.query;
      const cursor = request.headers["last-event-id"] ?? after;
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=utf-8",
        // A keep-alive connection would outlive its server by a minute.
        connection: "close",
        // A buffering proxy would delay the curves.
        "x-accel-buffering": "no",
      });
      const done = streamRuns(raw, book, followed, String(cursor), closing.signal, stream)
        .catch((error: unknown) => {
          request.log.error({ err: error }, "event stream failed");
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
