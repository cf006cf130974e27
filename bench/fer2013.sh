#!/usr/bin/env bash
# The accuracy runs of docs/results.md on FER2013: bench/fer2013.sh DATA WEIGHTS OUT [head|finetune|progressive|resnet50]
# DATA holds train/ and validation/ with one folder per class, WEIGHTS is squeezenet1_1's ImageNet file with torchvision's
# names, OUT receives the run folders. An interrupted run continues where it stopped. EPOCHS=7 shortens the second
# phase of finetune, as in the seven-epoch run of docs/results.md; give it its own OUT.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "$1") weights=$2 out=$3 only=${4:-all}
npm run --silent build

run() {
  local name=$1 place
  shift
  [[ $only == all || $only == "$name" ]] || return 0
  if [[ -f $out/$name/environment.json ]]; then place=(--resume "$out/$name"); else place=(--out "$out/$name"); fi
  node bin/vultus.js train "$data" --classes angry,fear,happy,neutral,sad,surprise --device cpu "$@" "${place[@]}"
}

squeezenet=(--model squeezenet1_1 --weights "$weights" --input-size 96)
# Lighter augmentation than the reference's: a network of 0.7 M parameters underfits in ten epochs.
light=(--set augmentation.perspective=null --set augmentation.rotation=10 --set "augmentation.randomResizedCrop.scale=[0.85,1]"
  --set augmentation.erasing=null --set augmentation.affine=null)

run head "${squeezenet[@]}" --recipe bench/head.yaml "${light[@]}"
run finetune "${squeezenet[@]}" --recipe finetune "${light[@]}" --set "phases.all.epochs=${EPOCHS:-10}"
run progressive "${squeezenet[@]}" --recipe progressive --set phases.last.epochs=6 --set phases.last-two.epochs=6
# One short epoch per phase from random weights, on 300 pictures per class, to measure time and memory; its accuracy is
# meaningless.
if [[ $only == all || $only == resnet50 ]]; then
  few=$out/few
  for class in angry fear happy neutral sad surprise; do
    mkdir -p "$few/train/$class" "$few/validation/$class"
    for file in $(ls "$data/train/$class" | head -n 300); do ln -sf "$data/train/$class/$file" "$few/train/$class/"; done
    for file in $(ls "$data/validation/$class" | head -n 50); do ln -sf "$data/validation/$class/$file" "$few/validation/$class/"; done
  done
  data=$few
fi
run resnet50 --model resnet50 --weights random-frozen --recipe progressive --set phases.head.epochs=1 --set phases.last.epochs=1 \
  --set phases.last-two.epochs=1 --set views=1 --set batchSize=16
