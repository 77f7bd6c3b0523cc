#!/bin/sh
# Ready is: answers, and replication stands, seen from either end. A rolling update thus waits for
# the copy before it takes the next node, and a former master that comes back is not ready until
# Sentinel has made it a replica.
set -eu
# One program: each that a probe starts takes Redis its CPU, and with that its callers their time.
replication=$(valkey-cli --user node -e info replication)
case $replication in
*master_link_status:up* | *connected_slaves:[1-9]*) ;;
*) exit 1 ;;
esac
