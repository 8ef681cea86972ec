// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/test/backends"
)

const (
	// clusters is the variable that lists the versions to test, and in which a machine finds its own.
	clusters = "SEALGATE_CLUSTERS"
	// workload is the variable that names the archive of the image of the workload.
	workload = "SEALGATE_WORKLOAD"
)

// TestMain runs the tests as they are, unless clusters are asked for: then it runs them once
// for each, on a machine of its own.
func TestMain(m *testing.M) {
	flag.Parse()
	if Inside() != "" || os.Getenv(clusters) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := onEach(ctx, strings.Fields(os.Getenv(clusters))); err != nil {
		fmt.Fprintln(os.Stderr, "test-cluster:", err)
		os.Exit(1)
	}
}

func onEach(ctx context.Context, versions []string) error {
	fmt.Printf("== needs root and the Debian packages %s\n", strings.Join(Packages(), " "))
	fmt.Printf("== takes about %d minutes for each of Kubernetes %s, and 30 more the first time, to build them; they are kept in the cache of test/backends\n",
		minutes, strings.Join(versions, " and "))
	if err := Lacks(); err != nil {
		return err
	}
	// What needs the network is done here: a machine has none.
	for _, version := range versions {
		if _, err := backends.Ensure(ctx, os.Stdout, append(labelbackends.Names(), "coredns", "kubernetes-"+version)...); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "sealgate-workload-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	image, err := BuildWorkload(ctx, dir)
	if err != nil {
		return err
	}
	for _, version := range versions {
		start := time.Now()
		err := OnOwnMachine(ctx, append([]string{"env", clusters + "=" + version, workload + "=" + image, os.Args[0]}, os.Args[1:]...)...)
		if err != nil {
			return fmt.Errorf("Kubernetes %s: %w", version, err)
		}
		fmt.Printf("== Kubernetes %s took %s\n", version, time.Since(start).Round(time.Second))
	}
	return nil
}

// minutes that the tests take on one cluster, about.
const minutes = 7

// The host is left as it was by a command that leaves much behind.
func TestAMachineLeavesNothingBehind(t *testing.T) {
	if Inside() != "" {
		t.Skip("it is about the host")
	}
	if err := Lacks(); err != nil {
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	marker := filepath.Base(t.TempDir()) + t.Name()
	before := leftovers(t, marker) // of a cluster that runs beside this
	err := OnOwnMachine(t.Context(), "sh", "-ec", `
		for procs in /sys/fs/cgroup/*/cgroup.procs; do mkdir -p "${procs%/*}/kubepods-of-a-test/pod1"; done
		mkdir -p /var/lib/cni/net /var/log/pods/a /run/containerd
		ip link add cni0 type bridge
		mount -t tmpfs tmpfs /var/lib/kubelet
		echo 1 >/proc/sys/vm/overcommit_memory
		setsid sh -c "sleep 1000; : `+marker+`" >/dev/null 2>&1 &
	`)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range leftovers(t, marker) {
		if !slices.Contains(before, left) {
			t.Error(left)
		}
	}
}

// leftovers names what is on the host of machines: cgroups, mounts, and processes with the
// text in their command.
func leftovers(t *testing.T, text string) (found []string) {
	t.Helper()
	for _, name := range []string{"sealgate-cluster-*", "kubepods-of-a-test"} {
		groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + name)
		found = append(found, groups...)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, "sealgate-cluster-") {
			found = append(found, line)
		}
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range commands {
		if command, err := os.ReadFile(path); err == nil && strings.Contains(string(command), text) {
			found = append(found, path+" "+string(command))
		}
	}
	for _, path := range []string{"/var/lib/cni/net", "/sys/class/net/cni0"} {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}
