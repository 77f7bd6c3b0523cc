#!/bin/sh
# Runs before a node stops. A master hands its role over, so that nothing acknowledged is lost and
# writers wait for about a second. In a coordinated failover the master itself takes part: it holds
# writes back, waits until the chosen replica has everything, and only then gives the role up. A
# plain `sentinel failover` would promote a replica while the master still acknowledges writes that
# this replica does not have. After 20 s without success the node stops all the same. Valkey then
# holds writes back until its replicas have everything (shutdown-timeout), and the Sentinels elect
# another master as after a crash.
set -eu
is_master() { [ "$(valkey-cli --user node role | head -n 1)" = master ]; }
is_master || exit 0
self=$(hostname -f)
host=${self%%.*}
domain=${self#*.}
# Asks the Sentinel of another pod; the one of this pod is being stopped too.
peer_sentinel() {
  for ordinal in 0 1 2; do
    peer=${host%-*}-$ordinal.$domain
    [ "$peer" != "$self" ] || continue
    if timeout 2 valkey-cli --user node -h "$peer" -p 26379 -e sentinel "$@" 2>/dev/null; then
      return
    fi
  done
  return 1
}
# The services follow what the Sentinels say, so this node serves until they name another.
handed_over() {
  ! is_master && master=$(peer_sentinel get-master-addr-by-name quotes | head -n 1) &&
    [ -n "$master" ] && [ "$master" != "$self" ]
}
tries=0
until handed_over || [ "$tries" -ge 100 ]; do
  # Every 4 s again: the chosen replica may have died meanwhile. A failover that is under way
  # refuses a second one.
  if [ $((tries % 20)) -eq 0 ]; then
    peer_sentinel failover quotes coordinated >/dev/null || true
  fi
  tries=$((tries + 1))
  sleep 0.2
done
