#!/bin/sh
# Runs before a node starts. On its first start it writes the two files that Redis and Sentinel keep
# up to date themselves from then on (role, epoch, known peers). Later starts keep them, so that
# after a failover nobody goes back to an older idea of who is the master.
set -eu
umask 077
export REDISCLI_AUTH="$NODE_PASSWORD"
self=$(hostname -f)
domain=${self#*.}
host=${self%%.*}
set_name=${host%-*}
first=$set_name-0.$domain
peers="$first $set_name-1.$domain $set_name-2.$domain"

# Sets $master and $replicas to what the first Sentinel that answers knows, or to nothing.
ask_sentinels() {
  master='' replicas=''
  for peer in $peers; do
    answer=$(timeout 2 valkey-cli --user node -h "$peer" -p 26379 \
      -e sentinel master quotes 2>/dev/null) || continue
    master=$(echo "$answer" | grep -A 1 '^ip$' | tail -n 1)
    replicas=$(echo "$answer" | grep -A 1 '^num-slaves$' | tail -n 1)
    return
  done
}

if [ ! -f /data/node.conf ]; then
  ask_sentinels
  # With an empty volume nobody may be the master, or it would hand its emptiness to replicas that
  # have the data: only once another Sentinel says that there are no replicas yet is this the first
  # start of all.
  while [ "${master:-$first}" = "$self" ] && [ "$replicas" != 0 ]; do
    echo "waiting for another Sentinel to say that there is no data yet," \
      "or to elect another master than this empty node"
    sleep 1
    ask_sentinels
  done
  master=${master:-$first}
  cat >/data/sentinel.conf <<CONF
port 26379
dir /data
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $self
sentinel announce-port 26379
sentinel monitor quotes $master 6379 2
CONF
  {
    echo "replica-announce-ip $self"
    [ "$master" = "$self" ] || echo "replicaof $master 6379"
  } >/data/node.conf.new
  # This is the last step, and atomic: after a crash before it, the next start is a first one again.
  mv /data/node.conf.new /data/node.conf
fi

# The nodes log in to each other as a user of their own.
printf 'masteruser node\nmasterauth %s\n' "$NODE_PASSWORD" >/run/redis/login.conf
# What Redis rewrote into its file of the users and passwords of an earlier version: beside an ACL
# file it would refuse to start.
grep -vE '^(user|requirepass|masteruser|masterauth) ' /data/node.conf >/data/node.conf.new
mv /data/node.conf.new /data/node.conf

# These may have changed since the first start. When both Sentinels that survive a node stand for
# election at the same instant, none wins, and they try again after twice the failover timeout: 10 s
# in which nobody can write. So each waits for another time before it calls a master down. In one
# move: a Sentinel that reads the file meanwhile must not find a half of it.
{
  grep -vE '^(user|aclfile|protected-mode|requirepass|sentinel (auth-(user|pass)|sentinel-(user|pass)|down-after-milliseconds|failover-timeout)) ' /data/sentinel.conf
  cat <<CONF
aclfile /etc/redis-users/sentinel.acl
sentinel sentinel-user sentinel
sentinel sentinel-pass $SENTINEL_PASSWORD
sentinel auth-user quotes sentinel
sentinel auth-pass quotes $SENTINEL_PASSWORD
sentinel down-after-milliseconds quotes $((2000 + 500 * ${host##*-}))
sentinel failover-timeout quotes 5000
CONF
} >/data/sentinel.conf.new
mv /data/sentinel.conf.new /data/sentinel.conf

# Sentinel refuses to start while the master's name is unknown to DNS.
last=$(awk '$1 == "sentinel" && $2 == "monitor" { print $4 }' /data/sentinel.conf)
until getent hosts "$last" >/dev/null; do
  echo "waiting for $last in DNS"
  sleep 1
done

# Where all nodes start together, the last master may be the last to come. Sentinels that miss it
# would elect a replica, which may lack what the master has acknowledged with the other one. Where a
# Sentinel answers, the others have not ended, and know better.
tries=0
until [ "$last" = "$self" ] || [ "$tries" -ge 30 ] ||
  timeout 2 valkey-cli --user node -h "$last" ping >/dev/null 2>&1; do
  ask_sentinels
  [ -z "$master" ] || break
  echo "waiting for $last, the last master"
  tries=$((tries + 1))
  sleep 1
done
