#!/usr/bin/env bash
# The quickstart with three seeds: accuracy of the head alone, of the whole network, and seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
for seed in 0 1 2; do
  started=$SECONDS
  node bin/vultus.js quickstart --seed "$seed" --out "$out/$seed" --json 2>/dev/null |
    node -e 'const r = JSON.parse(require("fs").readFileSync(0)); process.stdout.write(`head ${r.frozen} all ${r.accuracy} `)'
  echo "seed $seed seconds $((SECONDS - started))"
done
