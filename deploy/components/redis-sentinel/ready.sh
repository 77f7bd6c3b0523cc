#!/bin/sh
# Ready is: answers, and replication stands, seen from either end. A rolling update thus waits for the copy before it takes the next node, and a
# former master that comes back is not ready until Sentinel has made it a replica.
set -eu
valkey-cli --user node -e ping >/dev/null
valkey-cli --user node info replication | grep -qE '^(master_link_status:up|connected_slaves:[1-9])'
