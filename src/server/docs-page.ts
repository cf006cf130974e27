/** The page at `/docs`: the OpenAPI document as something to read, and every problem code with its meaning. */

import { details, table } from "../report/html.ts";
import { escape, page, section } from "../report/page.ts";
import type { Json } from "./openapi.ts";
import { problems } from "./problems.ts";

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { name: string; description: string; schema: Json }[];
  readonly requestBody?: { readonly content: Json };
  readonly responses: Readonly<Record<string, { content: Readonly<Record<string, { schema?: Json }>> }>>;
}

const examples = `curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" ORIGIN/v1/predict
curl -F a=@one.jpg -F b=@two.jpg "ORIGIN/v1/predict?threshold=0.5"
echo "{\\"pictures\\": [\\"$(base64 -w0 photo.jpg)\\"]}" | curl --json @- ORIGIN/v1/predict`;

/** `origin` is how the reader reaches the service, for the examples. */
export function docsPage(document: Json, origin: string): string {
  const paths = document.paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = [
    {
      id: "examples",
      title: "Examples",
      html: `<pre tabindex="0">${escape(examples.replaceAll("ORIGIN", origin))}</pre>`,
    },
    ...routes.map(({ path, method, operation }) => ({
      id: `${method}${path.replaceAll("/", "-")}`,
      title: `${method.toUpperCase()} ${path}`,
      html: operationHtml(operation),
    })),
    { id: "problems", title: "Problems", html: problemsHtml() },
  ];
  return page({
    title: "The HTTP service",
    kicker: "vultus",
    lead: "Images in, faces with probabilities out. Nothing that is sent here is kept or logged. The same as OpenAPI: /openapi.json.",
    body: sections.map(section).join("\n"),
    contents: sections,
    style: "section h3 { scroll-margin-top: 1.5rem; }",
  });
}

function operationHtml({ summary, parameters = [], requestBody, responses }: Operation): string {
  const rows = parameters.map(({ name, description, schema }) => [name, valuesOf(schema), description]);
  const [type, answer] = Object.entries(responses["200"]?.content ?? {})[0] ?? [];
  return [
    `<p>${escape(summary)}.</p>`,
    requestBody ? `<p>The body: ${escape(Object.keys(requestBody.content).join(", "))}.</p>` : "",
    rows.length > 0 ? table({ caption: "In the address", head: ["Name", "Value", "Meaning"], rows }) : "",
    answer?.schema
      ? details(
          "The answer, as JSON Schema",
          `<pre tabindex="0">${escape(JSON.stringify(answer.schema, null, 2))}</pre>`,
        )
      : `<p class="muted">Answers ${escape(type ?? "")}.</p>`,
  ].join("\n");
}

function valuesOf({ enum: choices, type, minimum, maximum, default: usual }: Json): string {
  const values = Array.isArray(choices)
    ? choices.join(" or ")
    : `${String(type)} from ${String(minimum)} to ${String(maximum)}`;
  return usual === undefined ? values : `${values}; usually ${JSON.stringify(usual)}`;
}

/** A problem's `type` leads to its heading. */
function problemsHtml(): string {
  const entries = Object.entries(problems).map(
    ([code, { status, title }]) =>
      `<h3 id="${code}"><code>${code}</code> <span class="muted">${status}</span></h3>\n<p>${escape(title)}.</p>`,
  );
  return `<p>A request without a result is answered with <code>application/problem+json</code>. Its <code>code</code> never changes its meaning; <code>detail</code> says what was found and what is valid.</p>\n${entries.join("\n")}`;
}
