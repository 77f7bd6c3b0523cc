#!/bin/sh
# Copies the data set of a running Redis to /backup and keeps the seven newest copies.
set -eu
file=/backup/quotes-$(date -u +%Y%m%dT%H%M%SZ).rdb
# A half-written or damaged copy must never look like a backup.
valkey-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb "$file.part"
valkey-check-rdb "$file.part" >/dev/null
mv "$file.part" "$file"
find /backup -name 'quotes-*.rdb' | sort -r | tail -n +8 | xargs -r rm --
echo "$file $(wc -c <"$file") bytes"
