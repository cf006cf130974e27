/** Turns the readers' results into one data set: chooses and orders the classes, and notes what was left out. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { canonicalId, sortedById } from "./canonical.ts";
import { type Dataset, fingerprintOf, type Sample } from "./dataset.ts";
import { classKey, emotionNamed } from "./names.ts";

/** A sample whose class is still a name, as spelt in its source, or several names with votes. */
export type RawSample = Omit<Sample, "label" | "votes" | "voteCount"> &
  (
    | { readonly className: string; readonly votes?: undefined }
    /** Counts of votes by `classKey`. Those of the chosen classes become shares that sum to 1. */
    | { readonly className?: undefined; readonly votes: ReadonlyMap<string, number> }
  );

/** What a reader found in one folder or file. */
export interface RawSource {
  /** The path as the caller gave it, for messages. */
  readonly path: string;
  /** Prefix of ids if there are several sources, and the prefix in versions whose names depended on the order. */
  readonly name?: string;
  readonly formerName?: string;
  /** Every class name seen, also those of empty folders. */
  readonly classNames: readonly string[];
  readonly samples: readonly RawSample[];
  readonly notes: readonly string[];
}

export interface ClassOptions {
  /** The classes to use, in this order. Default: all, sorted by name. */
  readonly classes?: readonly string[] | undefined;
  /** Accept classes without images, to score a model with fixed classes on a folder that has only some of them. */
  readonly allowMissing?: boolean;
}

/** The spellings found for each class, by `classKey`. */
type Spellings = ReadonlyMap<string, ReadonlySet<string>>;
type Labels = ReadonlyMap<string, { readonly name: string; readonly label: number }>;

/**
 * One data set from several sources, independent of the order of sources and samples. Known emotions get their usual name
 * whatever their spelling; `options.classes` keeps the caller's. A sample with votes is labelled by its majority, and left out
 * if a class that isn't chosen has more votes than all chosen ones. Ties go to the first class by name.
 *
 * @throws UsageError for an unknown or repeated class, fewer than two classes, or a class without images.
 */
export function assemble(sources: readonly RawSource[], options: ClassOptions = {}): Dataset {
  const where = sources.map((source) => source.path).join(", ");
  const found = spellingsByKey(sources);
  const labels = chooseClasses(found, where, options);
  const classes = [...labels.values()].map(({ name }) => name);
  const notes = sources.flatMap((source) => source.notes);
  for (const [key, { name }] of labels) {
    const others = [...(found.get(key) ?? [])].filter((spelling) => spelling !== name);
    if (others.length > 0) notes.push(`${others.map(quoted).join(", ")} read as "${name}"`);
  }

  const samples: Sample[] = [];
  const unchosen = new Map(
    [...found.keys()]
      .sort()
      .filter((key) => !labels.has(key))
      .map((key) => [key, 0]),
  );
  const { read, formerIds } = identified(sources);
  for (const { className, votes, ...rest } of sortedById(read)) {
    const key = votes ? majority(votes, labels) : classKey(className);
    const label = labels.get(key)?.label;
    if (label === undefined) unchosen.set(key, (unchosen.get(key) ?? 0) + 1);
    else samples.push({ ...rest, label, ...(votes && voteShares(votes, labels)) });
  }
  const leftOut = [...unchosen].map(([key, count]) => ({ className: displayName(key, found), count }));
  notes.push(...leftOut.map((c) => `class "${c.className}" left out: ${plural(c.count, "picture")}`));
  notes.push(...checkEmptyClasses(classes, samples, where, options.allowMissing ?? false));
  return {
    sources: sources.map(({ path }) => path),
    classes,
    samples,
    leftOut,
    notes,
    fingerprint: fingerprintOf(classes, samples),
    formerIds,
  };
}

