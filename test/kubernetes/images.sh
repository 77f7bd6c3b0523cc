#!/usr/bin/env bash
# images.sh TOOLS: builds the project's images and the stand-ins for those of others, and unpacks
# all that the manifests name, under the names by which a kubelet looks for them, into a folder in
# the form of containerd, which every node copies. It prints the folder, which is kept until an
# image changes. Run it through containers.sh.
set -euo pipefail
tools=$1
# Only the folder goes to standard output.
exec 3>&1 >&2
test/containers/base-images.sh
pinned=$(sed -n 's/^ARG \(NODE=.*\)@.*/\1/p' deploy/images/Dockerfile)
npm run -s images -- --pull=never --build-arg "$pinned"

# image NAME FROM PROGRAM: adds a program to an image, or to an empty one, when it has changed.
image() {
  local container digest label
  digest=$(sha256sum <"$3" | cut -c 1-64)
  label=$(podman image inspect --format '{{index .Labels "program"}}' "$1" 2>/dev/null || true)
  if [ "$label" = "$digest" ]; then return; fi
  container=$(buildah from --pull-never "$2")
  buildah add -q --chmod 755 "$container" "$3" "/${3##*/}"
  buildah config --label "program=$digest" --entrypoint "[\"/${3##*/}\"]" --cmd '' "$container"
  buildah commit -q "$container" "$1" >/dev/null
  buildah rm "$container" >/dev/null
}
# canonical NAME: prints the name that containerd uses.
canonical() {
  case $1 in
  *.*/* | localhost/*) echo "$1" ;;
  */*) echo "docker.io/$1" ;;
  *) echo "docker.io/library/$1" ;;
  esac
}
image localhost/pause:1 scratch "$tools/pause"
image localhost/coredns:1 scratch "$tools/coredns"
node=$(sed -n 's/^ARG NODE=\(.*\)@.*/\1/p' deploy/images/Dockerfile)
names=(localhost/pause:1 localhost/coredns:1)
aliases=()
for image in $(npm exec -- node --disable-warning=ExperimentalWarning test/kubernetes/images.ts); do
  name=$(canonical "${image%@*}")
  case $name in
  */grafana/* | */kube-state-metrics/*) image "$name" "$node" test/kubernetes/stub.mjs ;;
  *) podman tag "${image%@*}" "$name" ;;
  esac
  names+=("$name")
  # An image that is pinned by digest is asked for by digest alone. The digest of a stand-in
  # differs, so that it gets that name too.
  if [ "$image" != "${image%@*}" ]; then
    aliases+=("$name" "$(canonical "${name%:*}@${image#*@}")")
  fi
done

content=$(
  (podman image inspect --format '{{.Id}}' "${names[@]}" && echo "${names[@]} ${aliases[@]}") |
    sha256sum | cut -c 1-12
)
images=$tools/images/$content
if [ ! -e "$images" ]; then
  rm -rf "$tools/images"
  mkdir -p "$tools/images/part"
  cat >"$tools/images/containerd.toml" <<CONF
version = 3
root = '$tools/images/part'
state = '$tools/images/state'
disabled_plugins = ['io.containerd.grpc.v1.cri']
[grpc]
  address = '$tools/images/containerd.sock'
CONF
  "$tools/containerd" --config "$tools/images/containerd.toml" --log-level error &
  ctr() { "$tools/ctr" --address "$tools/images/containerd.sock" --namespace k8s.io "$@"; }
  until ctr version >/dev/null 2>&1; do sleep 0.1; done
  podman save -q --multi-image-archive --format docker-archive \
    -o "$tools/images/archive" "${names[@]}"
  ctr images import "$tools/images/archive" >/dev/null
  set -- "${aliases[@]}"
  for (( ; $#; )); do
    ctr images tag "$1" "$2" >/dev/null
    shift 2
  done
  kill %1
  wait %1 || true
  rm -rf "$tools/images/"{archive,state,containerd.sock*,containerd.toml}
  mv "$tools/images/part" "$images"
fi
echo "$images" >&3
