#!/usr/bin/env bash
# Installs the Debian packages that `npm run test:kubernetes` wants, builds or collects its programs at pinned versions into a cache, and prints the cache's folder. The first
# time takes half an hour; a run that was interrupted goes on where it stopped, since each program is a step of its own.
set -euo pipefail
kubernetes=1.36.3
coredns=1.14.3
kube_router=2.1.0
kwok=0.8.0
metrics_server=0.9.0
here=$(cd "$(dirname "$0")" && pwd)
k6=$(sed -n "s/^const K6_VERSION = '\(.*\)';/\1/p" "$here/../../deploy/loadtest/run.ts")
# The pins name the folder: another pin is another cache.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/kubernetes-$( (cat "$0" && echo "$k6") | sha256sum | cut -c 1-12)
mkdir -p "$tools"
exec 3>&1 >&2 9>"$tools/lock"
flock 9

# Where `go mod download` keeps a part of a module.
part() { go mod download -json "$1" | sed -n "s/^\t\"$2\": \"\(.*\)\",*/\1/p"; }
# step FILE COMMAND...: makes a file unless it is there; the command writes $tools/part, which is then moved to its place.
step() {
  if [ -e "$tools/$1" ]; then return; fi
  rm -rf "$tools/part"
  "${@:2}"
  mv "$tools/part" "$tools/$1"
}
packages() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    conntrack containernetworking-plugins curl e2fsprogs ebtables gcc iproute2 ipset iptables libc6-dev mount nftables openssl procps runc socat util-linux >/dev/null
}
# debian PACKAGE PROGRAM: of Debian sid, unpacked and not installed: it wants no newer libc than bookworm's.
debian() {
  local apt=$tools/apt mirror options
  options=(-o "Dir::State=$apt" -o "Dir::Cache=$apt" -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null)
  if [ ! -e "$apt/updated" ]; then
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    # The mirror that this machine installs from, another suite.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
    apt-get "${options[@]}" -qq update
    touch "$apt/updated"
  fi
  (cd "$apt" && apt-get "${options[@]}" -qq download "$1" && dpkg -x "$1"_*.deb unpacked && rm "$1"_*.deb)
  cp "$apt/unpacked/usr/bin/$2" "$tools/part"
}
# One Go module for all programs, so that what they share is compiled once. Kubernetes refers to its own libraries by relative paths, so the module refers to the
# published ones; and the others must take the versions of libraries that Kubernetes takes.
module() {
  mkdir -p "$tools/part/coredns" "$tools/part/pause"
  cd "$tools/part"
  go mod init cluster
  go mod edit -require="k8s.io/kubernetes@v$kubernetes"
  for library in $(sed -n 's,.* => ./staging/src/,,p' "$(part "k8s.io/kubernetes@v$kubernetes" GoMod)"); do
    go mod edit -replace="$library=$library@v0.${kubernetes#1.}"
  done
  go list -mod=mod -deps -f '{{with .Module}}{{if and (not .Replace) .Version}}{{.Path}} {{.Version}}{{end}}{{end}}' \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kube-proxy} | sort -u | grep -v '^k8s.io/kubernetes ' >versions
  while read -r library version; do go mod edit -replace="$library=$library@$version"; done <versions
  go mod edit -require="github.com/coredns/coredns@v$coredns" -require="github.com/cloudnativelabs/kube-router/v2@v$kube_router" \
    -require="sigs.k8s.io/kwok@v$kwok" -require="sigs.k8s.io/metrics-server@v$metrics_server"
  cat >coredns/main.go <<'GO'
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
)

func init() {
	dnsserver.Directives = []string{"errors", "health", "ready", "loadbalance", "cache", "hosts", "kubernetes"}
}

func main() { coremain.Run() }
GO
  # The first process of every pod: it only waits.
  cat >pause/main.go <<'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
}
GO
}
build() {
  local version=k8s.io/component-base/version minor=${kubernetes#1.}
  cd "$tools/module"
  CGO_ENABLED=0 go build -mod=mod -o "$tools/part" \
    -ldflags "-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=${minor%.*}" "$1"
}
# What kwok plays a kubelet by.
kwok_config() { cd "$tools/module" && cp -r --no-preserve=mode "$(part "sigs.k8s.io/kwok@v$kwok" Dir)/kustomize" "$tools/part"; }
load_generator() {
  GOBIN=$tools/gobin go install "go.k6.io/k6@$k6"
  mv "$tools/gobin/k6" "$tools/part"
}

# Several names at once would be satisfied by one of them.
for program in conntrack curl ebtables gcc ip ipset iptables mkfs.ext4 nft openssl ps /usr/lib/cni/ptp /usr/sbin/runc socat unshare; do
  command -v "$program" >/dev/null || { packages; break; }
done
for program in containerd ctr containerd-shim-runc-v2; do step $program debian containerd $program; done
step etcd debian etcd-server etcd
step module module
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do step $program build "k8s.io/kubernetes/cmd/$program"; done
for program in pause coredns; do step $program build "./$program"; done
step kube-router build github.com/cloudnativelabs/kube-router/v2/cmd/kube-router
step metrics-server build sigs.k8s.io/metrics-server/cmd/metrics-server
step kwok build sigs.k8s.io/kwok/cmd/kwok
step kwok-config kwok_config
step k6 load_generator
echo "$tools" >&3
