#!/usr/bin/env bash
# The tests of the shop that need more than Node and Redis: Debian's Chromium, and Go for Stripe's stripe-mock and for k6, which are cached at pinned versions.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/go
export GOBIN=$cache STRIPE_MOCK=$cache/stripe-mock-0.203.0 K6=$cache/k6-1.8.1
install() {
  [ -x "$2" ] || { go install "$1" && mv "$cache/$(basename "${1%@*}")" "$2"; }
}
install github.com/stripe/stripe-mock@v0.203.0 "$STRIPE_MOCK"
install go.k6.io/k6@v1.8.1 "$K6"
[ -x /usr/bin/chromium ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation; }

npm run --silent test:stripe
npm run --silent test:browser
npm run --silent loadtest
