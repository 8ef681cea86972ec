// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealgate/sealgate/test/harness"
)

//go:embed enter.sh
var enter []byte

// inside names the folder of the machine that a process is on; the host's has none.
const inside = "SEALGATE_CLUSTER_DIR"

// Inside returns the folder of the machine that this process was started on by OnOwnMachine,
// and "" on the host.
func Inside() string { return os.Getenv(inside) }

// settings of the kernel that a kubelet changes. They have no namespaces.
var settings = []string{
	"vm/overcommit_memory", "vm/panic_on_oom",
	"kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// OnOwnMachine runs a command as on a machine of its own, see enter.sh, and leaves the host
// as it was: no process, mount, cgroup, file or setting of the command outlives it. Its
// error is that of the command, or says what could not be removed.
func OnOwnMachine(ctx context.Context, command ...string) (err error) {
	dir, err := os.MkdirTemp("", "sealgate-cluster-")
	if err != nil {
		return err
	}
	if strings.HasPrefix(dir, "/var/") || strings.HasPrefix(dir, "/run/") {
		return errors.Join(fmt.Errorf("the machine's folder would be hidden below %s: set TMPDIR to a folder that is not in /var or /run", dir), os.Remove(dir))
	}
	group := filepath.Base(dir)
	saved := make(map[string][]byte)
	for _, name := range settings {
		if saved[name], err = os.ReadFile("/proc/sys/" + name); err != nil {
			return err
		}
	}
	defer func() {
		for name, value := range saved {
			err = errors.Join(err, os.WriteFile("/proc/sys/"+name, value, 0))
		}
		err = errors.Join(err, removeCgroups(group), os.RemoveAll(dir))
	}()

	script := filepath.Join(dir, "enter.sh")
	if err := os.WriteFile(script, enter, 0o700); err != nil {
		return err
	}
	// It is killed when ctx ends, and takes all its processes along.
	cmd := exec.CommandContext(ctx, script, append([]string{group, dir}, command...)...)
	cmd.Env = append(os.Environ(), inside+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// removeCgroups removes the cgroup of that name from every hierarchy, with those below it.
func removeCgroups(name string) error {
	groups, err := filepath.Glob("/sys/fs/cgroup/*/" + name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, group := range groups {
		// A process that was killed may take a moment to leave.
		var last error
		if err := harness.Poll(ctx, group+" to be empty", func(context.Context) (bool, error) {
			last = removeTree(group)
			return last == nil, nil
		}); err != nil {
			return errors.Join(err, last)
		}
	}
	return nil
}

// removeTree removes a folder of cgroups, whose files go with it.
func removeTree(root string) error {
	var folders []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = os.Remove(folders[i])
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
