#!/usr/bin/env bash
# node.sh NAME N TOOLS IMAGES FOLDER: a node of a test cluster: containerd, kubelet, kube-proxy and
# kube-router in new network, mount, process, host name, IPC and cgroup namespaces (as kind does
# with Docker, here with unshare). It stays in the foreground; ending its process ends everything in
# the node, as a power cut would. TOOLS is what tools.sh prints, IMAGES what images.sh prints,
# FOLDER where the cluster keeps its state.
set -euo pipefail
name=$1
n=$2
tools=$3
images=$4
folder=$5
node=node-$n
run=$folder/$node
hierarchies="cpu cpuacct cpuset memory devices freezer blkio pids systemd"

if [ "${6:-}" != inside ]; then
  # The cgroup namespace makes this group the root, so that the kubelet sees only its containers.
  for hierarchy in $hierarchies; do
    group=/sys/fs/cgroup/$hierarchy/$name-$node
    mkdir -p "$group"
    if [ "$hierarchy" = cpuset ]; then
      cat "/sys/fs/cgroup/cpuset/cpuset.cpus" >"$group/cpuset.cpus"
      cat "/sys/fs/cgroup/cpuset/cpuset.mems" >"$group/cpuset.mems"
    fi
    # Three nodes share this machine with the control plane and the tests, which need CPU as well.
    if [ "$hierarchy" = cpu ]; then echo 8192 >"$group/cpu.shares"; fi
    echo $$ >"$group/cgroup.procs"
  done
  exec nsenter "--net=/run/netns/$name-$node" \
    unshare --mount --pid --fork --kill-child --ipc --uts --cgroup --mount-proc "$0" "$@" inside
fi

hostname "$node"
# /sys shows this network namespace, and the cgroups of this cgroup namespace without the unified
# hierarchy.
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for hierarchy in $hierarchies; do
  mkdir "/sys/fs/cgroup/$hierarchy"
  if [ "$hierarchy" = systemd ]; then kind=none,name=systemd; else kind=$hierarchy; fi
  mount -t cgroup -o "$kind" cgroup "/sys/fs/cgroup/$hierarchy"
done

# These folders replace the machine's; what is in /run does not survive a reboot.
rm -rf "$run/root/run"
for own in run var/lib/kubelet var/lib/containerd var/lib/cni var/log/pods var/log/containers \
  etc/cni/net.d var/volumes etc/kubernetes; do
  mkdir -p "$run/root/$own" "/$own"
  mount --rbind "$run/root/$own" "/$own"
done
mkdir -p /run/lock /run/netns
# No server answers there; the DNS of the cluster knows what the tests need.
echo "nameserver 203.0.113.53" >"$run/resolv.conf"
mount --bind "$run/resolv.conf" /etc/resolv.conf
# Kubelet wants these settings of the kernel. It sees them in files, so that the machine's own stay.
for setting in vm/overcommit_memory:1 kernel/panic:10 kernel/panic_on_oops:1 \
  kernel/keys/root_maxkeys:1000000 kernel/keys/root_maxbytes:25000000; do
  file=$run/sysctl-$(echo "${setting%:*}" | tr / .)
  echo "${setting#*:}" >"$file"
  mount --bind "$file" "/proc/sys/${setting%:*}"
done
mount --make-rshared /

cat >/etc/cni/net.d/10-ptp.conflist <<CONF
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipMasq": false, "mtu": 1500,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.$n.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
CONF
cat >"$run/containerd.toml" <<CONF
version = 3
root = '/var/lib/containerd'
state = '/run/containerd'
[grpc]
  address = '/run/containerd/containerd.sock'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'localhost/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE no process may lower an oom_score_adj.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = '/usr/sbin/runc'
      SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['/usr/lib/cni']
    conf_dir = '/etc/cni/net.d'
CONF
cat >"$run/kubelet.yaml" <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: /etc/resolv.conf
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $folder/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: $folder/kubelet-$node.crt
tlsPrivateKeyFile: $folder/kubelet-$node.key
failSwapOn: false
imageGCHighThresholdPercent: 100
evictionHard:
  memory.available: 100Mi
  nodefs.available: 1%
  nodefs.inodesFree: 1%
  imagefs.available: 1%
CONF
cat >"$run/kube-proxy.yaml" <<CONF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
hostnameOverride: $node
nodeIPOverride: [10.89.0.1$n]
clientConnection: {kubeconfig: "$folder/system:kube-proxy.kubeconfig"}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
CONF

export PATH=$tools:$PATH
# The first start copies the images. Unpacked images never change, so that the nodes share them;
# only containerd's databases of them belong to each node.
if [ ! -e /var/lib/containerd/own ]; then
  for shared in io.containerd.content.v1.content/blobs/sha256 \
    io.containerd.snapshotter.v1.overlayfs/snapshots; do
    mkdir -p "/var/lib/containerd/$shared"
    ln -s "$images/$shared/"* "/var/lib/containerd/$shared"
  done
  (cd "$images" && find . -name '*.db' -exec cp --parents {} /var/lib/containerd \;)
  touch /var/lib/containerd/own
fi
containerd --config "$run/containerd.toml" >>"$run/containerd.log" 2>&1 &
until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
# Kubelet ends when containerd has its socket and is not ready yet.
while :; do
  kubelet --config "$run/kubelet.yaml" --kubeconfig "$folder/system:node:$node.kubeconfig" \
    --hostname-override="$node" --node-ip="10.89.0.1$n" --root-dir=/var/lib/kubelet \
    >>"$run/kubelet.log" 2>&1 || true
  sleep 1
done &
kubelet=$!
kube-proxy --config "$run/kube-proxy.yaml" >>"$run/kube-proxy.log" 2>&1 &
# Kube-router ends when the node is not yet known.
while ! kube-router --kubeconfig "$folder/admin.kubeconfig" --hostname-override="$node" \
  --run-firewall=true --run-router=false --run-service-proxy=false \
  --service-cluster-ip-range=10.96.0.0/16 --iptables-sync-period=60s \
  >>"$run/kube-router.log" 2>&1; do sleep 1; done &
wait "$kubelet"
