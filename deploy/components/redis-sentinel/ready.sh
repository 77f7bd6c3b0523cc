#!/bin/sh
# A node is ready when it answers and replication works, seen from either end. A rolling update thus
# waits for the copy before it takes the next node, and a former master that comes back is not ready
# until Sentinel has made it a replica.
set -eu
# Only one program is started: each takes CPU from Redis, and so time from its callers.
replication=$(valkey-cli --user node -e info replication)
case $replication in
*master_link_status:up* | *connected_slaves:[1-9]*) ;;
*) exit 1 ;;
esac
