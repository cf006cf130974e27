#!/usr/bin/env bash
# Trains the most accurate networks of docs/results.md ("From the face weights"), which do not ship because of the licence of
# their starting weights: bench/shipped/large.sh DATA VOTES FACES LITE OUT DATA, VOTES and OUT are those of train.sh. FACES is
# mobilenet_v1-vggface2.safetensors, LITE is EfficientNet-Lite0's file of ImageNet. OUT/again agrees with people, OUT/labels gives
# FER2013's own labels. About three hours on two cores; an interrupted stage continues where it stopped.
set -euo pipefail
data=$(realpath "$1") votes=$(realpath "$2") faces=$(realpath "$3") lite=$(realpath "$4") out=$(realpath -m "$5")
cd "$(dirname "$0")/../.."
source bench/shipped/stages.sh

people
stage votes "$out/votes.csv" --recipe bench/shipped/large.json --model mobilenet_v1 --weights "$faces"
stage lite "$out/votes.csv" --recipe bench/shipped/large.json --model efficientnet_lite0 --weights "$lite" --set head=linear \
  --set phases.small.optimizer.learningRate=0.0012 --set phases.full.optimizer.learningRate=0.0008 --set phases.small.stageDecay=0.9 \
  --set phases.full.stageDecay=0.9 --teacher "$out/votes" --teacher vultus_m
# Trains once more, with all three as teachers.
stage again "$out/votes.csv" --recipe bench/shipped/large-again.json --model mobilenet_v1_vggface2 \
  --weights "$out/votes/best.safetensors" --teacher "$out/votes" --teacher "$out/lite" --teacher vultus_m
node bin/vultus.js export "$out/again" --to fp16 --prior fear=0.11,happy=0.18,neutral=0.34

# The data set's own labels.
stage keywords "$data" --exclude "$out/exclude.txt" --recipe finetune --model mobilenet_v1 --weights "$faces" --input-size 96 \
  --set views=1 --set phases.head.epochs=2 --set phases.all.epochs=8 --set augmentation.perspective=null --set augmentation.affine=null \
  --set augmentation.erasing=null --set augmentation.rotation=10 --set "augmentation.randomResizedCrop.scale=[0.85,1]"
stage labels "$data" --exclude "$out/exclude.txt" --recipe bench/shipped/large-again.json --model mobilenet_v1_vggface2 \
  --weights "$out/votes/best.safetensors" --teacher "$out/keywords" --seed 3 \
  --set phases.again.optimizer.learningRate=0.0006 --set phases.again.schedule.warmup=0.2
