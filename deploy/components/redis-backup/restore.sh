#!/bin/sh
# Replaces what Redis holds by a backup: $BACKUP, or the newest. The services must be stopped (docs/operations.md).
# Key by key into the running master, so that its append-only file, its replicas and Sentinel never notice.
set -eu
file=${BACKUP:-$(find /backup -name 'quotes-*.rdb' | sort | tail -n 1)}
master=$(valkey-cli -h "$REDIS_HOST" -p 26379 sentinel get-master-addr-by-name quotes | head -n 1)
live="valkey-cli -h $master -p $REDIS_PORT -n $REDIS_DB -e"
source="valkey-cli -s /backup/restore.sock -n $REDIS_DB -e"

# A Redis of our own reads the file; no port, no append-only file, never saves over the backup. Same password: valkey-cli always sends it.
valkey-server --port 0 --unixsocket /backup/restore.sock --requirepass "$REDISCLI_AUTH" --dir /backup --dbfilename "${file##*/}" \
  --save '' --appendonly no --daemonize yes >/dev/null
trap '$source shutdown nosave' EXIT
until $source ping >/dev/null 2>&1; do sleep 0.2; done

echo "$file ($($source dbsize) keys) replaces the $($live dbsize) keys of $master"
$live flushall >/dev/null
$source --scan >/backup/restore.keys
# A key that expired since it was listed is passed over; anything else that goes wrong ends this with an error.
xargs -r -d '\n' -n 100 $source migrate "$master" "$REDIS_PORT" '' "$REDIS_DB" 60000 copy replace auth "$REDISCLI_AUTH" keys \
  </backup/restore.keys >/dev/null
rm /backup/restore.keys
echo "$($live dbsize) keys restored"
