#!/usr/bin/env bash
# The body of `npm run check:containers`, inside containers.sh: base images, our images, and the rendered environments driven in containers.
set -euo pipefail
.ci/deploy/base-images.sh
npm run -s images -- --pull=never
podman images --filter reference='quotes-platform/*' --format '{{.Repository}}:{{.Tag}} {{.Size}}'
./node_modules/.bin/node .ci/deploy/run.ts
