#!/usr/bin/env bash
# The networks of a test cluster, all in new network namespaces, so that the machine's own network
# stays as it is.
#   fabric.sh up NAME NODES     makes them
#   fabric.sh node NAME N       makes the network of node N anew, as a reboot does
#   fabric.sh down NAME FOLDER  ends everything that runs in them, however it was started, and
#                               removes them and the folder of the cluster's state
#
#   NAME-control   10.89.0.10: the router to the outside, and a bridge with a cable to every other
#                  namespace
#   NAME-node-N    10.89.0.1N; the pods of node N are 10.244.N.0/24, Services 10.96.0.0/16
#   NAME-client    the outside: 203.0.113.10, .25 (a mail server), and 131,000 addresses of
#                  198.18.0.0/15, one for each client
set -euo pipefail
name=$2
control=$name-control

# namespace NAME
namespace() {
  ip netns add "$1"
  ip -n "$1" link set lo up
}
# cable NAMESPACE PORT MAC ADDRESS...: connects its eth0 to a port of the bridge.
cable() {
  ip link add "$2" netns "$control" type veth peer name eth0 address "$3" netns "$1"
  ip -n "$control" link set "$2" master br0 up
  for address in "${@:4}"; do ip -n "$1" addr add "$address" dev eth0; done
  ip -n "$1" link set eth0 up
}
# node N NODES
node() {
  local node=$name-node-$1
  namespace "$node"
  # The MAC address is fixed, so that the neighbours need not learn another one after a reboot.
  cable "$node" "node-$1" "02:00:00:00:00:1$1" "10.89.0.1$1/24"
  ip netns exec "$node" sysctl -qw net.ipv4.ip_forward=1
  ip -n "$node" route add default via 10.89.0.10
  for other in $(seq "$2"); do
    [ "$other" = "$1" ] || ip -n "$node" route add "10.244.$other.0/24" via "10.89.0.1$other"
  done
}
# finish NAMESPACE: ends all that runs in it but the process $SPARED, which may call this itself.
finish() {
  local pids
  while pids=$(ip netns pids "$1" 2>/dev/null | grep -vx "${SPARED:-0}"); do
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    sleep 0.1
  done
}

case $1 in
up)
  namespace "$control"
  ip -n "$control" link add br0 type bridge
  ip -n "$control" addr add 10.89.0.10/24 dev br0
  ip -n "$control" addr add 203.0.113.1/24 dev br0
  ip -n "$control" link set br0 up
  ip netns exec "$control" sysctl -qw net.ipv4.ip_forward=1 \
    net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.br0.send_redirects=0
  for n in $(seq "$3"); do
    node "$n" "$3"
    ip -n "$control" route add "10.244.$n.0/24" via "10.89.0.1$n"
  done
  # The outside reaches Services through the first node.
  ip -n "$control" route add 10.96.0.0/16 via 10.89.0.11
  namespace "$name-client"
  cable "$name-client" client 02:00:00:00:00:99 203.0.113.10/24 203.0.113.25/24
  ip -n "$name-client" route add default via 203.0.113.1
  ip -n "$name-client" route add local 198.18.0.0/15 dev lo
  ip -n "$control" route add 198.18.0.0/15 via 203.0.113.10
  ;;
node)
  nodes=$(ip netns list | grep -c "^$name-node-")
  finish "$name-node-$3"
  ip netns del "$name-node-$3"
  ip -n "$control" link del "node-$3" 2>/dev/null || true
  node "$3" "$nodes"
  ;;
down)
  for namespace in $(ip netns list | sed -n "s/^\($name-[a-z0-9-]*\).*/\1/p"); do
    finish "$namespace"
    ip netns del "$namespace"
  done
  # The kernel takes a moment to empty the groups of killed processes.
  for try in $(seq 50); do
    find /sys/fs/cgroup/*/"$name"-node-* -depth -type d -exec rmdir {} + 2>/dev/null || true
    compgen -G "/sys/fs/cgroup/*/$name-node-*" >/dev/null || break
    sleep 0.1
  done
  # The volumes of the nodes are mounted file systems.
  sed -n "s,^\S* \($3/\S*\) .*,\1,p" /proc/mounts | tac | xargs -r umount
  rm -rf "$3"
  ;;
esac
