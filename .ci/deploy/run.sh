#!/usr/bin/env bash
# run.sh SCRIPT...: base images, our images, then the scripts of this folder that drive them; run it through containers.sh.
set -euo pipefail
.ci/deploy/base-images.sh
npm run -s images -- --pull=never
for script; do ./node_modules/.bin/node --disable-warning=ExperimentalWarning ".ci/deploy/$script"; done
