#!/usr/bin/env bash
# Installs the tools of `npm run test:manifests` at pinned versions into a cache and prints the
# folder of their executables.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# The folder is named after the pins: other pins get another cache.
pins=$(cat "$0" "$here/requirements.txt" | sha256sum | cut -c 1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/deploy-$pins
if [ ! -e "$tools/complete" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --requirement "$here/requirements.txt"
  # kubeconform reads the schemas of the Python package. They must refer to the file beside them and
  # not to one on the web.
  mkdir "$tools/schemas"
  cp -r "$tools"/lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema/*-local-strict "$tools/schemas"
  find "$tools/schemas" -name '*.json' -exec sed -i \
    -e 's,"/api/_definitions.json,"_definitions.json,' -e 's,^  "$id": .*,  "$comment": "",' {} +
  export GOBIN=$tools/bin
  go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
  go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
  go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0
  touch "$tools/complete"
fi
echo "$tools/bin"
