#!/usr/bin/env bash
# A training that is killed 200 times with SIGKILL and resumed ends bit-identical to an uninterrupted one; takes about 7 minutes
# on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
VULTUS_KILLS="${1:-200}" npx vitest run test/resume.test.ts
