#!/usr/bin/env bash
# Trains the shipped models, exactly as models/*.onnx were made: bench/shipped/train.sh DATA VOTES OUT DATA is FER2013 with train/
# and validation/, VOTES is FER+'s table of the same images, OUT receives the audit and the run folders. Training leaves out
# copies of validation images, copies within train, and images with two labels; validation keeps all of its images. An interrupted
# stage continues where it stopped. docs/history.md lists the duration and the result of each. DEVICE=webgpu or DEVICE=cuda trains
# on a GPU.
set -euo pipefail
data=$(realpath "$1") votes=$(realpath "$2") out=$(realpath -m "$3")
cd "$(dirname "$0")/../.."
source bench/shipped/stages.sh

# soft NAME MODELS: soft labels from previously trained models.
soft() {
  [[ -f $out/$1 ]] || node bin/vultus.js data soften "$data" --exclude "$out/exclude.txt" --by "$2" --out "$out/$1"
}

# ship RUN NAME OPTIONS…: exports the run as a model of the package, with its card, which states the origin of all earlier
# weights.
ship() {
  local run=$out/$1 name=$2
  shift 2
  node bin/vultus.js export "$run" --to fp16 --license MIT "$@"
  cp "$run/export/"*fp16*.onnx "models/$name.onnx"
  { sed '/^## Licence/,$d' "$run/export/model-card.md"; cat bench/shipped/licence.md; } > "models/$name.md"
}

stage first "$data" --exclude "$out/exclude.txt" --recipe faces --input-size 48 --weights none
# Planned for 16 epochs and stopped after five, since soft labels promised more; --set phases.again.epochs=5 comes close.
stage again "$data" --exclude "$out/exclude.txt" --recipe bench/shipped/again.json --set phases.again.epochs=5 \
  --weights "$out/first/best.safetensors"
soft soft.csv "$out/first,$out/again"
stage distilled "$out/soft.csv" --recipe distil --weights "$out/again/best.safetensors"

soft soft-small.csv "$out/distilled"
stage vultus_s "$out/soft-small.csv" --model vultus_s --recipe faces --set labelSmoothing=0 --weights none \
  --set phases.small.epochs=14 --set phases.middle.epochs=8 --set phases.full.epochs=12

soft soft-last.csv "$out/distilled,$out/vultus_s"
stage last "$out/soft-last.csv" --recipe bench/shipped/last.json --weights "$out/distilled/best.safetensors"

# The same again, but longer, on soft labels from the result of the previous stage. This stage was trained on a GPU in three
# minutes; on two cores it takes half an hour.
soft soft-m.csv "$out/last,$out/vultus_s"
stage vultus_m "$out/soft-m.csv" --recipe bench/shipped/last.json --set phases.last.epochs=13 --set phases.last.patience=13 \
  --seed 2 --weights "$out/last/best.safetensors"

# People's judgements of the same images, starting from the networks that learned the data set's labels.
people
stage votes/vultus_m "$out/votes.csv" --recipe bench/shipped/votes.json --weights "$out/vultus_m/best.safetensors"
stage votes/vultus_s "$out/votes.csv" --recipe bench/shipped/votes.json --model vultus_s \
  --weights "$out/vultus_s/best.safetensors" --teacher "$out/votes/vultus_m" --set dropout=0.1 \
  --set phases.small.epochs=9 --set phases.small.patience=9 --set phases.full.epochs=8 --set phases.full.patience=8 \
  --set phases.small.optimizer.learningRate=0.002 --set phases.full.optimizer.learningRate=0.0013 \
  --set phases.small.optimizer.weightDecay=0.02 --set phases.full.optimizer.weightDecay=0.02
ship votes/vultus_s vultus_s --prior uniform:0.5

# Camera corruptions: trains vultus_m once more, including degraded copies, and averages the weights before and after.
[[ -f $out/degraded/votes.csv ]] || node --import tsx bench/shipped/degrade.ts "$out/votes.csv" "$out/degraded"
stage robust/vultus_m "$out/degraded/votes.csv" --recipe bench/shipped/robust.json --weights "$out/votes/vultus_m/best.safetensors"
mean=$out/mean/vultus_m
if [[ ! -f $mean/report.html ]]; then
  rm -rf "$mean" && mkdir -p "$out/mean"
  cp -r "$out/robust/vultus_m" "$mean"
  # Without its report, the copy counts as unfinished until it is scored again, although nothing is left to train.
  rm "$mean/report.html"
  node --import tsx bench/shipped/average.ts "$out/robust/vultus_m/best.safetensors" "$out/votes/vultus_m/best.safetensors" \
    "$mean/best.safetensors"
  node bin/vultus.js train --resume "$mean"
fi
ship mean/vultus_m vultus_m --prior fear=0.11,happy=0.2,neutral=0.3

# The images that both were trained on, and their scores with their priors.
node --import tsx bench/shipped/training-images.ts "$data" "$out/exclude.txt"
for name in vultus_m vultus_s; do node --import tsx bench/shipped/measure.ts "models/$name.onnx" "$out/votes.csv"; done
