#!/bin/sh
# Copies the data set of a running Redis to /copy; seal.ts then takes it to the volume of the
# backups.
set -eu
file=/copy/quotes-$(date -u +%Y%m%dT%H%M%SZ).rdb
# Redis refuses a copy while it loads or has lost its master, and aborts one when its node ends or
# lacks memory; a new pod may have no network yet. A moment later the same node, or another one
# behind the Service, sends a copy. A half-written or damaged copy must never look like a backup.
tries=60
until timeout 600 valkey-cli --user backup -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb "$file.part" &&
  valkey-check-rdb "$file.part" >/dev/null; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  echo "no whole copy; another try in 2 s" >&2
  sleep 2
done
mv "$file.part" "$file"
