#!/usr/bin/env bash
# images.sh TOOLS: builds the project's images and the stand-ins for those of others, and writes archives of all that the manifests name, under the names by which a
# kubelet looks for them, into TOOLS/images; an archive that is there already is kept. Prints a line `archive PATH` for each, and for each image that a manifest pins
# by digest a line `alias IMAGE NAME`. Run it through containers.sh.
set -euo pipefail
tools=$1
# The programs that npm runs speak up on standard output too.
exec 3>&1 >&2
.ci/deploy/base-images.sh
npm run -s images -- --pull=never

# image NAME FROM PROGRAM: a program over an image, or over nothing, made anew when the program is another.
image() {
  local container digest
  digest=$(sha256sum <"$3" | cut -c 1-64)
  if [ "$(podman image inspect --format '{{index .Labels "program"}}' "$1" 2>/dev/null)" = "$digest" ]; then return; fi
  container=$(buildah from --pull-never "$2")
  buildah add -q --chmod 755 "$container" "$3" "/${3##*/}"
  buildah config --label "program=$digest" --entrypoint "[\"/${3##*/}\"]" --cmd '' "$container"
  buildah commit -q "$container" "$1" >/dev/null
  buildah rm "$container" >/dev/null
}
# canonical NAME: as containerd calls it.
canonical() {
  case $1 in
  *.*/* | localhost/*) echo "$1" ;;
  */*) echo "docker.io/$1" ;;
  *) echo "docker.io/library/$1" ;;
  esac
}
# save ARCHIVE IMAGE...: named by what is in it.
save() {
  local content archive
  content=$(podman image inspect --format '{{.Id}} {{.RepoTags}}' "${@:2}" | sha256sum | cut -c 1-12)
  archive=$tools/images/$1-$content.tar
  if [ ! -e "$archive" ]; then
    mkdir -p "$tools/images"
    rm -f "$tools/images/$1"-*
    podman save -q --multi-image-archive --format docker-archive -o "$archive.part" "${@:2}"
    mv "$archive.part" "$archive"
  fi
  echo "archive $archive" >&3
}

image localhost/pause:1 scratch "$tools/pause"
image localhost/coredns:1 scratch "$tools/coredns"
node=$(sed -n 's/^ARG NODE=//p' deploy/images/Dockerfile)
ours=()
others=()
for image in $(npm exec -- node --disable-warning=ExperimentalWarning test/kubernetes/images.ts); do
  name=$(canonical "${image%@*}")
  case $name in
  */grafana/* | */kube-state-metrics/*) image "$name" "$node" test/kubernetes/stub.mjs ;;
  *) podman tag "${image%@*}" "$name" ;;
  esac
  case $name in docker.io/quotes-platform/*) ours+=("$name") ;; *) others+=("$name") ;; esac
  if [ "$image" != "${image%@*}" ]; then echo "alias $name $(canonical "${name%:*}@${image#*@}")" >&3; fi
done
save others localhost/pause:1 localhost/coredns:1 "${others[@]}"
save platform "${ours[@]}"
