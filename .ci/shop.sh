#!/usr/bin/env bash
# The tests of the shop that need more than Node and Redis: Debian's Chromium, and Go for Stripe's stripe-mock, cached at a pinned version.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/go
export GOBIN=$cache STRIPE_MOCK=$cache/stripe-mock-0.203.0
[ -x "$STRIPE_MOCK" ] || { go install github.com/stripe/stripe-mock@v0.203.0 && mv "$cache/stripe-mock" "$STRIPE_MOCK"; }
[ -x /usr/bin/chromium ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation; }

npm run --silent test:stripe
npm run --silent test:browser
