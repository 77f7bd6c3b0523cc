#!/usr/bin/env bash
# Runs a command, such as `podman ps`, where Debian's podman and buildah work in a bare CI machine:
# installs them if need be, takes them out of systemd's hands, hides the half of a hybrid cgroup
# tree that they refuse, and gives them run-time folders that end with the command, so that a run
# that was killed leaves nothing that the next one trips over. Containers live in this one command
# only, and two such commands take turns: the second would take the first one's containers for
# leftovers from before a reboot.
set -euo pipefail
# Several names at once would be satisfied by one of them.
present() { for program; do command -v "$program" >/dev/null || return 1; done; }
if ! present podman buildah crun debootstrap iptables catatonit /usr/lib/podman/aardvark-dns; then
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    podman netavark aardvark-dns buildah crun debootstrap iptables catatonit >/dev/null
fi
CONTAINERS_CONF=$(cd "$(dirname "$0")" && pwd)/containers.conf
export CONTAINERS_CONF BUILDAH_ISOLATION=chroot
# shellcheck disable=SC2016
exec flock -o /run/lock/quotes-platform-containers unshare --mount sh -euc '
  umount /sys/fs/cgroup/unified 2>/dev/null || true
  for folder in /run/libpod /run/containers /run/netns; do
    mkdir -p "$folder"
    mount -t tmpfs tmpfs "$folder"
  done
  exec "$@"' sh "$@"
