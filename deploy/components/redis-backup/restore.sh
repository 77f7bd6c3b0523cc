#!/bin/sh
# Replaces what Redis holds by a backup: $BACKUP, or the newest. The services must be stopped (docs/operations.md).
# Key by key into the running master, so that its append-only file, its replicas and Sentinel never notice.
set -eu
file=${BACKUP:-$(find /backup -name 'quotes-*.rdb' | sort | tail -n 1)}
# Before anything is deleted: a name that leads to no file would be an empty Redis below.
valkey-check-rdb "$file" >/dev/null || { echo "${file:-/backup} is not a backup; nothing is changed" >&2; exit 1; }

# Sentinel and the Redis below have no password, and would call the one that valkey-cli sends by itself an error.
without_password='env -u REDISCLI_AUTH valkey-cli -e'
tries=60
until master=$($without_password -h "$REDIS_HOST" -p 26379 sentinel get-master-addr-by-name quotes) && [ -n "$master" ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 2
done
# The first of two lines; the other is its port.
master=$(echo "$master" | head -n 1)
live="valkey-cli -h $master -p $REDIS_PORT -n $REDIS_DB -e"
source="$without_password -s /backup/restore.sock -n $REDIS_DB"

# A Redis of our own reads the file; no port, no append-only file, never saves over the backup.
valkey-server --port 0 --unixsocket /backup/restore.sock --dir "${file%/*}" --dbfilename "${file##*/}" --save '' --appendonly no >/dev/null &
server=$!
trap 'kill "$server"; rm -f /backup/restore.keys' EXIT
until $source ping >/dev/null 2>&1; do
  kill -0 "$server"
  sleep 0.2
done

echo "$file ($($source dbsize) keys) replaces the $($live dbsize) keys of $master"
$live flushall >/dev/null
$source --scan >/backup/restore.keys
# A key that expired since it was listed is passed over; anything else that goes wrong ends this with an error.
xargs -r -d '\n' -n 100 $source migrate "$master" "$REDIS_PORT" '' "$REDIS_DB" 60000 copy replace auth "$REDISCLI_AUTH" keys \
  </backup/restore.keys >/dev/null
echo "$($live dbsize) keys restored"
