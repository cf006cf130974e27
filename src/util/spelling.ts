/**
 * Spelling of options and calls in messages. For programs they appear as in code; for the command line they are flags and
 * commands to paste.
 */

export interface Spelling {
  option(name: string, value?: Value): string;
  call(job: string, options: Options): string;
}

/** The value of an option; true stands for a set flag. */
export type Value = string | number | true | readonly string[] | Readonly<Record<string, string>>;

/** Options of a job by name; undefined ones are left out. */
export type Options = Readonly<Record<string, Value | undefined>>;

const inPrograms: Spelling = {
  option: (name, value) => `\`${name}${value === undefined ? "" : `: ${JSON.stringify(value)}`}\``,
  call(job, options) {
    const named = Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
    );
    return `${job}({ ${named.join(", ")} })`;
  },
};

let current = inPrograms;

/** Runs `work` with this spelling of options and calls in messages. */
export async function spelledAs<R>(spelling: Spelling, work: () => Promise<R>): Promise<R> {
  const before = current;
  current = spelling;
  try {
    return await work();
  } finally {
    current = before;
  }
}

/** Formats an option to pass: `--out` on the command line, `--detector-size` for `detector.size`. */
export const option = (name: string, value?: Value): string => current.option(name, value);

/** Formats a call to make: `npx vultus report runs/a` on the command line. */
export const callTo = (job: string, options: Options): string => current.call(job, options);
