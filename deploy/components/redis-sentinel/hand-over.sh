#!/bin/sh
# Before a node stops: a master hands its role over, so that writers wait for an election and not for a time-out.
# Within 20 s, then the node stops anyway and the Sentinels elect as after a crash.
set -eu
is_master() { [ "$(valkey-cli role | head -n 1)" = master ]; }
is_master || exit 0
self=$(hostname -f)
host=${self%%.*}
for ordinal in 0 1 2; do
  peer=${host%-*}-$ordinal.${self#*.}
  # This pod's own Sentinel is being stopped too.
  [ "$peer" != "$self" ] || continue
  if timeout 2 valkey-cli -h "$peer" -p 26379 -e sentinel failover quotes; then break; fi
done
tries=100
while is_master && [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  sleep 0.2
done
