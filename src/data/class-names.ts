/** Finds the class of each name in the data: by a rename, by the whole name, or by one clear word in it; or that it is not a class. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { option } from "../util/spelling.ts";
import { classKey, emotionNamed, folded, isStray, readName } from "./names.ts";

/** Names in the data, and the class that each of them means. */
export type Renames = Readonly<Record<string, string>>;

/** What a caller specifies about names in the data. */
export interface Naming {
  /** The classes of names that do not state them clearly: `{ "happy_or_content": "happy" }`. */
  readonly rename?: Renames | undefined;
  /**
   * Names that are not classes, such as `["unknown", "not_a_face"]`. Images of such a name, or most of whose votes are for it, are left
   * out; other votes for it count as people asked (`Sample.otherVotes`).
   */
  readonly notAClass?: readonly string[] | undefined;
}

export interface ClassOptions extends Naming {
  /** The classes to use, in this order. Default: all, sorted by name. */
  readonly classes?: readonly string[] | undefined;
  /** Accept classes without images, to score a model with fixed classes on a folder that has only some of them. */
  readonly allowMissing?: boolean;
  /** What a run or a data set records about names. It applies to names that occur here and that the caller does not specify. */
  readonly remembered?: Naming | undefined;
  /** Whether a word in a name can determine its class. Default: true. Versions until November 2026 matched whole names only. */
  readonly byWord?: boolean;
}

/** A name and where it was found: its source and split. */
export interface FoundName {
  readonly name: string;
  readonly place: string;
}

export interface ClassNames {
  readonly classes: readonly string[];
  /** Index of the class that a name means; undefined if that class is not used. */
  labelOf(name: string): number | undefined;
  /** Returns the meaning of a name if all classes are used. */
  usualName(name: string): string;
  /** Per class, the spellings in the data that differ from its name. */
  readonly otherSpellings: readonly (readonly string[])[];
  /** The renames that were applied. */
  readonly rename: Renames;
  /** The usual forms of the names that were declared not to be classes. */
  readonly notAClass: readonly string[];
  /** Names whose class was determined by a word in them. */
  readonly byWord: readonly string[];
}

/** A name that may mean several classes or the opposite of one, or a stray name among emotions. */
export interface UnclearName {
  readonly name: string;
  /** Empty for a stray name. */
  readonly candidates: readonly string[];
  /** Whether it is a column of votes. */
  readonly isVoted?: boolean;
}

/** Names whose class must be given by `rename`. */
export class UnclearNames extends UsageError {
  override readonly name = "UnclearNames";
  readonly names: readonly UnclearName[];

  constructor(where: string, names: readonly UnclearName[]) {
    const list = names.map(({ name, candidates }) =>
      candidates.length === 0 ? `"${name}"` : `"${name}" (${candidates.join(" or ")}?)`,
    );
    const flags = (classOf: (name: UnclearName) => string): string =>
      option("rename", Object.fromEntries(names.map((unclear) => [unclear.name, classOf(unclear)])));
    // A pasted command must not turn "not happy" into "happy".
    const isItsOwn = ({ name, candidates }: UnclearName): boolean =>
      candidates.length === 0 || readName(name).isDenied;
    const keep = `To keep ${names.length === 1 ? "it as a separate class" : "them as separate classes"}: ${flags(({ name }) => name)}`;
    const choose = `To choose it: ${flags((own) => (isItsOwn(own) ? own.name : (own.candidates[0] as string)))}`;
    const strays = names.filter(({ candidates }) => candidates.length === 0).map(({ name }) => name);
    const ways = !names.some(isItsOwn) ? [choose, keep] : names.every(isItsOwn) ? [keep] : [keep, choose];
    if (strays.length > 0)
      ways.push(
        `To leave out ${strays.length < names.length ? strays.join(", ") : strays.length === 1 ? "its images" : "their images"}: ${option("notAClass", strays)}`,
      );
    const columns = names.filter(({ candidates, isVoted }) => isVoted && candidates.length === 0);
    if (columns.length > 0)
      ways.push(
        `If a column does not contain votes, call it ${columns.map(({ name }) => `subgroup:${name}`).join(", ")}`,
      );
    super(`${where}: the class of ${list.join(", ")} is not clear. ${ways.join(". ")}`);
    this.names = names;
  }
}

