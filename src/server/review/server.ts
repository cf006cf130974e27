/** The server of `vultus review`: the page, the images and the decisions, for this machine alone. */

import { allowOrigins, requireLoopbackHost } from "../access.ts";
import { createApp } from "../app.ts";
import { listenOn, PortTaken } from "../listen.ts";
import { page } from "../page.ts";
import { type Review, reviewRoutes } from "./routes.ts";

export interface ReviewServer {
  /** The URL of the review page. */
  readonly url: string;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const USUAL_PORT = 8091;

/**
 * Starts the server. `port` 0 selects a free port. Default: the usual port, or a free one if another program uses it. @throws
 * UsageError if the port is taken.
 */
export async function startReview(review: Review, port?: number): Promise<ReviewServer> {
  try {
    return await reviewAt(review, port ?? USUAL_PORT);
  } catch (error) {
    if (error instanceof PortTaken && port === undefined) return reviewAt(review, 0);
    throw error;
  }
}

async function reviewAt(review: Review, port: number): Promise<ReviewServer> {
  const app = createApp({ log: false });
  requireLoopbackHost(app);
  allowOrigins(app, []);
  await app.register(reviewRoutes, review);
  await page(app, { entry: "review.html" });
  return { url: await listenOn(app, HOST, port), close: () => app.close() };
}
