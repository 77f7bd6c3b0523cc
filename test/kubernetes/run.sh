#!/usr/bin/env bash
# run.sh [all | up | down | TEST...]: builds what is missing, makes the networks of a cluster anew,
# and goes into the network of its clients, where run.ts starts the cluster and tests it. Without
# arguments it runs the tests that fit into 20 minutes, with `all` all of them, and the cluster ends
# with them. `up` starts a cluster and leaves it, and tests that are named run on it. It needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${TEST_CLUSTER:-quotes}
folder=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/clusters/$name
tools=$(test/kubernetes/tools.sh)
if [[ ${1:-all} =~ ^(all|up)$ ]]; then
  images=$(test/containers/containers.sh test/kubernetes/images.sh "$tools")
  export TEST_IMAGES=$images
  test/kubernetes/fabric.sh down "$name" "$folder"
  test/kubernetes/fabric.sh up "$name" 3
fi
export TEST_CLUSTER=$name TEST_FOLDER=$folder TEST_TOOLS=$tools
nsenter "--net=/run/netns/$name-client" \
  node_modules/.bin/node --disable-warning=ExperimentalWarning test/kubernetes/run.ts "$@"