/** The meaning of a name, regardless of the classes in use. */
interface Meaning {
  /** A spelling in the data; one of several. */
  readonly spelling: string;
  /** The new name, if it is renamed. */
  readonly target: string | undefined;
  /** The name, or the new name, folded. */
  readonly key: string;
  /** The emotion that it means. */
  readonly emotion: string | undefined;
  readonly isByWord: boolean;
  /** Emotions that an unclear name contains. */
  readonly unclear: readonly string[];
  /** What distinguishes it from other names of the same emotion. */
  readonly rest: string;
}

/**
 * Finds the class of every name; `where` names the sources in errors. A class in `options.classes` whose spelling equals a name
 * in the data is always that name. Names of one class in the same place, such as `happy_low` and `happy_high`, are unclear
 * unless they differ only in synonyms, signs and words such as "faces".
 *
 * @throws UsageError for an unknown or repeated class, or a missing name in `rename` or `notAClass`; UnclearNames.
 */
export function nameClasses(found: readonly FoundName[], where: string, options: ClassOptions): ClassNames {
  const { allowMissing = false, remembered = {}, byWord = true } = options;
  const spellings = new Map<string, Set<string>>();
  for (const { name } of found)
    spellings.set(folded(name), (spellings.get(folded(name)) ?? new Set()).add(name.normalize("NFC")));
  const rename = splitAtNames(options.rename ?? {}, spellings);
  checkRenames(rename, [...spellings.keys()], where);
  const targets = new Map(
    Object.entries({ ...remembered.rename, ...rename }).map(([name, target]) => [
      folded(name),
      target.trim(),
    ]),
  );
  const meanings = new Map(
    [...spellings].map(([name, written]) => [
      name,
      meaningOf([...written].sort(), targets.get(name), byWord),
    ]),
  );
  checkNotAClass(options, [...meanings.values()], where);
  const noClass = noClassOf(options);
  const isNoClass = (meaning: Meaning): boolean => namesOf(meaning).some((name) => noClass.has(name));
  const usual = [...meanings.values()]
    .filter((meaning) => !isNoClass(meaning))
    .map(usualNameOf)
    .sort();
  const available = [...new Map(usual.reverse().map((name) => [classKey(name), name])).values()].reverse();
  const classes = options.classes ?? available;
  checkTwice(classes);

  const labels = new Map<string, number | undefined>();
  const unclear = new Map<string, readonly string[]>();
  for (const [name, meaning] of meanings) {
    if (isNoClass(meaning)) continue;
    const choice =
      options.classes || meaning.unclear.length === 0 ? labelIn(classes, meaning) : meaning.unclear;
    if (typeof choice === "object") unclear.set(name, choice);
    else labels.set(name, choice);
  }
  if (!options.classes && byWord) for (const name of straysIn(meanings, isNoClass)) unclear.set(name, []);
  for (const name of sideBySide(found, labels, meanings))
    unclear.set(name, [classes[labels.get(name) as number] as string]);
  if (unclear.size > 0)
    throw new UnclearNames(
      where,
      [...unclear].map(([name, candidates]) => ({
        name: (meanings.get(name) as Meaning).spelling,
        candidates,
        ...(found.some((one) => folded(one.name) === name && one.place.startsWith("votes ")) && {
          isVoted: true,
        }),
      })),
    );
  const missing = allowMissing ? undefined : classes.find((_, i) => ![...labels.values()].includes(i));
  if (missing !== undefined)
    throw new UsageError(
      `--classes names "${missing}", which is not in ${where}. Found: ${available.join(", ")}.` +
        didYouMean(missing, available),
    );
  if (classes.length === 0 && found.length > 0)
    throw new UsageError(
      `${where}: ${option("notAClass")} leaves no class, but a classifier needs at least two; name only what is not an expression`,
    );
  if (classes.length < 2)
    throw new UsageError(
      `${where}: one class ("${classes[0]}"), but a classifier needs at least two. Found: ${available.join(", ")}. ` +
        "Expected one folder per class, such as <folder>/happy and <folder>/sad.",
    );
  const used = [...meanings].filter(([name]) => labels.get(name) !== undefined);
  return {
    classes,
    labelOf: (name) => labels.get(folded(name)),
    usualName: (name) => usualNameOf(meanings.get(folded(name)) as Meaning),
    otherSpellings: classes.map((own, i) =>
      used.flatMap(([name]) =>
        labels.get(name) === i
          ? [...(spellings.get(name) as Set<string>)].filter((spelling) => spelling !== own)
          : [],
      ),
    ),
    rename: Object.fromEntries(
      [...meanings.values()].flatMap(({ spelling, target }) =>
        target === undefined ? [] : [[spelling, target]],
      ),
    ),
    notAClass: [...new Set([...meanings.values()].filter(isNoClass).map(usualNameOf))].sort(),
    byWord: used.flatMap(([name, { spelling, key, isByWord }]) =>
      isByWord && folded(classes[labels.get(name) as number] as string) !== key ? [spelling] : [],
    ),
  };
}

