/** Builds the OpenAPI document from the routes' own descriptions and the schemas that validate requests. */

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Limits } from "./limits.ts";
import { type ProblemCode, problems, problemType } from "./problems.ts";
import { jsonBodySchema, problemSchema } from "./schemas.ts";

/** The description of a route. Its response is JSON of this schema, or text of this media type. */
export interface RouteDoc {
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** Whether the request body contains images. */
  readonly pictures?: boolean;
  readonly answer: z.ZodType | string;
  readonly problems?: readonly ProblemCode[];
}

declare module "fastify" {
  interface FastifyContextConfig {
    doc?: RouteDoc;
  }
}

/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

export interface OpenApiOptions {
  readonly version: string;
  readonly limits: Limits;
  readonly token: boolean;
}

/** Collects all routes added after this call. The returned function builds the document. */
export function collectRoutes(app: FastifyInstance, options: OpenApiOptions): () => Json {
  const paths: Record<string, Record<string, Json>> = {};
  app.addHook("onRoute", ({ url, method, config }) => {
    if (!config?.doc) return;
    for (const one of [method].flat())
      if (one !== "HEAD") paths[url] = { ...paths[url], [one.toLowerCase()]: operation(config.doc, options) };
  });
  return () => ({
    openapi: "3.1.0",
    info: {
      title: "vultus",
      version: options.version,
      description:
        "Finds the faces in images and classifies their expressions. The service neither stores nor logs images.",
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema) },
      ...(options.token ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
    ...(options.token ? { security: [{ token: [] }] } : {}),
  });
}

function operation(
  { summary, query, pictures, answer, problems = [] }: RouteDoc,
  options: OpenApiOptions,
): Json {
  const content =
    typeof answer === "string" ? { [answer]: {} } : { "application/json": { schema: schemaOf(answer) } };
  return {
    summary,
    ...(query ? { parameters: parametersOf(query) } : {}),
    ...(pictures ? { requestBody: { required: true, content: bodiesOf(options.limits) } } : {}),
    responses: { 200: { description: "The result", content }, ...refusals(problems, options.token) },
  };
}

function parametersOf(query: z.ZodObject): Json[] {
  const { properties } = schemaOf(query) as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    description,
    schema,
  }));
}

/** The three forms of a body with images (`bodies.ts`). */
function bodiesOf({ pictures }: Limits): Json {
  const file = { type: "string", contentMediaType: "image/*" };
  return {
    "image/*": { schema: file },
    "application/octet-stream": { schema: file },
    "multipart/form-data": {
      schema: {
        type: "object",
        properties: { picture: { type: "array", items: file, minItems: 1, maxItems: pictures } },
      },
    },
    "application/json": { schema: schemaOf(jsonBodySchema) },
  };
}

/** Returns one response per status, which lists its codes. */
function refusals(codes: readonly ProblemCode[], token: boolean): Json {
  const statuses = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    if (code === "unauthorized" && !token) continue;
    const { status } = problems[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  const content = { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } };
  return Object.fromEntries(
    [...statuses].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${problems[code].title}.`).join(" "),
        ...(status === 503 ? { headers: { "Retry-After": { schema: { type: "integer" } } } } : {}),
        content,
      },
    ]),
  );
}

/** Converts to JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
}
