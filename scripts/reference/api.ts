/**
 * `docs/reference/api/`: what each entry of the package exports, with types and doc comments, from the declarations that the
 * compiler writes. A page for each section of `src/index.ts`, and one for each other entry.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Node, parsed, type Source } from "./comments.ts";
import { code, fence, opening, table } from "./markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** An export of an entry. */
interface Exported {
  readonly name: string;
  readonly isType: boolean;
  /** One per overload. */
  readonly declarations: readonly { readonly text: string; readonly doc: string }[];
}

interface Section {
  readonly file: string;
  readonly title: string;
  /** The entry that programs import it from. */
  readonly from: string;
  readonly introduction: string;
  readonly exported: readonly Exported[];
}

/** The sections that most programs need, and only those. */
const neededFirst = ["The main jobs", "Photos"];

/** The pages by their names in `docs/reference/api/`. */
export function apiPages(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-api-"));
  try {
    const compiler = join(
      dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
      "bin/tsc",
    );
    execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", folder], {
      cwd: root,
    });
    const sections = [
      ...mainSections(folder),
      entrySection(folder, "web", "vultus/web", "In a browser"),
      entrySection(folder, "server", "vultus/server", "The HTTP service"),
      entrySection(folder, "element", "vultus/element", "The camera element"),
    ];
    return new Map([
      ["index.md", overview(sections)],
      ...sections.map((section): [string, string] => [section.file, sectionPage(section, sections)]),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The sections of the main entry: the exports after each of its line comments. */
function mainSections(folder: string): Section[] {
  const [, ...parts] = readFileSync(join(root, "src/index.ts"), "utf8").split(/^\/\/ /m);
  const entry = parsed(join(folder, "index.d.ts"));
  const sections = parts.map((part) => {
    const [comment = "", ...code] = part.split("\n");
    const title = (/^[^:,;.]+/.exec(comment)?.[0] ?? comment).trim();
    const names = new Set(exportsOf(code.join("\n")));
    return {
      file: `${title.toLowerCase().replaceAll(" ", "-")}.md`,
      title,
      from: "vultus",
      introduction: comment,
      exported: exportedBy(entry, folder).filter(({ name }) => names.has(name)),
    };
  });
  const isFirst = ({ title }: Section): boolean => neededFirst.includes(title);
  return [...sections.filter(isFirst), ...sections.filter((section) => !isFirst(section))];
}

function entrySection(folder: string, name: string, from: string, title: string): Section {
  const entry = parsed(join(folder, `${name}.d.ts`));
  const introduction =
    /^\/\*\*(.*?)\*\//s
      .exec(entry.text)?.[1]
      ?.replace(/^\s*\* ?/gm, "")
      .trim() ?? "";
  return { file: `${name}.md`, title, from, introduction, exported: exportedBy(entry, folder) };
}

/** The names that a piece of source exports from other files. */
function exportsOf(text: string): string[] {
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((item) => /(\w+)\s*$/.exec(item)?.[1] ?? "")
      .filter((name) => name !== ""),
  );
}

/** All exports of a module, values first, each group by name. */
function exportedBy(source: Source, folder: string): Exported[] {
  const exported = new Map<string, Exported>();
  for (const statement of source.statements) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const { exported: to } of (statement.specifiers ?? []) as { exported: Node }[])
      exported.set(String(to.name), found(source, String(to.name), folder));
    for (const name of namesOf(statement.declaration)) exported.set(name, found(source, name, folder));
  }
  return [...exported.values()].sort(
    (a, b) => Number(a.isType) - Number(b.isType) || a.name.localeCompare(b.name, "en"),
  );
}

