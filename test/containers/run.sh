#!/usr/bin/env bash
# run.sh [SCRIPT...]: base images, our images, then the scripts of this folder that drive them, or
# the named ones of these. Run it through containers.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -eq 0 ]; then set -- environments.ts compose.ts images.bench.ts; fi
test/containers/base-images.sh
npm run -s images -- --pull=never \
  --build-arg "$(sed -n 's/^ARG \(NODE=.*\)@.*/\1/p' deploy/images/Dockerfile)"
for script; do
  ./node_modules/.bin/node --disable-warning=ExperimentalWarning "test/containers/$script"
done
