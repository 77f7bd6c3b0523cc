#!/usr/bin/env bash
# Installs the Debian packages that `npm run test:kubernetes` needs, builds or collects its programs
# at pinned versions into a cache, and prints the folder of the cache. The first time takes half an
# hour; a run that was interrupted goes on where it stopped, since each program is a step.
set -euo pipefail
kubernetes=1.36.3
coredns=1.14.3
kube_router=2.1.0
kwok=0.8.0
metrics_server=0.9.0
here=$(cd "$(dirname "$0")" && pwd)
k6=$(sed -n "s/^const K6_VERSION = '\(.*\)';/\1/p" "$here/../../deploy/loadtest/run.ts")
# The pins are a part of the folder's name, so that another pin gets another cache.
pins=$( (cat "$0" && echo "$k6") | sha256sum | cut -c 1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/kubernetes-$pins
mkdir -p "$tools"
exec 3>&1 >&2 9>"$tools/lock"
flock 9

# part MODULE KEY: prints where `go mod download` keeps a part of a module.
part() { go mod download -json "$1" | sed -n "s/^\t\"$2\": \"\(.*\)\",*/\1/p"; }
# step FILE COMMAND...: makes a file unless it exists. The command writes $tools/part, which is
# moved to the place of the file.
step() {
  if [ -e "$tools/$1" ]; then return; fi
  rm -rf "$tools/part"
  "${@:2}"
  mv "$tools/part" "$tools/$1"
}
packages() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends >/dev/null \
    conntrack containernetworking-plugins curl e2fsprogs ebtables gcc iproute2 ipset iptables \
    libc6-dev mount nftables openssl procps runc socat util-linux
}
# debian PACKAGE PROGRAM: unpacks a program of Debian sid that needs no newer libc than bookworm's.
debian() {
  local apt=$tools/apt mirror options
  options=(-o "Dir::State=$apt" -o "Dir::Cache=$apt" -o "Dir::Etc::sourcelist=$apt/sources.list")
  options+=(-o Dir::Etc::sourceparts=/dev/null)
  if [ ! -e "$apt/updated" ]; then
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    # This machine installs from the same mirror, but from another suite.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
      grep -v security | head -n 1)
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$keys] $mirror sid main" >"$apt/sources.list"
    apt-get "${options[@]}" -qq update
    touch "$apt/updated"
  fi
  (cd "$apt" && apt-get "${options[@]}" -qq download "$1" &&
    dpkg -x "$1"_*.deb unpacked && rm "$1"_*.deb)
  cp "$apt/unpacked/usr/bin/$2" "$tools/part"
}
# All programs are in one Go module, so that what they share is compiled once. Kubernetes refers to
# its own libraries by relative paths, for which the module takes the published ones; the other
# programs must take the versions of libraries that Kubernetes takes.
module() {
  mkdir -p "$tools/part/coredns" "$tools/part/pause"
  cd "$tools/part"
  go mod init cluster
  go mod edit -require="k8s.io/kubernetes@v$kubernetes"
  local mod
  mod=$(part "k8s.io/kubernetes@v$kubernetes" GoMod)
  for library in $(sed -n 's,.* => ./staging/src/,,p' "$mod"); do
    go mod edit -replace="$library=$library@v0.${kubernetes#1.}"
  done
  go list -mod=mod -deps \
    -f '{{with .Module}}{{if and (not .Replace) .Version}}{{.Path}} {{.Version}}{{end}}{{end}}' \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler} \
    k8s.io/kubernetes/cmd/{kubelet,kube-proxy} |
    sort -u | grep -v '^k8s.io/kubernetes ' >versions
  while read -r library version; do
    go mod edit -replace="$library=$library@$version"
  done <versions
  go mod edit -require="github.com/coredns/coredns@v$coredns" \
    -require="github.com/cloudnativelabs/kube-router/v2@v$kube_router" \
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
	dnsserver.Directives = []string{
		"errors", "health", "ready", "loadbalance", "cache", "hosts", "kubernetes",
	}
}

func main() { coremain.Run() }
GO
  # This is the first process of every pod, which only waits.
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
  local version=k8s.io/component-base/version minor=${kubernetes#1.} flags
  flags="-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=1"
  flags="$flags -X $version.gitMinor=${minor%.*}"
  cd "$tools/module"
  CGO_ENABLED=0 go build -mod=mod -o "$tools/part" -ldflags "$flags" "$1"
}
# kwok simulates kubelets by this configuration.
kwok_config() {
  cd "$tools/module"
  cp -r --no-preserve=mode "$(part "sigs.k8s.io/kwok@v$kwok" Dir)/kustomize" "$tools/part"
}
load_generator() {
  GOBIN=$tools/gobin go install "go.k6.io/k6@$k6"
  mv "$tools/gobin/k6" "$tools/part"
}

# Each program is looked for alone, since `command -v` is content with one of several.
for program in conntrack curl ebtables gcc ip ipset iptables mkfs.ext4 nft openssl ps \
  /usr/lib/cni/ptp /usr/sbin/runc socat unshare; do
  command -v "$program" >/dev/null || { packages; break; }
done
for program in containerd ctr containerd-shim-runc-v2; do
  step $program debian containerd $program
done
step etcd debian etcd-server etcd
step module module
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
  step $program build "k8s.io/kubernetes/cmd/$program"
done
for program in pause coredns; do step $program build "./$program"; done
step kube-router build github.com/cloudnativelabs/kube-router/v2/cmd/kube-router
step metrics-server build sigs.k8s.io/metrics-server/cmd/metrics-server
step kwok build sigs.k8s.io/kwok/cmd/kwok
step kwok-config kwok_config
step k6 load_generator
echo "$tools" >&3