/** The declaration that a module exports as `name`, wherever it is. @throws if there is none. */
function found(source: Source, name: string, folder: string): Exported {
  const own = source.statements.filter((one) => namesOf(one.declaration).includes(name));
  const [first] = own;
  if (first) {
    const elsewhere = /^export declare const \w+: typeof import\("(.+)"\)\.(\w+);$/.exec(
      textOf(source, first),
    );
    if (elsewhere?.[1] && elsewhere[2])
      return { ...follow(source, elsewhere[1], elsewhere[2], folder), name };
    const isType = /^TS(Interface|TypeAlias)/.test((first.declaration as Node).type);
    const declarations = own.map((one) => ({
      text: declarationOf(textOf(source, one)),
      doc: source.docOf(one),
    }));
    return { name, isType, declarations };
  }
  for (const statement of source.statements) {
    const specifiers = (statement.specifiers ?? []) as { exported?: Node; imported?: Node; local: Node }[];
    const from = (statement.source as { value?: string } | null | undefined)?.value;
    const match = specifiers.find((one) => (one.exported ?? one.local).name === name);
    if (!match) continue;
    const inside = String((match.imported ?? match.local).name);
    if (from) return { ...follow(source, from, inside, folder), name };
    if (inside !== name) return { ...found(source, inside, folder), name };
  }
  throw new Error(`${name} is declared nowhere`);
}

function follow(source: Source, specifier: string, name: string, folder: string): Exported {
  const file = join(dirname(source.path), specifier.replace(/\.ts$/, ".d.ts"));
  return found(parsed(file), name, folder);
}

/** The names that a declaration declares. */
function namesOf(declaration: unknown): string[] {
  const node = declaration as Node | null | undefined;
  if (!node) return [];
  const declared = (node.declarations as Node[] | undefined) ?? [node];
  return declared.map(({ id }) => String((id as Node).name));
}

const textOf = (source: Source, node: Node): string => source.text.slice(node.start, node.end);

/** A declaration as a page shows it. */
function declarationOf(text: string): string {
  return text
    .replace(/^export (declare )?/, "")
    .replace(/^ {4}#private;\n/m, "")
    .replace(/import\("[^"]+"\)\./g, "")
    .replace(/^( {4})+/gm, (indent) => indent.slice(indent.length / 2));
}

function overview(sections: readonly Section[]): string {
  const rows = sections.map(({ title, file, from, introduction }) => [
    `[${title}](${file})`,
    code(`import … from "${from}"`),
    prose(introduction.replace(/\s+/g, " ")),
  ]);
  return `${[
    opening(
      "Library",
      "For people who call vultus from a program and look up a type. [Use vultus as a library](../../how-to/library.md) shows how the " +
        "calls belong together.",
    ),
    table(["part", "import", "content"], rows),
    ...sections.map(({ title, file, exported }) =>
      [`## ${title}`, exported.map(({ name }) => `[${code(name)}](${file}#${name})`).join(", ")].join("\n\n"),
    ),
  ].join("\n\n")}\n`;
}

function sectionPage(section: Section, sections: readonly Section[]): string {
  const entries = section.exported.map((one) => {
    const docs = one.declarations.map(({ doc }) => doc).filter((doc) => doc !== "");
    return [
      `## ${one.name} {#${one.name}}`,
      ...docs.map(prose),
      fence(one.declarations.map(({ text }) => text).join("\n"), "ts"),
      ...mentioned(one, section, sections),
    ].join("\n\n");
  });
  const introduction = `${prose(section.introduction.replace(/\s+/g, " ").trim())}\n\n${code(`import … from "${section.from}"`)}`;
  // Exports may have the name of their section, so the section heading gets a different anchor.
  return `${[opening(`${section.title} {#page}`, introduction), ...entries].join("\n\n")}\n`;
}

/** Links to the names that a declaration mentions: on the same page first, then on other pages. */
function mentioned(one: Exported, section: Section, sections: readonly Section[]): string[] {
  const words = new Set(one.declarations.flatMap(({ text }) => text.match(/\b[A-Z]\w+/g) ?? []));
  words.delete(one.name);
  const links = [...words].flatMap((word) => {
    const home = [section, ...sections].find(({ exported }) => exported.some(({ name }) => name === word));
    return home ? [`[${code(word)}](${home === section ? "" : home.file}#${word})`] : [];
  });
  return links.length > 0 ? [`See ${links.join(", ")}.`] : [];
}

/** A doc comment as Markdown, with its tags as a list and HTML escaped. */
function prose(doc: string): string {
  return doc
    .replace(/^@param (\w+)\s*/gm, "- `$1`: ")
    .replace(/^@throws\s*/gm, "- Throws ")
    .replace(/^@returns\s*/gm, "- Returns ")
    .split(/(```.*?```|`[^`]*`)/s)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[<{]/g, "\\$&")))
    .join("");
}
