/** Turns the readers' results into one data set: chooses and orders the classes, and notes what was left out. */

import { UsageError } from "../util/errors.ts";
import { canonicalId, sortedById } from "./canonical.ts";
import { type ClassNames, type ClassOptions, type FoundName, nameClasses } from "./class-names.ts";
import { type Corrected, correctorOf } from "./corrections.ts";
import { type Dataset, fingerprintOf, type Sample } from "./dataset.ts";
import { classKey, emotionNamed } from "./names.ts";

/** A sample whose class is still a name as spelt in its source, or several names with votes. */
export type RawSample = Omit<Sample, "label" | "votes" | "voteCount"> &
  (
    | { readonly className: string; readonly votes?: undefined }
    /**
     * Counts of votes by class name. Those of the chosen classes become shares that sum to 1; the others join the sample's
     * `otherVotes`.
     */
    | { readonly className?: undefined; readonly votes: ReadonlyMap<string, number> }
  );

/** What a reader found in one folder or file. */
export interface RawSource {
  /** The path as the caller gave it, for messages. */
  readonly path: string;
  /** Prefix of ids if there are several sources, and the prefix in versions whose names depended on the order. */
  readonly name?: string;
  readonly formerName?: string;
  /** Every class name found, including those of empty folders. */
  readonly classNames: readonly string[];
  readonly samples: readonly RawSample[];
  readonly notes: readonly string[];
}

export interface AssembleOptions extends ClassOptions {
  /** Labels that a person corrected. */
  readonly corrected?: Corrected | undefined;
}

/**
 * Builds one data set from several sources, independent of the order of sources and samples. Known emotions get their usual
 * name regardless of spelling (`class-names.ts`); `options.classes` keeps the caller's names. A sample with votes is labelled
 * by its plurality, and left out if a name that is not a chosen class has more votes than each of them. Ties go to the first
 * class by name. A relabelled sample has no votes.
 *
 * @throws UsageError for an unknown or repeated class, fewer than two classes, a class without images, or an unclear name.
 */
export function assemble(sources: readonly RawSource[], options: AssembleOptions = {}): Dataset {
  const where = sources.map((source) => source.path).join(", ");
  const { corrected } = options;
  const found = [...sources.flatMap(namesIn), ...(corrected ? emotionsIn(corrected) : [])];
  const names = nameClasses(found, where, options);
  const { classes, labelOf, usualName, rename, notAClass, byWord } = names;
  const notes = sources.flatMap((source) => source.notes);
  for (const [label, others] of names.otherSpellings.entries())
    if (others.length > 0) notes.push(`${others.map(quoted).join(", ")} read as "${classes[label]}"`);

  const samples: Sample[] = [];
  const unchosen = new Map(
    sources
      .flatMap((source) => source.classNames)
      .filter((name) => labelOf(name) === undefined)
      .map(usualName)
      .sort()
      .map((name) => [name, 0]),
  );
  const unused = new Set(unchosen.keys());
  const { read, formerIds } = identified(sources);
  const corrector = corrected && correctorOf(corrected, [...classes, ...unused]);
  for (const { className, votes, otherVotes = {}, ...rest } of sortedById(read)) {
    const counts = votes && votesByClass(votes, otherVotes, names);
    const own = counts ? plurality(counts, classes) : classOf(className as string, names);
    const right = corrector ? corrector.labelFor(rest, own) : own;
    if (right === undefined) continue;
    const label = classes.indexOf(right);
    if (label < 0) unchosen.set(right, (unchosen.get(right) ?? 0) + 1);
    else samples.push({ ...rest, label, ...(counts && right === own && sampleVotes(counts, classes)) });
  }
  const leftOut = [...unchosen].map(([className, count]) => ({ className, count }));
  notes.push(
    ...leftOut.map(({ className, count }) =>
      notAClass.includes(className) || !unused.has(className)
        ? `"${className}" is not a class: ${plural(count, "image")} left out`
        : `class "${className}" left out: ${plural(count, "image")}`,
    ),
    ...otherVotesNote(samples, unused),
  );
  notes.push(...(corrector?.notes() ?? []));
  notes.push(...checkEmptyClasses(classes, samples, where, options.allowMissing ?? false));
  return {
    sources: sources.map(({ path }) => path),
    classes,
    samples,
    leftOut,
    notes,
    fingerprint: fingerprintOf(classes, samples),
    formerIds,
    ...(Object.keys(rename).length > 0 && { rename }),
    ...(notAClass.length > 0 && { notAClass }),
    ...(byWord.length > 0 && { byWord }),
  };
}

