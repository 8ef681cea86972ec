#!/bin/sh
# Copyright The Sealgate Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command as on a machine of its own:
#
#   enter.sh CGROUP DIR COMMAND...
#
# It has its own network, mounts, processes and cgroups. Below /var it sees what the host has
# there, but writes to DIR. When the command ends, every process that it left behind is
# killed, and its network and mounts are gone. The caller removes DIR and the cgroups.
set -eu
cgroup=$1 dir=$2

if [ -z "${SEALGATE_ENTERED:-}" ]; then
	for procs in /sys/fs/cgroup/*/cgroup.procs; do
		hierarchy=${procs%/cgroup.procs}
		mkdir "$hierarchy/$cgroup"
		for setting in cpuset.cpus cpuset.mems; do # empty at first, and then no process may enter
			[ ! -f "$hierarchy/$setting" ] || cat "$hierarchy/$setting" >"$hierarchy/$cgroup/$setting"
		done
		echo $$ >"$hierarchy/$cgroup/cgroup.procs"
	done
	export SEALGATE_ENTERED=1
	exec unshare --cgroup --net --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$@"
fi
shift 2

mount --make-rshared / # the kubelet's mounts have to reach containers, and no mount reaches the host
for procs in /sys/fs/cgroup/*/cgroup.procs; do
	hierarchy=${procs%/cgroup.procs}
	umount "$hierarchy"
	case ${hierarchy##*/} in # the root of each is the cgroup of this namespace
	unified) mount -t cgroup2 cgroup2 "$hierarchy" ;; # of version 2; runc makes cgroups there too
	systemd) mount -t cgroup -o none,name=systemd cgroup "$hierarchy" ;;
	*) mount -t cgroup -o "${hierarchy##*/}" cgroup "$hierarchy" ;;
	esac
done
mkdir -p "$dir/var" "$dir/work"
mount -t tmpfs -o mode=755 tmpfs /run
mount -t overlay -o "lowerdir=/var,upperdir=$dir/var,workdir=$dir/work" overlay /var
# Those with many files are on the disk itself.
for folder in /var/lib/kubelet /var/lib/sealgate-agent /var/log/pods /var/log/containers; do
	mkdir -p "$folder" "$dir/binds$folder"
	mount --bind "$dir/binds$folder" "$folder"
done
ip link set lo up

# Not exec: process 1 has to be one that waits for the orphans of all others.
"$@"
