// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// pluginDir has the plugins for the network of pods.
const pluginDir = "/usr/lib/cni"

// programs are what a node needs of the system, by Debian package.
var programs = map[string][]string{
	"etcd-server":                 {"etcd"},
	"containerd":                  {"containerd", "ctr", "containerd-shim-runc-v2"},
	"runc":                        {"runc"},
	"containernetworking-plugins": {pluginDir + "/bridge", pluginDir + "/host-local", pluginDir + "/portmap", pluginDir + "/loopback"},
	"iptables":                    {"iptables"},
	"conntrack":                   {"conntrack"},
	"iproute2":                    {"ip"},
	"util-linux":                  {"unshare"},
	"mount":                       {"mount"},
	"buildah":                     {"buildah"},
}

// Packages returns the Debian packages that a node needs.
func Packages() []string {
	var names []string
	for name := range programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Lacks returns what keeps this machine from running a node, in one sentence that says what
// to do; nil where nothing does.
func Lacks() error {
	if os.Getuid() != 0 {
		return errors.New("a Kubernetes node makes namespaces and mounts, so the test must run as root")
	}
	if found, _ := filepath.Glob("/sys/fs/cgroup/*/tasks"); len(found) == 0 {
		return errors.New("the node needs cgroups of version 1, and /sys/fs/cgroup of this machine has none; version 2 alone has not been tried")
	}
	return lacksPrograms(exec.LookPath)
}

func lacksPrograms(find func(string) (string, error)) error {
	var missing []string
	for _, name := range Packages() {
		if slices.ContainsFunc(programs[name], func(program string) bool { _, err := find(program); return err != nil }) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("programs are missing that a Kubernetes node needs; install their Debian packages: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
}
