#!/bin/sh
# Copies the data set of a running Redis to /backup and keeps the seven newest copies.
set -eu
# What a killed run has left would fill the volume in the end.
find /backup -name '*.part' -mmin +60 -delete
file=/backup/quotes-$(date -u +%Y%m%dT%H%M%SZ).rdb
# Of this run alone: the nightly one and one by hand may meet.
part=$(mktemp "$file.XXXXXX.part")
trap 'rm -f "$part"' EXIT
# Redis refuses a copy while it loads or has lost its master, and breaks one off when its node ends or has no memory for it; a new pod may reach nobody yet.
# A moment later the same node, or another one behind the Service, gives it. A half-written or damaged copy must never look like a backup.
tries=60
until timeout 600 valkey-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb "$part" && valkey-check-rdb "$part" >/dev/null; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  echo "no whole copy; another try in 2 s" >&2
  sleep 2
done
mv "$part" "$file"
find /backup -name 'quotes-*.rdb' | sort -r | tail -n +8 | xargs -r rm --
echo "$file $(wc -c <"$file") bytes"
