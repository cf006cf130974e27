/** Completion for fish: one line per command, option and argument, with the condition under which it applies. */

import { allBelow, type CompletedCommand, type CompletedOption, type Values } from "./tree.ts";

export function fishCompletion(root: CompletedCommand): string {
  const groups = allBelow(root).filter(({ path, commands }) => path.length > 0 && commands.length > 0);
  return `# Completion of vultus for fish, as "vultus completion fish" prints it.

# Whether the line calls this command: apart from options, it begins with the command's name.
function __vultus_at
    set -l words (string match --invert -- '-*' (commandline -opc)[2..])
    set -l path $words[1]
    if contains -- "$path" ${groups.map(({ path }) => quoted(path.join(" "))).join(" ")}
        set -a path $words[2]
    end
    test "$path" = "$argv"
end

function __vultus_runs
    for folder in runs/*/ runs/*/*/
        if test -e $folder/recipe.json -o -e $folder/environment.json
            printf '%s\\trun\\n' (string trim --right --chars / $folder)
        end
    end
end

complete -c vultus -e
complete -c vultus -f
${allBelow(root).flatMap(commandLines).join("\n")}
`;
}

function commandLines({ path, commands, options, arguments: own }: CompletedCommand): string[] {
  const at = `complete -c vultus -n ${quoted(["__vultus_at", ...path].join(" "))}`;
  return [
    ...commands.map((one) => `${at} -a ${quoted(one.path.at(-1) ?? "")} -d ${quoted(one.description)}`),
    ...options.map((option) => `${at}${optionText(option)}`),
    ...own.map(({ values }) => `${at}${valuesText(values)}`).filter((line) => line !== at),
  ];
}

function optionText({ names, description, values, optional }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`,
  );
  const value =
    values === undefined
      ? ""
      : `${optional ? "" : values.paths === "files" ? " -r" : " -x"}${valuesText(values)}`;
  return `${flags.join("")} -d ${quoted(description)}${value}`;
}

function valuesText({ words = [], runs, paths }: Values): string {
  const sources = [
    ...words.map(quotedInside),
    ...(runs ? ["(__vultus_runs)"] : []),
    ...(paths === "folders" ? ["(__fish_complete_directories (commandline -ct))"] : []),
  ];
  const listed = sources.length > 0 ? ` -a ${quoted(sources.join(" "))}` : "";
  return paths === "files" ? ` -F${listed}` : listed;
}

/** Quotes a word for the script, whatever it contains. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

/** Quotes a word in a list that fish parses a second time. */
function quotedInside(word: string): string {
  return /^[\w.+-]+$/.test(word) ? word : quoted(word);
}
