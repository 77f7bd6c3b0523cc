#!/usr/bin/env bash
# Asks the OSV database for known vulnerabilities of the packages that are shipped: osv-scanner,
# built into a cache, reads the same SBOM that every image carries. Succeeds only when the database
# has answered, and knows of none.
set -uo pipefail
cd "$(dirname "$0")/../.."
# This is the newest version that Go 1.26 builds.
version=2.5.0
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/osv-scanner-$version
[ -x "$tools/osv-scanner" ] || GOBIN=$tools go install -ldflags '-s -w' \
  "github.com/google/osv-scanner/v2/cmd/osv-scanner@v$version" || exit
mkdir -p data
npm sbom --omit dev --sbom-format cyclonedx >data/sbom.cdx.json || exit
"$tools/osv-scanner" scan source --verbosity error --lockfile data/sbom.cdx.json >data/osv.txt
status=$?
case $status in
  0) echo "OSV: no known vulnerability in what is shipped" ;;
  1) cat data/osv.txt && echo "OSV: known vulnerabilities in what is shipped, see above" ;;
  *)
    echo "OSV: NOT CHECKED, since the database could not be asked" \
      "(osv-scanner ended with $status, its reason is above)"
    ;;
esac
exit "$status"
