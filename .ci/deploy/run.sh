#!/usr/bin/env bash
# run.sh SCRIPT...: base images, our images, then the scripts of this folder that drive them; run it through containers.sh.
set -euo pipefail
.ci/deploy/base-images.sh
npm run -s images -- --pull=never --build-arg "$(sed -n 's/^ARG \(NODE=.*\)@.*/\1/p' deploy/images/Dockerfile)"
for script; do ./node_modules/.bin/node --disable-warning=ExperimentalWarning ".ci/deploy/$script"; done
