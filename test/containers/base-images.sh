#!/usr/bin/env bash
# Stand-ins for the images of others where no image registry is reached: Debian's own packages, the
# Node.js of node_modules, and the Traefik, Prometheus and Alertmanager that the other checks run.
# They have the names and tags of the manifests, and no digest: what runs them leaves it out. Run it
# through containers.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
# Prints the image of that name in the compose file, without its digest.
image() { sed -n "s,.*image: \($1:[^@]*\).*,\1,p" deploy/local/compose.yaml; }
node_image=$(sed -n 's/^ARG NODE=\(.*\)@.*/\1/p' deploy/images/Dockerfile)
server_image=$(image valkey/valkey)
exporter_image=$(image oliver006/redis_exporter)

# stand_in IMAGE PROGRAM ARGUMENT...: a program with its entry point, and nothing but Debian around
# it.
stand_in() {
  local image container
  image=$(image "$1")
  if podman image exists "$image"; then return; fi
  container=$(buildah from --pull-never "$server_image")
  buildah add -q --chmod 755 "$container" "$2" /usr/local/bin/
  buildah config --entrypoint "[\"${2##*/}\"]" --cmd "${*:3}" "$container"
  buildah commit -q "$container" "$image"
  buildah rm "$container" >/dev/null
}
others() {
  local tools
  stand_in traefik "$(test/manifests/tools.sh)/traefik"
  tools=$(test/monitoring/tools.sh)
  stand_in prom/prometheus "$tools/prometheus" \
    --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus
  stand_in prom/alertmanager "$tools/alertmanager"
}

if podman image exists "$node_image" && podman image exists "$server_image" &&
  podman image exists "$exporter_image"; then
  others
  exit
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# As the official image: Debian 13 with a newer Valkey, whose libraries are these, and the names of
# Redis for its programs.
debootstrap --variant=minbase --include=ca-certificates,libatomic1,libjemalloc2,liblzf1,libssl3t64,libsystemd0,prometheus-redis-exporter \
  trixie "$root" >/dev/null
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
valkey=$(dirname "$(./node_modules/.bin/node test/drills/redis-server.ts valkey --print)")
cp -P "$valkey"/../usr/bin/valkey-* "$root/usr/local/bin"
ln -s valkey-server "$root/usr/local/bin/valkey-sentinel"
for program in "$root"/usr/local/bin/valkey-*; do
  ln -s "${program##*/}" "${program/valkey-/redis-}"
done
container=$(buildah from scratch)
buildah add -q "$container" "$root" /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit -q "$container" "$server_image"
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