/** The samples with their final ids, in the order of reading, and the ids that earlier versions gave them. */
function identified(sources: readonly RawSource[]): {
  read: RawSample[];
  formerIds: ReadonlyMap<string, string>;
} {
  const read = sources.flatMap(({ name, formerName = name, samples }) => {
    const under = (prefix: string | undefined, id: string): string => (prefix ? `${prefix}/${id}` : id);
    return samples.map((sample) => ({
      sample,
      id: under(name, canonicalId(sample.id)),
      exact: under(name, sample.id),
      former: under(formerName, sample.id),
    }));
  });
  const times = new Map<string, number>();
  for (const { id } of read) times.set(id, (times.get(id) ?? 0) + 1);
  // Files whose names differ only in their Unicode form keep their exact names.
  const named = read.map(({ id, exact, ...rest }) => ({ ...rest, id: times.get(id) === 1 ? id : exact }));
  return {
    read: named.map(({ sample, id }) => ({ ...sample, id })),
    formerIds: new Map(named.map(({ id, former }) => [id, former])),
  };
}

/** `3 pictures`, `1 picture`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function spellingsByKey(sources: readonly RawSource[]): Spellings {
  const found = new Map<string, Set<string>>();
  for (const name of sources.flatMap((source) => source.classNames)) {
    const key = classKey(name);
    found.set(key, (found.get(key) ?? new Set()).add(name.normalize("NFC")));
  }
  return found;
}

function displayName(key: string, found: Spellings): string {
  return emotionNamed(key) ?? [...(found.get(key) ?? [])].sort()[0] ?? key;
}

function chooseClasses(found: Spellings, where: string, options: ClassOptions): Labels {
  const available = [...found.keys()].map((key) => displayName(key, found)).sort();
  const chosen = options.classes ?? available;
  const labels = new Map<string, { name: string; label: number }>();
  for (const name of chosen) {
    const key = classKey(name);
    const earlier = labels.get(key);
    if (earlier) {
      throw new UsageError(`--classes names one class twice: "${earlier.name}" and "${name}". Name it once.`);
    }
    if (!found.has(key) && !options.allowMissing) {
      throw new UsageError(
        `--classes names "${name}", which is not in ${where}. Found: ${available.join(", ")}.` +
          didYouMean(name, available),
      );
    }
    labels.set(key, { name, label: labels.size });
  }
  if (chosen.length < 2) {
    throw new UsageError(
      `${where}: one class ("${chosen[0]}"), but a classifier needs at least two. ` +
        `Found: ${available.join(", ")}. Expected one folder per class, such as <folder>/happy and <folder>/sad.`,
    );
  }
  return labels;
}

/** The class with the most votes. A tie goes to a chosen class, then to the first by name. */
function majority(votes: ReadonlyMap<string, number>, labels: Labels): string {
  const most = Math.max(...votes.values());
  const equal = [...votes].flatMap(([key, count]) => (count === most ? [key] : [])).sort();
  return equal.find((key) => labels.has(key)) ?? (equal[0] as string);
}

/** The chosen classes' shares of the votes for chosen classes, and the number of those votes. */
function voteShares(
  votes: ReadonlyMap<string, number>,
  labels: Labels,
): Required<Pick<Sample, "votes" | "voteCount">> {
  const counts = new Array<number>(labels.size).fill(0);
  for (const [key, count] of votes) {
    const label = labels.get(key)?.label;
    if (label !== undefined) counts[label] = (counts[label] ?? 0) + count;
  }
  const voteCount = counts.reduce((a, b) => a + b, 0);
  return { votes: counts.map((count) => count / voteCount), voteCount };
}

/** Notes on classes without images, if that is allowed. If there is training data, every class must be in it. */
function checkEmptyClasses(
  names: readonly string[],
  samples: readonly Sample[],
  where: string,
  allow: boolean,
): string[] {
  const training = samples.filter((sample) => sample.split === "train");
  const present = new Set((training.length > 0 ? training : samples).map((sample) => sample.label));
  const empty = names.filter((_, label) => !present.has(label));
  if (empty.length === 0) return [];
  const what = `no ${training.length > 0 ? "training " : ""}pictures of ${empty.map(quoted).join(", ")} in ${where}`;
  if (allow) return [what];
  const others = names.filter((name) => !empty.includes(name));
  throw new UsageError(`There are ${what}. Add some, or leave the class out: --classes ${others.join(",")}`);
}

function quoted(text: string): string {
  return `"${text}"`;
}
