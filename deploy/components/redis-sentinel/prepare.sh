#!/bin/sh
# Before a node starts: on its first start, writes the two files that Redis and Sentinel keep up to date themselves from then on
# (role, epoch, known peers). Later starts keep them, so that after a failover nobody goes back to an older idea of who is the master.
set -eu
self=$(hostname -f)
domain=${self#*.}
host=${self%%.*}
set_name=${host%-*}
peers="$set_name-0.$domain $set_name-1.$domain $set_name-2.$domain"

# Prints field $1 of the master as the first Sentinel that answers knows it; nothing on a cluster's very first start.
ask_sentinels() {
  for peer in $peers; do
    answer=$(timeout 2 redis-cli -h "$peer" -p 26379 sentinel master quotes 2>/dev/null | grep -A 1 "^$1\$" | tail -n 1) || continue
    if [ -n "$answer" ]; then
      echo "$answer"
      return
    fi
  done
}

if [ ! -f /data/node.conf ]; then
  # An empty volume on the node that the others still take for the master: started now, it would hand its emptiness to its replicas.
  while [ "$(ask_sentinels ip)" = "$self" ] && [ "$(ask_sentinels num-slaves)" != 0 ]; do
    echo "waiting until the Sentinels elect another master than this empty node"
    sleep 1
  done
  master=$(ask_sentinels ip)
  master=${master:-$set_name-0.$domain}
  cat >/data/sentinel.conf <<CONF
port 26379
dir /data
# Reached from this namespace's own pods only (components/isolation); the services know no Sentinel password.
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $self
sentinel announce-port 26379
sentinel monitor quotes $master 6379 2
sentinel down-after-milliseconds quotes 2000
sentinel failover-timeout quotes 15000
sentinel parallel-syncs quotes 1
CONF
  {
    echo "replica-announce-ip $self"
    [ "$master" = "$self" ] || echo "replicaof $master 6379"
  } >/data/node.conf.new
  # Last, and at once: a crash before this line is a first start again.
  mv /data/node.conf.new /data/node.conf
fi

# The password may have been rotated since.
sed -i '/^sentinel auth-pass /d' /data/sentinel.conf
echo "sentinel auth-pass quotes $REDIS_PASSWORD" >>/data/sentinel.conf

# Sentinel refuses to start while the master's name is unknown to DNS.
master=$(awk '$1 == "sentinel" && $2 == "monitor" { print $4 }' /data/sentinel.conf)
until getent hosts "$master" >/dev/null; do
  echo "waiting for $master in DNS"
  sleep 1
done
