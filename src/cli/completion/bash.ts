/** Completion for bash 3.2 or newer: a function that walks the line and looks up what may come at its end. */

import { allBelow, type CompletedCommand, type Values } from "./tree.ts";

export function bashCompletion(root: CompletedCommand): string {
  const commands = allBelow(root);
  const names = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(" "));
  return `# Completion of vultus for bash, as "vultus completion bash" prints it.

# Adds the candidates that begin with the typed text.
_vultus_words() {
  local word
  for word; do
    [[ $word == "$cur"* ]] || continue
    if [[ -n $quoted ]]; then COMPREPLY+=("$word"); else COMPREPLY+=("$(printf %q "$word")"); fi
  done
}

_vultus_runs() {
  local folder
  for folder in runs/*/ runs/*/*/; do
    if [[ -e $folder/recipe.json || -e $folder/environment.json ]]; then _vultus_words "\${folder%/}"; fi
  done
}

# Offers nothing, not even files.
_vultus_nothing() {
  compopt +o default +o bashdefault 2>/dev/null
}

_vultus_folders() {
  compopt +o default -o dirnames 2>/dev/null
}

_vultus_is_command() {
  case $1 in
    ${names.map(quoted).join(" | ")}) return 0 ;;
  esac
  return 1
}

# Sets takes to required or optional if an option has a value, and clears it otherwise.
_vultus_takes() {
  takes=
  case $1 in
${commands.flatMap(takesLines).join("\n")}
  esac
}

_vultus_value() {
  case $1 in
${commands.flatMap(valueLines).join("\n")}
    *) _vultus_nothing ;;
  esac
}

_vultus_argument() {
  case $1 in
${commands.flatMap(argumentLines).join("\n")}
    *) _vultus_nothing ;;
  esac
}

_vultus_options() {
  case $1 in
${commands.map(optionsLine).join("\n")}
  esac
}

_vultus() {
  local cur=\${COMP_WORDS[COMP_CWORD]} quoted= path= option= takes= word i position=0
  COMPREPLY=()
  if [[ $cur == [\\"\\']* ]]; then
    quoted=1
    cur=\${cur:1}
  fi
  if [[ $cur == "=" ]]; then cur=; fi
  cur=\${cur//\\\\/}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $takes == required || ($takes == optional && $word != -*) ]]; then
      if [[ $word != "=" ]]; then takes=; fi
      continue
    fi
    if [[ $word == -* ]]; then
      option=$word
      _vultus_takes "$path $word"
    elif ((position == 0)) && _vultus_is_command "\${path:+$path }$word"; then
      path=\${path:+$path }$word
    else
      ((position++))
    fi
  done
  if [[ $takes == required || ($takes == optional && $cur != -*) ]]; then
    _vultus_value "$path $option"
  elif [[ $cur == -* ]]; then
    _vultus_options "$path"
  else
    _vultus_argument "$path $position"
  fi
}

complete -o bashdefault -o default -F _vultus vultus
`;
}

/** Quotes a word for the script, whatever it contains. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function takesLines({ path, options }: CompletedCommand): string[] {
  return options.flatMap(({ names, values, optional }) =>
    values ? [`    ${cases(path, names)}) takes=${optional ? "optional" : "required"} ;;`] : [],
  );
}

function valueLines({ path, options }: CompletedCommand): string[] {
  return options.flatMap(({ names, values }) => {
    const body = values ? completing(values) : "";
    return body === "" ? [] : [`    ${cases(path, names)}) ${body} ;;`];
  });
}

/** The subcommands, or the arguments by position; the last argument may repeat. */
function argumentLines({ path, commands, arguments: own }: CompletedCommand): string[] {
  const key = path.join(" ");
  if (commands.length > 0)
    return [
      `    ${quoted(`${key} 0`)}) ${completing({ words: commands.map((one) => one.path.at(-1) ?? "") })} ;;`,
    ];
  return own.flatMap(({ values, variadic }, i) => {
    const body = completing(values);
    if (body === "") return [];
    return [`    ${variadic ? `${quoted(`${key} `)}*` : quoted(`${key} ${i}`)}) ${body} ;;`];
  });
}

function optionsLine({ path, options }: CompletedCommand): string {
  const names = options.flatMap((option) => option.names);
  return `    ${quoted(path.join(" "))}) ${completing({ words: names })} ;;`;
}

function cases(path: readonly string[], names: readonly string[]): string {
  return names.map((name) => quoted(`${path.join(" ")} ${name}`)).join(" | ");
}

/** If no candidate begins with the typed text, bash itself completes paths. */
function completing({ words = [], runs, paths }: Values): string {
  const steps = [
    ...(words.length > 0 ? [`_vultus_words ${words.map(quoted).join(" ")}`] : []),
    ...(runs ? ["_vultus_runs"] : []),
    ...(paths === "folders" ? ["_vultus_folders"] : []),
    ...(paths === undefined && (words.length > 0 || runs) ? ["_vultus_nothing"] : []),
    ...(paths === "files" && words.length === 0 && !runs ? [":"] : []),
  ];
  return steps.join("; ");
}
