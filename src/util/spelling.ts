/**
 * How messages spell options and calls. A program gets them as a program writes them; while the command line runs, they are flags and
 * commands to paste.
 */

export interface Spelling {
  option(name: string, value?: string): string;
  call(job: string, args: readonly string[], options: Options): string;
}

/** Options of a job by name; true is a flag that is set, and one that is undefined is left out. */
export type Options = Readonly<
  Record<string, string | number | true | readonly string[] | Readonly<Record<string, string>> | undefined>
>;

const inPrograms: Spelling = {
  option: (name, value) => `\`${name}${value === undefined ? "" : `: ${JSON.stringify(value)}`}\``,
  call(job, args, options) {
    const named = Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
    );
    const all = [
      ...args.map((arg) => JSON.stringify(arg)),
      ...(named.length > 0 ? [`{ ${named.join(", ")} }`] : []),
    ];
    return `${job}(${all.join(", ")})`;
  },
};

let current = inPrograms;

/** Runs `work`, in whose messages options and calls are spelled so. */
export async function spelledAs<R>(spelling: Spelling, work: () => Promise<R>): Promise<R> {
  const before = current;
  current = spelling;
  try {
    return await work();
  } finally {
    current = before;
  }
}

/** An option to give: `--out` on the command line. */
export const option = (name: string, value?: string): string => current.option(name, value);

/** A call to make: `npx vultus report runs/a` on the command line. */
export const callTo = (job: string, args: readonly string[] = [], options: Options = {}): string =>
  current.call(job, args, options);
