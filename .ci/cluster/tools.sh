#!/usr/bin/env bash
# Builds the control plane of `npm run check:cluster` at pinned versions into a cache and prints the cache's folder. The first time takes a quarter of an hour.
set -euo pipefail
kubernetes=1.36.3
kwok=0.8.0
metrics_server=0.9.0
# The pins name the folder: another pin is another cache.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/cluster-$(sha256sum <"$0" | cut -c 1-12)
if [ ! -e "$tools/complete" ]; then
  rm -rf "$tools"
  mkdir -p "$tools/module"
  cd "$tools/module"
  export GOBIN=$tools CGO_ENABLED=0
  # Where `go mod download` keeps a part of a module.
  part() { go mod download -json "$1" | sed -n "s/^\t\"$2\": \"\(.*\)\",*/\1/p"; }

  # Kubernetes refers to its own libraries by relative paths, so `go install` refuses it: this module refers to the published ones.
  go mod init cluster 2>/dev/null
  go mod edit -require="k8s.io/kubernetes@v$kubernetes"
  for library in $(sed -n 's,.* => ./staging/src/,,p' "$(part "k8s.io/kubernetes@v$kubernetes" GoMod)"); do
    go mod edit -replace="$library=$library@v0.${kubernetes#1.}"
  done
  version=k8s.io/component-base/version
  minor=${kubernetes#1.}
  go build -mod=mod -o "$tools/" \
    -ldflags "-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=${minor%.*}" \
    k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kube-scheduler
  # The release that this Kubernetes is made with.
  go build -mod=mod -o "$tools/etcd" go.etcd.io/etcd/server/v3

  go install "sigs.k8s.io/kwok/cmd/kwok@v$kwok"
  go install "sigs.k8s.io/metrics-server/cmd/metrics-server@v$metrics_server"
  # What kwok plays a kubelet by.
  cp -r "$(part "sigs.k8s.io/kwok@v$kwok" Dir)/kustomize" "$tools/kwok-config"
  chmod -R u+w "$tools/kwok-config" && rm -r "$tools/module"
  touch "$tools/complete"
fi
echo "$tools"
