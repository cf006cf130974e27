#!/usr/bin/env bash
# What to freeze, by how much to unfreeze, and from which weights (docs/results.md): bench/transfer.sh DATA FACES LITE OUT
# [NAME...]. DATA holds train/ and validation/ with one folder per class, FACES is MobileNet's file of VGGFace2, LITE is
# EfficientNet-Lite0's of ImageNet, OUT receives the run folders. An interrupted run continues where it stopped.
# Names: faces-head, faces-progressive, faces-finetune, lite-head, lite-progressive, lite-finetune. SIZE is the input's side in
# pixels (default: 96); EXTRA are further options of vultus train, such as EXTRA="--set views=1".
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "$1") faces=$2 lite=$3 out=$4
shift 4
only=("$@")
read -ra extra <<<"${EXTRA:-}"
npm run --silent build

run() {
  local name=$1 place
  shift
  [[ ${#only[@]} == 0 || " ${only[*]} " == *" $name "* ]] || return 0
  if [[ -f $out/$name/environment.json ]]; then place=(--resume "$out/$name"); else place=(--out "$out/$name"); fi
  node bin/vultus.js train "$data" --classes angry,fear,happy,neutral,sad,surprise --device cpu --input-size "${SIZE:-96}" \
    --set augmentation.perspective=null --set augmentation.rotation=10 \
    --set "augmentation.randomResizedCrop.scale=[0.85,1]" --set augmentation.erasing=null \
    --set augmentation.affine=null "$@" "${extra[@]}" "${place[@]}"
}

for kind in faces lite; do
  if [[ $kind == faces ]]; then start=(--model mobilenet_v1 --weights "$faces"); else start=(--model efficientnet_lite0 --weights "$lite"); fi
  run $kind-finetune "${start[@]}" --recipe finetune --set "phases.all.epochs=8"
  run $kind-progressive "${start[@]}" --recipe progressive --set sampler=shuffle --set phases.last.epochs=6 --set phases.last-two.epochs=6
  run $kind-head "${start[@]}" --recipe bench/head.yaml
done
