#!/usr/bin/env bash
# Three ways to train vultus_s from random weights for the same number of steps: bench/distillation.sh DATA OUT [MORE OPTIONS]
# labels: the labels alone. csv: soft labels written once by the teacher. step: the teacher inside the train step. The teacher
# provides half of the target in all of them. DATA is FER2013 with train/ and validation/. An interrupted training continues where
# it stopped. MORE OPTIONS apply to all three, such as --seed 1.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "$1") out=$2
shift 2
npm run --silent build
mkdir -p "$out"
[[ -f $out/audit/exclude.txt ]] || node bin/vultus.js data audit "$data" --out "$out/audit"
grep '^train/' "$out/audit/exclude.txt" | grep -v '^train/disgust/' > "$out/exclude.txt"
[[ -f $out/soft.csv ]] || node bin/vultus.js data soften "$data" --exclude "$out/exclude.txt" --by vultus_m --out "$out/soft.csv"

# arm NAME DATA OPTIONS…: trains into OUT/NAME, or continues that run; a finished run is left unchanged.
arm() {
  local run=$out/$1 images=$2 place
  shift 2
  [[ -f $run/report.html ]] && return
  if [[ -f $run/environment.json ]]; then place=(--resume "$run"); else place=(--out "$run"); fi
  node bin/vultus.js train "$images" --classes angry,fear,happy,neutral,sad,surprise --model vultus_s --weights none \
    --recipe faces --set labelSmoothing=0 --set phases.small.epochs=5 --set phases.middle.epochs=3 --set phases.full.epochs=4 \
    "$@" "${place[@]}"
}

arm labels "$data" --exclude "$out/exclude.txt" "$@"
arm csv "$out/soft.csv" "$@"
arm step "$data" --exclude "$out/exclude.txt" --teacher vultus_m "$@"
node bin/vultus.js compare "$out/csv" "$out/step" "$data" --split validation
