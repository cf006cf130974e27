# Code shared by train.sh and large.sh. They set data, votes and out, and run in the repository's root.
npm run --silent build
mkdir -p "$out"
[[ -f $out/audit/exclude.txt ]] || node bin/vultus.js data audit "$data" --out "$out/audit"
grep '^train/' "$out/audit/exclude.txt" | grep -v '^train/disgust/' > "$out/exclude.txt"

# people: the votes of FER+ plus the data set's label as one more vote, in OUT/votes.csv.
people() {
  [[ -f $out/votes.csv ]] || node --import tsx bench/shipped/votes.ts "$data" "$votes" "$out/exclude.txt" "$out/votes.csv"
}

# stage NAME DATA OPTIONS…: trains into OUT/NAME, or continues that run; a finished run is left unchanged.
stage() {
  local run=$out/$1 pictures=$2 place
  shift 2
  if [[ -f $run/report.html ]]; then return; fi
  if [[ -f $run/environment.json ]]; then place=(--resume "$run"); else place=(--out "$run"); fi
  node bin/vultus.js train "$pictures" --classes angry,fear,happy,neutral,sad,surprise \
    --device "${DEVICE:-auto}" "$@" "${place[@]}"
}
