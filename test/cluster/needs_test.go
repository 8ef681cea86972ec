// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMissingProgramsAreNamedByTheirPackages(t *testing.T) {
	without := func(names ...string) func(string) (string, error) {
		return func(program string) (string, error) {
			for _, name := range names {
				if program == name {
					return "", exec.ErrNotFound
				}
			}
			return program, nil
		}
	}
	require.NoError(t, lacksPrograms(without()))
	require.EqualError(t, lacksPrograms(without("ctr", "containerd", "iptables")),
		"programs are missing that a Kubernetes node needs; install their Debian packages: apt-get install --no-install-recommends containerd iptables")
	assert.Contains(t, Packages(), "conntrack")
}
