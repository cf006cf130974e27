#!/usr/bin/env bash
# A training killed 200 times with SIGKILL and resumed ends with the bits of one that was not; about 7 minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
VULTUS_KILLS="${1:-200}" npx vitest run test/resume.test.ts