/** @throws UsageError if `rename` or `notAClass`, as given by a program, has the wrong type. */
export function checkNaming({ rename = {}, notAClass = [] }: Naming): void {
  const isRecord = typeof rename === "object" && rename !== null && !Array.isArray(rename);
  if (!isRecord || !Object.values(rename).every((target) => typeof target === "string"))
    throw new UsageError(
      `rename is ${JSON.stringify(rename)}; it must be an object that maps names to names`,
    );
  if (!Array.isArray(notAClass) || !notAClass.every((name) => typeof name === "string"))
    throw new UsageError(`notAClass is ${JSON.stringify(notAClass)}; it must be a list of strings`);
}

/**
 * Returns the ways to split each rename into a name and its class, the given one first: on a command line both may contain
 * `=`.
 */
function splitsOf(rename: Renames): (readonly (readonly [name: string, target: string])[])[] {
  return Object.entries(rename).map(([name, target]) => {
    const parts = name.split("=");
    return parts.map((_, i) => {
      const end = parts.length - i;
      return [parts.slice(0, end).join("="), [...parts.slice(end), target].join("=")] as const;
    });
  });
}

/** Returns all names that renames may refer to. */
export function namesIn(rename: Renames): string[] {
  return splitsOf(rename).flatMap((splits) => splits.map(([name]) => name));
}

/** Splits each rename so that its name is one of `names`, if possible. */
function splitAtNames(rename: Renames, names: ReadonlyMap<string, unknown>): Renames {
  return Object.fromEntries(
    splitsOf(rename).map(
      (splits) =>
        splits.find(([name]) => names.has(folded(name))) ?? (splits[0] as readonly [string, string]),
    ),
  );
}

function checkRenames(rename: Renames, names: readonly string[], where: string): void {
  for (const [name, target] of Object.entries(rename)) {
    if (target.trim() === "")
      throw new UsageError(
        `the class of "${name}" is empty; name one, as in ${option("rename", { [name]: "happy" })}`,
      );
    if (!names.includes(folded(name)))
      throw new UsageError(
        `${option("rename", { [name]: target })}: there is no class "${name}" in ${where}. ` +
          `Found: ${[...names].sort().join(", ")}.${didYouMean(folded(name), names)}`,
      );
  }
}

/**
 * Returns the spellings by which a name may be declared not to be a class: as in the data unless it is renamed, or its usual
 * form.
 */
function namesOf(meaning: Meaning): string[] {
  const usual = classKey(usualNameOf(meaning));
  return meaning.target === undefined ? [usual, classKey(meaning.spelling)] : [usual];
}

/**
 * Returns the keys of names that are not classes. A name that a run or a model recorded as such may be a class by
 * now.
 */
function noClassOf({ classes = [], notAClass = [], remembered = {} }: ClassOptions): Set<string> {
  const chosen = new Set(classes.map(classKey));
  const known = (remembered.notAClass ?? []).map(classKey).filter((name) => !chosen.has(name));
  return new Set([...notAClass.map(classKey), ...known]);
}

