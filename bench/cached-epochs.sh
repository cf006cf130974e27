#!/usr/bin/env bash
# Epochs of ResNet50's head at 224 px on real pictures, on cached features and without: bench/cached-epochs.sh DATA DATA holds
# train/ and validation/ with one folder per class; 108 and 12 of its pictures, of six classes, are used. Prints the images per
# second of each epoch, and the ratio of the last epochs.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "$1")
npm run --silent build
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for class in angry fear happy neutral sad surprise; do
  for part in train/108 validation/12; do
    mkdir -p "$out/few/${part%/*}/$class"
    ls "$data/${part%/*}/$class" | sed -n "1,${part#*/}p" |
      xargs -I {} ln -s "$data/${part%/*}/$class/{}" "$out/few/${part%/*}/$class/"
  done
done
for cache in auto off; do
  epochs=$([[ $cache == auto ]] && echo 5 || echo 2)
  node bin/vultus.js train "$out/few" --model resnet50 --weights random-frozen --device cpu --cache-features "$cache" \
    --set phases='[{"name":"head","train":"head","epochs":'"$epochs"',"patience":9,"optimizer":{"type":"adamw","learningRate":0.001}}]' \
    --set views=1 --out "$out/$cache" --json >/dev/null 2>&1
done
node -e '
  const rates = (name) => require("fs").readFileSync(`${process.argv[1]}/${name}/events.jsonl`, "utf8").trim().split("\n")
    .map((line) => JSON.parse(line)).filter(({ event }) => event === "epochEnd").map((event) => event.imagesPerSecond);
  const [cached, off] = [rates("auto"), rates("off")];
  console.log(`cached ${cached.map(Math.round).join(", ")}; without ${off.map((rate) => rate.toFixed(1)).join(", ")}; ratio ${(cached.at(-1) / off.at(-1)).toFixed(0)}`);
' "$out"
