// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package packaging

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// manager is a package manager, by what an operator types. Each PACKAGE is a path, each NAME
// that of a package.
type manager struct {
	kind                             string
	install, upgrade, verify, remove []string
	// keeps is what an edited file is called after the package is removed.
	keeps string
}

var managers = []manager{
	{
		kind:    "deb",
		install: []string{"dpkg", "--install"}, upgrade: []string{"dpkg", "--install"},
		verify: []string{"dpkg", "--verify"}, remove: []string{"dpkg", "--remove"},
	},
	{ // the system it runs on is none of rpm's, so what a package depends on is not in the database
		kind:    "rpm",
		install: []string{"rpm", "--dbpath=/tmp/db", "--nodeps", "--install"}, upgrade: []string{"rpm", "--dbpath=/tmp/db", "--nodeps", "--upgrade"},
		verify: []string{"rpm", "--dbpath=/tmp/db", "--nodeps", "--verify"}, remove: []string{"rpm", "--dbpath=/tmp/db", "--nodeps", "--erase"},
		keeps: ".rpmsave",
	},
}

// What the package managers themselves do over the life of a package, with its scripts, on a
// system that is this one with everything that they write kept apart.
func TestPackagesOnASystem(t *testing.T) {
	requireInstallable(t)
	for _, m := range managers {
		for _, d := range packed {
			t.Run(m.kind+" "+d.name, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(m.install[0]); err != nil {
					t.Skipf("%s is not here to install a package with", m.install[0])
				}
				testOnASystem(t, m, d)
			})
		}
	}
}

func testOnASystem(t *testing.T, m manager, d distribution) {
	older := buildPackage(t, d, m.kind, "0.0.1", standIns(t))
	programs := standIns(t)
	if m.kind == "rpm" { // TestADebOverItsLife runs those of a deb
		programs = filepath.Dir(harness.Built(t, d.program))
	}
	newer := buildPackage(t, d, m.kind, "0.1.0", programs)
	s := newSystem(t)

	s.mustRun(append(m.install, s.add(older))...)
	assert.Contains(t, s.mustRun("getent", "passwd", d.pkg), ":"+strings.TrimSuffix(d.data(""), "/")+":/usr/sbin/nologin")
	for path, want := range d.files() {
		assert.Equal(t, want, s.describe(path), path)
	}
	assert.Empty(t, s.mustRun(append(m.verify, d.pkg)...), "all is as it was packed")

	s.write(d.config(), s.read(d.config())+"# edited\n")
	s.write(d.etc("keys/reader.pub.pem"), "a key")
	s.write(d.data("sealed"), "telemetry")
	verified, err := s.run(append(m.verify, d.pkg)...)
	if m.kind == "rpm" {
		require.Error(t, err)
	}
	assert.Contains(t, verified, d.config(), "a file that was edited is named")

	s.mustRun(append(m.upgrade, s.add(newer))...)
	assert.Contains(t, s.read(d.config()), "# edited")
	for path, want := range d.files() {
		assert.Equal(t, want, s.describe(path), path)
	}
	if m.kind == "rpm" {
		assert.Contains(t, s.mustRun(d.binary(), "--version"), "otelcol-"+d.pkg)
		s.mustRun("su", "-s", "/bin/sh", d.pkg, "-c", "set -a; . "+d.env()+"; cd "+d.data("")+" && SEALGATE_NODE=node "+d.binary()+" validate --config="+d.config())
	}

	s.mustRun(append(m.remove, d.pkg)...)
	for _, gone := range []string{d.binary(), d.unit()} {
		assert.NoFileExists(t, s.path(gone))
	}
	assert.Contains(t, s.read(d.config()+m.keeps), "# edited")
	assert.Equal(t, "a key", s.read(d.etc("keys/reader.pub.pem")))
	assert.Equal(t, "telemetry", s.read(d.data("sealed")))
	s.mustRun("getent", "passwd", d.pkg)
}

// system is this system, seen from a namespace of mounts. What is written there goes to
// memory, and is gone with the system.
type system struct {
	t    *testing.T
	pid  int    // of the process that keeps the namespace
	root string // of the system, in the namespace
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{t: t, root: t.TempDir()}
	keeper := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", `
		mount -t tmpfs tmpfs "$0"
		mkdir "$0/written" "$0/work" "$0/root"
		mount -t overlay -o "lowerdir=/,upperdir=$0/written,workdir=$0/work" overlay "$0/root"
		mount --rbind /dev "$0/root/dev"
		mount -t proc proc "$0/root/proc"
		mount -t tmpfs tmpfs "$0/root/tmp"
		echo ready
		exec cat
	`, s.root)
	keeper.Stderr = os.Stderr
	alive, err := keeper.StdinPipe() // it ends with this process
	require.NoError(t, err)
	said, err := keeper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, keeper.Start())
	t.Cleanup(func() {
		_ = alive.Close()
		_ = keeper.Wait()
	})
	answer := make([]byte, len("ready\n"))
	_, err = io.ReadFull(said, answer)
	require.NoError(t, err, "the system's mounts")
	s.pid = keeper.Process.Pid
	s.root = filepath.Join(s.root, "root")
	return s
}

// path returns where this process finds a file of the system.
func (s *system) path(p string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", s.pid), s.root, p)
}

// add copies a package into the system, and returns its path there.
func (s *system) add(pkg string) string {
	s.t.Helper()
	content, err := os.ReadFile(pkg)
	require.NoError(s.t, err)
	p := filepath.Join("/tmp", filepath.Base(pkg))
	s.write(p, string(content))
	return p
}

// run runs a command on the system, and returns what it prints.
func (s *system) run(command ...string) (string, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "nsenter", append([]string{fmt.Sprintf("--mount=/proc/%d/ns/mnt", s.pid), "chroot", s.root}, command...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "HOME=/root", "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *system) mustRun(command ...string) string {
	s.t.Helper()
	out, err := s.run(command...)
	require.NoError(s.t, err, "%s\n%s", strings.Join(command, " "), out)
	return out
}

func (s *system) read(p string) string {
	s.t.Helper()
	content, err := os.ReadFile(s.path(p))
	require.NoError(s.t, err)
	return string(content)
}

// write keeps the owner and the mode of a file that is there.
func (s *system) write(p, content string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.path(p), []byte(content), 0o644))
}

// describe returns mode, owner and group of a file as ls shows them.
func (s *system) describe(p string) string {
	s.t.Helper()
	return strings.TrimSpace(s.mustRun("stat", "--format=%A %U %G", p))
}