/** Returns the names in a source, each with its split; a column of votes counts as next to all others. */
function namesIn({ path, classNames, samples }: RawSource): FoundName[] {
  const places = new Map<string, Set<string>>(classNames.map((name) => [name, new Set()]));
  for (const { className, votes, split } of samples)
    for (const name of votes?.keys() ?? [className as string]) places.get(name)?.add(votes ? "votes" : split);
  return [...places].flatMap(([name, found]) =>
    [...(found.size > 0 ? found : ["nowhere"])].map((place) => ({ name, place: `${place} ${path}` })),
  );
}

/**
 * Returns the new labels that are known emotions. They are classes too, even if the sources have no image of them.
 */
function emotionsIn({ corrections, path }: Corrected): FoundName[] {
  const labels = [...corrections.values()].flatMap(({ decision }) =>
    decision.kind === "relabel" && emotionNamed(decision.label) !== undefined ? [decision.label] : [],
  );
  return [...new Set(labels)].map((name) => ({ name, place: `corrected ${path}` }));
}

/** Returns the samples with their final ids, in reading order, and the ids that earlier versions gave them. */
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

/** Formats `3 pictures`, `1 picture`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns the class that a name in the data means; its usual name if the class is not used. */
function classOf(name: string, { classes, labelOf, usualName }: ClassNames): string {
  const label = labelOf(name);
  return label === undefined ? usualName(name) : (classes[label] as string);
}

/** Returns the votes per class, and `others`. Votes for a class's synonym count for the class. */
function votesByClass(
  votes: ReadonlyMap<string, number>,
  others: Readonly<Record<string, number>>,
  names: ClassNames,
): Map<string, number> {
  const counts = new Map(Object.entries(others));
  for (const [name, count] of votes) {
    const own = classOf(name, names);
    counts.set(own, (counts.get(own) ?? 0) + count);
  }
  return counts;
}

/** Returns the name with the most votes. A tie goes to a chosen class, then to the first by name. */
function plurality(votes: ReadonlyMap<string, number>, classes: readonly string[]): string {
  const most = Math.max(...votes.values());
  const equal = [...votes].flatMap(([name, count]) => (count === most ? [name] : []));
  equal.sort((a, b) => (classKey(a) < classKey(b) ? -1 : 1));
  return equal.find((name) => classes.includes(name)) ?? (equal[0] as string);
}

/**
 * Returns each chosen class's share of the votes for chosen classes, the number of these votes, and the other votes.
 */
function sampleVotes(
  votes: ReadonlyMap<string, number>,
  classes: readonly string[],
): Pick<Sample, "votes" | "voteCount" | "otherVotes"> {
  const counts = classes.map((name) => votes.get(name) ?? 0);
  const voteCount = counts.reduce((a, b) => a + b, 0);
  const others = [...votes]
    .filter(([name, count]) => count > 0 && !classes.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    votes: counts.map((count) => count / voteCount),
    voteCount,
    ...(others.length > 0 && { otherVotes: Object.fromEntries(others) }),
  };
}

/** Describes how votes for `names`, which are not chosen classes, are treated on the images in use. */
function otherVotesNote(samples: readonly Sample[], names: ReadonlySet<string>): string[] {
  let [own, all] = [0, 0];
  const voted = new Set<string>();
  for (const { voteCount = 0, otherVotes = {} } of samples) {
    all += voteCount;
    for (const [name, count] of Object.entries(otherVotes)) {
      all += count;
      if (!names.has(name)) continue;
      own += count;
      voted.add(name);
    }
  }
  if (voted.size === 0) return [];
  const share = `${Number(own.toFixed(2))} of ${plural(Number(all.toFixed(2)), "vote")}`;
  return [
    `${share} on the images used are for ${[...voted].sort().join(", ")}: they count towards the number of people asked, but not in the soft labels`,
  ];
}

/**
 * Returns notes on classes without images, if these are allowed. If there is training data, it must contain every
 * class.
 */
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
  const what = `no ${training.length > 0 ? "training " : ""}images of ${empty.map(quoted).join(", ")} in ${where}`;
  if (allow) return [what];
  const others = names.filter((name) => !empty.includes(name));
  throw new UsageError(`There are ${what}. Add some, or leave the class out: --classes ${others.join(",")}`);
}

function quoted(text: string): string {
  return `"${text}"`;
}
