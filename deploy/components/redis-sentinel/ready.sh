#!/bin/sh
# Ready is: answers, and a replica follows its master. A rolling update thus waits for the copy before it takes the next node.
set -eu
redis-cli -e ping >/dev/null
[ "$(redis-cli role | head -n 1)" = master ] || redis-cli info replication | grep -q '^master_link_status:up'
