#!/usr/bin/env bash
# run.sh NAME [ARGUMENT...]: one test that needs more than Node and one Redis, by its name. It
# installs what is missing, at pinned versions into a cache or from Debian, and builds the services
# first. The arguments go to Jest.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform

jest() {
  npm run -s build
  node --experimental-vm-modules node_modules/jest/bin/jest.js "$@"
}
chromium() {
  if [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then return; fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-liberation
}
stripe_mock() {
  export STRIPE_MOCK=${STRIPE_MOCK:-$cache/go/stripe-mock-0.203.0}
  if [ -x "$STRIPE_MOCK" ]; then return; fi
  GOBIN=$cache/go go install github.com/stripe/stripe-mock@v0.203.0
  mv "$cache/go/stripe-mock" "$STRIPE_MOCK"
}

name=${1:-}
shift $(($# > 0))
case $name in
  browser) chromium; jest --testMatch '**/*.browser-spec.ts' "$@" ;;
  clients) npm run -s build; node test/clients/run.ts "$@" ;;
  failover) jest --testMatch '**/*.drill-spec.ts' "$@" ;;
  fuzz) npm run -s build; node test/drills/fuzz.ts ;;
  redis-cluster) TEST_REDIS=cluster jest apps libs/redis libs/quotes libs/users "$@" ;;
  server) node test/drills/redis-server.ts "$@" ;;
  stripe) stripe_mock; jest --testMatch '**/*.stripe-spec.ts' "$@" ;;
  vulnerabilities) test/drills/vulnerabilities.sh ;;
  *)
    echo "Which one: $(sed -n 's/^  \([a-z-]*\)) .*/\1/p' "$0" | paste -sd ' ')?" >&2
    exit 2
    ;;
esac
