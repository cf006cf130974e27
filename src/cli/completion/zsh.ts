/** Completion for zsh: one function per command, which passes its options and arguments to `_arguments`. */

import { allBelow, type CompletedCommand, type CompletedOption, type Values } from "./tree.ts";

export function zshCompletion(root: CompletedCommand): string {
  return `#compdef vultus
# Completion of vultus for zsh, as "vultus completion zsh" prints it.

__vultus_runs() {
  local -a found
  local folder
  for folder in runs/*(N/) runs/*/*(N/); do
    if [[ -e $folder/recipe.json || -e $folder/environment.json ]]; then found+=($folder); fi
  done
  compadd -a found
}

# Offers the values of an option or argument: files or folders, runs, and words.
__vultus_values() {
  local paths=$1 runs=$2
  local -a alternatives
  shift 2
  if (( $# )); then alternatives+=("words:value:(\${(j: :)\${(q)@}})"); fi
  if [[ $runs == runs ]]; then alternatives+=("runs:run folder:__vultus_runs"); fi
  case $paths in
    files) alternatives+=("files:file:_files") ;;
    folders) alternatives+=("folders:folder:_files -/") ;;
  esac
  _alternative $alternatives
}

${allBelow(root).map(commandFunction).join("\n\n")}

# Called at once if loaded from a folder in fpath; registered if read by source or eval.
if [[ $funcstack[1] == _vultus ]]; then
  _vultus "$@"
else
  compdef _vultus vultus
fi
`;
}

function nameOf(path: readonly string[]): string {
  return ["_vultus", ...path].join("_").replaceAll("-", "_");
}

function commandFunction(command: CompletedCommand): string {
  const { path, commands, options } = command;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) {
    const args = command.arguments.map(({ values, variadic }, i) =>
      quoted(`${variadic ? "*" : i + 1}:argument:${action(values)}`),
    );
    return `${nameOf(path)}() {\n  _arguments -s ${lines([...specs, ...args])}\n}`;
  }
  const described = commands.map(
    (one) => `    ${quoted(`${escapeColons(one.path.at(-1) ?? "")}:${escapeColons(one.description)}`)}`,
  );
  const called = commands.map((one) => `      ${one.path.at(-1)}) ${nameOf(one.path)} ;;`);
  return `${nameOf(path)}() {
  local context state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C ${lines([...specs, "'1: :->command'", "'*:: :->arguments'"])}
  case $state in
    command) _describe command commands ;;
    arguments) case $words[1] in
${called.join("\n")}
    esac ;;
  esac
}`;
}

function lines(specs: readonly string[]): string {
  return specs.map((spec) => `\\\n    ${spec}`).join(" ");
}

function optionSpecs({ names, description, values, optional }: CompletedOption): string[] {
  const explained = `[${description.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  const value = values === undefined ? "" : `${optional ? "::" : ":"}value:${action(values)}`;
  const others = names.length > 1 ? `(${names.join(" ")})` : "";
  return names.map((name) => {
    const joined = values !== undefined && name.startsWith("--") ? "=" : "";
    return quoted(`${others}${name}${joined}${explained}${value}`);
  });
}

/** The space keeps `_arguments` from adding options of its own. */
function action({ words = [], runs = false, paths }: Values): string {
  if (words.length === 0 && !runs && paths === undefined) return " ";
  return ` __vultus_values ${[paths ?? "none", runs ? "runs" : "none", ...words.map(escapeWord)].join(" ")}`;
}

function escapeColons(text: string): string {
  return text.replaceAll(/[:\\]/g, "\\$&");
}

function escapeWord(word: string): string {
  return word.replaceAll(/[^\w.+-]/g, "\\$&");
}

/** Quotes a word for the script, whatever it contains. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
