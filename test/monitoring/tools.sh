#!/usr/bin/env bash
# Builds Prometheus and Alertmanager, at the versions that the manifests deploy, into a cache and
# prints the folder of their executables. They lack their web pages, which no test opens, and of
# Prometheus' service discoveries all but the one that we use.
set -euo pipefail
images=$(cd "$(dirname "$0")/../../deploy/components/images" && pwd)/kustomization.yaml
# Prints the version of the image that is deployed.
version() { sed -n "\,name: prom/$1$,{n;s/.*newTag: v//p;}" "$images"; }
prometheus=$(version prometheus)
alertmanager=$(version alertmanager)
# The folder is named after the pins: other pins get another cache.
pins=$( (cat "$0" && echo "$prometheus $alertmanager") | sha256sum | cut -c 1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/monitoring-$pins
mkdir -p "$(dirname "$tools")"
# Child processes inherit the lock: if only this script is killed, the next one waits until these
# have ended, and then builds anew.
exec 9>"$tools.lock"
flock 9
if [ ! -e "$tools/complete" ]; then
  rm -rf "$tools"
  mkdir -p "$tools/alertmanager"
  export GOBIN=$tools/bin
  flags() { echo "-s -w -X github.com/prometheus/common/version.Version=$1"; }
  # As a Go module, Prometheus 3.16.0 is v0.316.0.
  IFS=. read -r major minor patch <<<"$prometheus"
  module=$(printf 'v0.%d%02d.%d' "$major" "$minor" "$patch")
  go install -ldflags "$(flags "$prometheus")" -tags remove_all_sd,enable_kubernetes_sd github.com/prometheus/prometheus/cmd/{prometheus,promtool}@"$module"
  # Alertmanager wants a web page to embed, and its module has none.
  source=$(go mod download -json "github.com/prometheus/alertmanager@v$alertmanager" |
    sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp --recursive --no-preserve=mode "$source/." "$tools/alertmanager"
  mkdir -p "$tools/alertmanager/ui/app/dist"
  echo '<!doctype html>' >"$tools/alertmanager/ui/app/dist/index.html"
  (cd "$tools/alertmanager" &&
    go install -ldflags "$(flags "$alertmanager")" ./cmd/alertmanager ./cmd/amtool)
  rm -rf "$tools/alertmanager"
  touch "$tools/complete"
fi
echo "$tools/bin"
