#!/usr/bin/env bash
# Stand-ins for the images of others where no image registry is reached: Debian's own packages, the Node.js of node_modules, and the Traefik, Prometheus and
# Alertmanager that the other checks run.
# Run it through containers.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
node_image=docker.io/library/node:24.21.0-bookworm-slim
redis_image=docker.io/library/redis:7.2.11-bookworm
exporter_image=oliver006/redis_exporter:v1.74.0

# stand_in IMAGE PROGRAM ARGUMENT...: a program with its entry point, and nothing but Debian around it.
stand_in() {
  local image container
  image=$(sed -n "s,.*image: \($1:.*\),\1,p" deploy/local/compose.yaml)
  if podman image exists "$image"; then return; fi
  container=$(buildah from --pull-never "$redis_image")
  buildah add -q --chmod 755 "$container" "$2" /usr/local/bin/
  buildah config --entrypoint "[\"${2##*/}\"]" --cmd "${*:3}" "$container"
  buildah commit -q "$container" "$image"
  buildah rm "$container" >/dev/null
}
others() {
  local tools
  stand_in traefik "$(.ci/deploy/tools.sh)/traefik"
  tools=$(.ci/monitoring/tools.sh)
  stand_in prom/prometheus "$tools/prometheus" --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus
  stand_in prom/alertmanager "$tools/alertmanager"
}

if podman image exists "$node_image" && podman image exists "$redis_image" && podman image exists "$exporter_image"; then
  others
  exit
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates,prometheus-redis-exporter,redis-sentinel,redis-server,redis-tools bookworm "$root" >/dev/null
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
container=$(buildah from scratch)
buildah add -q "$container" "$root" /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit -q "$container" "$redis_image"
buildah config --entrypoint '["prometheus-redis-exporter"]' "$container"
buildah commit -q "$container" "$exporter_image"
buildah config --entrypoint '[]' "$container"
buildah add -q "$container" "$(readlink -f node_modules/.bin/node)" /usr/local/bin/node
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
buildah add -q "$container" "$npm" /usr/local/lib/node_modules/npm
buildah run "$container" -- ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
# The certificates that this machine trusts, so that `npm ci` reaches its registry from inside.
buildah add -q "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
buildah commit -q "$container" "$node_image"
buildah rm "$container" >/dev/null
others
