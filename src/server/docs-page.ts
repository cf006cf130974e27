/** The page at `/docs`: the OpenAPI document in readable form, and the meaning of every problem code. */

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

/** Renders the page; `origin` is the service's address, used in the examples. */
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
    lead: "Images in, faces with probabilities out. The service neither stores nor logs what it receives. The same in OpenAPI form: /openapi.json.",
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
    requestBody ? `<p>Body: ${escape(Object.keys(requestBody.content).join(", "))}.</p>` : "",
    rows.length > 0 ? table({ caption: "Query parameters", head: ["Name", "Value", "Meaning"], rows }) : "",
    answer?.schema
      ? details(
          "The response, as JSON Schema",
          `<pre tabindex="0">${escape(JSON.stringify(answer.schema, null, 2))}</pre>`,
        )
      : `<p class="muted">Returns ${escape(type ?? "")}.</p>`,
  ].join("\n");
}

function valuesOf({ enum: choices, type, minimum, maximum, default: usual }: Json): string {
  const values = Array.isArray(choices)
    ? choices.join(" or ")
    : `${String(type)} from ${String(minimum)} to ${String(maximum)}`;
  return usual === undefined ? values : `${values}; usually ${JSON.stringify(usual)}`;
}

/** A problem's `type` links to its heading. */
function problemsHtml(): string {
  const entries = Object.entries(problems).map(
    ([code, { status, title }]) =>
      `<h3 id="${code}"><code>${code}</code> <span class="muted">${status}</span></h3>\n<p>${escape(title)}.</p>`,
  );
  return `<p>A failed request returns <code>application/problem+json</code>. The meaning of its <code>code</code> never changes; <code>detail</code> states what was wrong and what is valid.</p>\n${entries.join("\n")}`;
}
