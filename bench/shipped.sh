#!/usr/bin/env bash
# Trains the models that ship, as models/*.onnx were made: bench/shipped.sh DATA OUT [vultus_m|vultus_s]
# DATA is FER2013 with train/ and validation/, OUT is where the audit and the run folders go. Training leaves out copies of
# validation pictures, copies within train, and pictures with two labels; validation keeps all of its pictures. A run
# that was interrupted goes on where it stopped. Some 80 minutes on two cores of a Zen 4 EPYC for vultus_m, 20 for vultus_s.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "$1") out=$2
npm run --silent build
mkdir -p "$out"
[[ -f $out/audit/exclude.txt ]] || node bin/vultus.js data audit "$data" --out "$out/audit"
grep '^train/' "$out/audit/exclude.txt" | grep -v '^train/disgust/' > "$out/exclude.txt"

for model in ${3:-vultus_m vultus_s}; do
  run=$out/$model
  if [[ -f $run/environment.json ]]; then place=(--resume "$run"); else place=(--out "$run"); fi
  node bin/vultus.js train "$data" --classes angry,fear,happy,neutral,sad,surprise --exclude "$out/exclude.txt" \
    --model "$model" --recipe faces --weights none "${place[@]}"
  node bin/vultus.js export "$run" --to fp16 --license MIT
  cp "$run/export/"*fp16*.onnx "models/$model.onnx"
  cp "$run/model-card.md" "models/$model.md"
done
