#!/bin/sh
# Replaces what Redis holds by the backup that seal.ts has taken to /copy. The services must be
# stopped (docs/operations.md). The keys are copied one by one into the running master, so
# that its append-only file, its replicas and Sentinel go on as usual.
set -eu
file=$(find /copy -name '*.rdb')
# This comes before anything is deleted: with a missing file the Redis below would be empty.
valkey-check-rdb "$file" >/dev/null || {
  echo "${file:-/copy} is not a backup; nothing is changed" >&2
  exit 1
}

# Only the operator may delete everything. valkey-cli reads its password from REDISCLI_AUTH.
as_operator='valkey-cli --user operator -e'
tries=60
until master=$($as_operator -h "$REDIS_HOST" -p 26379 sentinel get-master-addr-by-name quotes) &&
  [ -n "$master" ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 2
done
# The first of two lines; the other is its port.
master=$(echo "$master" | head -n 1)
live="$as_operator -h $master -p $REDIS_PORT -n $REDIS_DB"

# A second Redis reads the file. It has no port and no append-only file, and never saves over the
# backup. It has no password, and would answer one with an error.
source="env -u REDISCLI_AUTH valkey-cli -e -s /copy/restore.sock -n $REDIS_DB"
valkey-server --port 0 --unixsocket /copy/restore.sock \
  --dir "${file%/*}" --dbfilename "${file##*/}" --save '' --appendonly no >/dev/null &
server=$!
trap 'kill "$server"; rm -f /copy/restore.keys' EXIT
until $source ping >/dev/null 2>&1; do
  kill -0 "$server"
  sleep 0.2
done

echo "$file ($($source dbsize) keys) replaces the $($live dbsize) keys of $master"
$live flushall >/dev/null
$source --scan >/copy/restore.keys
# A key that expired since it was listed is passed over; anything else that goes wrong ends this
# with an error. The password goes through a pipe, since a command line is for all to see: -X puts
# it in the place of PASSWORD.
export source master
xargs -r -d '\n' -n 100 sh -euc \
  'printf %s "$REDISCLI_AUTH" | $source -X PASSWORD \
    migrate "$master" "$REDIS_PORT" "" "$REDIS_DB" 60000 \
    copy replace auth2 operator PASSWORD keys "$@"' restore </copy/restore.keys >/dev/null
echo "$($live dbsize) keys restored"
