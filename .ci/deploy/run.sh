#!/usr/bin/env bash
# The body of `npm run check:containers`, inside containers.sh: base images, our images, the rendered environments and compose.yaml driven in containers, and what the images cost.
set -euo pipefail
.ci/deploy/base-images.sh
npm run -s images -- --pull=never
./node_modules/.bin/node .ci/deploy/run.ts
./node_modules/.bin/node .ci/deploy/compose.ts
./node_modules/.bin/node --disable-warning=ExperimentalWarning .ci/deploy/images.bench.ts
