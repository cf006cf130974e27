/** `docs/reference/recipes.md`: the fields of a recipe from its schema, and the values of the built-in recipes. */

import { z } from "zod";
import { type Recipe, recipeSchema } from "../../src/train/recipe.ts";
import { type RecipeOptions, recipes, startingPoint } from "../../src/train/recipes.ts";
import { type Node, parsed, type Source } from "./comments.ts";
import { code, opening, plain, table } from "./markdown.ts";

/** A field without subfields. */
interface Field {
  /** `augmentation.affine.scale`. */
  readonly path: string;
  readonly schema: z.ZodType;
}

/** Data set sizes for which the table shows the values of `adapt`, which depend on the size. */
const adaptFor = [1000, 28_273];

export function recipesPage(): string {
  const { phases, ...around } = recipeSchema.shape;
  const phase = (phases as unknown as z.ZodArray<z.ZodObject>).element.shape;
  const meanings = { ...fieldDocs("recipeSchema"), ...augmentationDocs() };
  const { optimizer, schedule, cuts: _, cutsPerEpoch: __, earlierEpochs: ___, ...plainPhase } = phase;
  const { loss, ...plainAround } = around;
  return `${[
    opening(
      "Recipe fields and values",
      "For people who write or change a recipe. [Recipes](../recipes.md) gives the reason of each number, and shows how to write your " +
        "own file. Every field can be set on the command line: `--set augmentation.erasing=null`, `--set phases.all.epochs=5`.",
    ),
    "## Fields of a recipe",
    "The default is that of a recipe file that extends no other, to four digits. `null` in place of the numbers below `randomResizedCrop`, `affine`, " +
      "`perspective` or `erasing` switches that change off.",
    fieldTable(fieldsOf(plainAround), meanings, startingPoint({})),
    "## Fields of a phase",
    fieldTable(fieldsOf(plainPhase), fieldDocs("phaseSchema"), {}),
    "### Optimizers",
    "`optimizer.type` chooses one.",
    variantTable(optimizer as z.ZodType),
    "### Schedules",
    '`schedule.type` chooses one. Default: `{ "type": "constant" }`.',
    variantTable(schedule as z.ZodType),
    "### Losses",
    '`loss.type` chooses one. Default: `{ "type": "crossEntropy" }`. It belongs to the recipe, not to a phase.',
    variantTable(loss),
    "## The recipes that ship with vultus",
    `\`adapt\` follows the number of training images; the table shows it for ${adaptFor.map((n) => n.toLocaleString("en")).join(" and ")}.`,
    valuesTable(),
    "Their phases:",
    phasesTable(),
    "Fields with the same value in all recipes are left out of both tables.",
  ].join("\n\n")}\n`;
}

/** The schema of a field without the wrappers that only make it optional. */
function inside(schema: z.ZodType): z.ZodType {
  const wrapped =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable;
  return wrapped ? inside(schema.unwrap() as z.ZodType) : schema;
}

/** Every field of a shape, including those of nested objects. */
function fieldsOf(shape: Readonly<Record<string, unknown>>, prefix = ""): Field[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const inner = inside(schema as z.ZodType);
    const path = `${prefix}${name}`;
    return inner instanceof z.ZodObject
      ? fieldsOf(inner.shape, `${path}.`)
      : [{ path, schema: schema as z.ZodType }];
  });
}

function fieldTable(
  fields: readonly Field[],
  meanings: Readonly<Record<string, string>>,
  usual: object,
): string {
  const rows = fields.map(({ path, schema }) => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    const value = valueAt(usual, path) ?? defaultOf(schema);
    const meaning = meanings[path] ?? meanings[parent] ?? "";
    return [code(path), validOf(schema), value === undefined ? "" : code(shown(value)), plain(meaning)];
  });
  return table(["field", "valid", "default", "meaning"], rows);
}

/** The variants of a union by `type`, with the numbers of each. */
function variantTable(schema: z.ZodType): string {
  const variants = (inside(schema) as z.ZodDiscriminatedUnion<z.ZodObject[]>).options;
  const rows = variants.flatMap((variant) => {
    const { type, ...fields } = variant.shape;
    const name = code(String((type as z.ZodLiteral).value));
    const numbers = fieldsOf(fields);
    if (numbers.length === 0) return [[name, "", "", ""]];
    return numbers.map(({ path, schema: field }, i) => {
      const value = defaultOf(field);
      return [i === 0 ? name : "", code(path), validOf(field), value === undefined ? "" : code(shown(value))];
    });
  });
  return table(["type", "field", "valid", "default"], rows);
}

/** The error message of the schema for a wrong value. */
function validOf(schema: z.ZodType): string {
  const { error } = schema.safeParse(Symbol("wrong"));
  const message = error?.issues[0]?.message ?? "";
  return plain(message.replace(/^must be /, "").replace(/\.$/, ""));
}

/** The value of a field that is left out; undefined if it is required, or may be absent. */
function defaultOf(schema: z.ZodType): unknown {
  return schema.safeParse(undefined).data;
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], value);
}

interface Resolved {
  readonly title: string;
  readonly recipe: Recipe;
}

/** Each recipe with every default filled in. */
function resolved(): Resolved[] {
  return Object.keys(recipes).flatMap((name) => {
    const made = (options: RecipeOptions): Recipe => recipeSchema.parse(recipes[name]?.(options));
    return name === "adapt"
      ? adaptFor.map((images) => ({
          title: `adapt, ${images.toLocaleString("en")} images`,
          recipe: made({ images }),
        }))
      : [{ title: name, recipe: made({}) }];
  });
}

/** The settings of the recipes outside their phases, one column per recipe; without values that all share. */
function valuesTable(): string {
  const all = resolved();
  const { phases: _, name: __, ...around } = recipeSchema.shape;
  const rows = fieldsOf(around)
    .map(({ path }) => [code(path), ...all.map(({ recipe }) => shown(valueAt(recipe, path)))])
    .filter(([, ...values]) => isVaried(values));
  return table(["field", ...all.map(({ title }) => title)], rows);
}

const phaseColumns = [
  "train",
  "epochs",
  "patience",
  "inputScale",
  "batchNorm",
  "optimizer.type",
  "optimizer.learningRate",
  "optimizer.weightDecay",
  "stageDecay",
  "clipNorm",
  "ema",
];

/** One row per phase; without values that all share. */
function phasesTable(): string {
  const rows = resolved().flatMap(({ title, recipe }) =>
    recipe.phases.map((phase, i) => ({ title: i === 0 ? title : "", phase })),
  );
  const columns = phaseColumns
    .map((path) => ({ path, cells: rows.map(({ phase }) => shown(valueAt(phase, path))) }))
    .filter(({ cells }) => isVaried(cells));
  const cells = rows.map(({ title, phase }, i) => [
    title,
    phase.name,
    ...columns.map((column) => column.cells[i] as string),
    numbersOf(phase.schedule),
  ]);
  return table(["recipe", "phase", ...columns.map(({ path }) => code(path)), code("schedule")], cells);
}

const isVaried = (values: readonly string[]): boolean => new Set(values).size > 1;

/** `cosine, warmup 1, minimumFactor 0`. */
function numbersOf({ type, ...numbers }: { readonly type: string }): string {
  return [type, ...Object.entries(numbers).map(([name, value]) => `${name} ${shown(value)}`)].join(", ");
}

/** A value in a cell; long numbers are shortened to four digits, since only computed values are longer. */
function shown(value: unknown): string {
  if (value === undefined) return "off";
  const rounded = JSON.stringify(value, (_, part) =>
    typeof part === "number" ? Number(part.toPrecision(4)) : part,
  );
  return rounded.replaceAll('"', "").replaceAll(",", ", ");
}

/** Doc comments of the fields of a schema in `src/train/recipe.ts`. */
function fieldDocs(schema: string): Record<string, string> {
  const source = parsed("src/train/recipe.ts");
  // `const schema = object({ … })`.
  const { init } = declared(source, schema) as unknown as { init: { arguments: [Node] } };
  const members = (init.arguments[0].properties as Node[]).map((member) => [
    nameOf(member),
    source.docOf(member),
  ]);
  return Object.fromEntries(members) as Record<string, string>;
}

/** Doc comments of the fields of `Augmentation`, by their paths in a recipe. */
function augmentationDocs(): Record<string, string> {
  const source = parsed("src/augment/settings.ts");
  const { body } = declared(source, "Augmentation") as unknown as { body: { body: Node[] } };
  const docs: Record<string, string> = {};
  let last = "";
  for (const member of body.body) {
    // A field without a comment shares that of the field above it, as `contrast` does with `brightness`.
    last = source.docOf(member) || last;
    docs[`augmentation.${nameOf(member)}`] = last;
  }
  return docs;
}

/** An exported interface or constant. @throws if the file exports none of this name. */
function declared(source: Source, name: string): Node {
  for (const { declaration } of source.statements) {
    const node = declaration as Node | null | undefined;
    const nodes = (node?.declarations as Node[] | undefined) ?? (node ? [node] : []);
    const found = nodes.find(({ id }) => (id as Node).name === name);
    if (found) return found;
  }
  throw new Error(`${name} is not declared there`);
}

const nameOf = (member: Node): string => String((member.key as Node).name);