function checkNotAClass(
  { classes = [], notAClass = [] }: ClassOptions,
  meanings: readonly Meaning[],
  where: string,
): void {
  const names = meanings.flatMap(namesOf);
  for (const name of notAClass) {
    const chosen = classes.find((own) => classKey(own) === classKey(name));
    if (chosen !== undefined)
      throw new UsageError(
        `${option("notAClass", [name])}: "${chosen}" is one of the classes ${classes.join(", ")}; it can't be both`,
      );
    if (!names.includes(classKey(name)))
      throw new UsageError(
        `${option("notAClass", [name])}: there is no "${name}" in ${where}. ` +
          `Found: ${meanings.map(({ spelling }) => spelling).join(", ")}.${didYouMean(folded(name), names)}`,
      );
  }
}

function checkTwice(classes: readonly string[]): void {
  for (const [i, name] of classes.entries()) {
    const earlier = classes.slice(0, i).find((other) => classKey(other) === classKey(name));
    if (earlier !== undefined)
      throw new UsageError(`--classes names the same class twice: "${earlier}" and "${name}". Name it once.`);
  }
}

function meaningOf(spellings: readonly string[], target: string | undefined, byWord: boolean): Meaning {
  const spelling = spellings[0] as string;
  const key = folded(target ?? spelling);
  const whole = emotionNamed(key);
  // Spellings that differ in case may differ in their words: `HappyFaces` has two.
  const read = spellings.map(readName).sort((a, b) => b.emotions.length - a.emotions.length)[0];
  const isRead = byWord && target === undefined && whole === undefined && read !== undefined;
  const isByWord = isRead && read.isClear;
  return {
    spelling,
    target,
    key,
    emotion: isByWord ? read.emotions[0] : whole,
    isByWord,
    unclear: isRead && !read.isClear ? read.emotions : [],
    rest: read?.rest ?? "",
  };
}

function usualNameOf({ emotion, target, spelling }: Meaning): string {
  return emotion ?? target ?? spelling;
}

/** Returns the one of `classes` that a name means, undefined for none, or the candidates if it is unclear. */
function labelIn(
  classes: readonly string[],
  { key, emotion, unclear }: Meaning,
): number | undefined | string[] {
  const exact = classes.findIndex((name) => folded(name) === key);
  if (exact >= 0) return exact;
  const whole = classes.findIndex((name) => emotion !== undefined && emotionNamed(name) === emotion);
  if (whole >= 0) return whole;
  const wanted = emotion === undefined ? unclear : [emotion];
  const candidates = classes.filter((name) => {
    const { emotions, isClear } = readName(name);
    return isClear && wanted.includes(emotions[0] as string);
  });
  if (candidates.length === 0) return undefined;
  return emotion !== undefined && candidates.length === 1
    ? classes.indexOf(candidates[0] as string)
    : candidates;
}

/**
 * Returns unconfirmed names that are not emotions, among emotions: all if most names are emotions, else only names such as
 * `unsorted`.
 */
function straysIn(
  meanings: ReadonlyMap<string, Meaning>,
  isNoClass: (meaning: Meaning) => boolean,
): readonly string[] {
  const used = [...meanings].filter(([, meaning]) => !isNoClass(meaning));
  const emotions = new Set(used.flatMap(([, { emotion }]) => emotion ?? []));
  const strays = used.filter(
    ([, { emotion, target, unclear }]) =>
      emotion === undefined && target === undefined && unclear.length === 0,
  );
  if (emotions.size < 2) return [];
  return strays
    .filter(([, { spelling }]) => strays.length < emotions.size || isStray(spelling))
    .map(([name]) => name);
}

/** Returns names that differ from another name of the same class by more than a synonym or a sign. */
function sideBySide(
  found: readonly FoundName[],
  labels: ReadonlyMap<string, number | undefined>,
  meanings: ReadonlyMap<string, Meaning>,
): Set<string> {
  const groups = new Map<string, Set<string>>();
  for (const { name, place } of found) {
    const label = labels.get(folded(name));
    if (label === undefined || meanings.get(folded(name))?.target !== undefined) continue;
    const group = `${label} ${place}`;
    groups.set(group, (groups.get(group) ?? new Set()).add(folded(name)));
  }
  const meaning = (name: string): Meaning => meanings.get(name) as Meaning;
  const mixed = [...groups.values()].filter(
    (names) => new Set([...names].map((name) => meaning(name).rest)).size > 1,
  );
  return new Set(mixed.flatMap((names) => [...names].filter((name) => meaning(name).isByWord)));
}
