// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package seal

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAKeyFileOfAnotherUserIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file away")
	}
	pair := newPair(t)
	secret, public := writeKey(t, testKeyText, 0o600), writeKey(t, pair.public, 0o644)
	private := writeKey(t, pair.private, 0o600)
	read := map[string]func() error{
		secret:  func() error { _, err := ReadKeyFile(secret); return err },
		public:  func() error { _, err := SM2Provider{Paths: []string{public}}.Recipients(t.Context()); return err },
		private: func() error { _, err := ReadIdentity(private, nil); return err },
	}
	for path, read := range read {
		require.NoError(t, read())
		require.NoError(t, os.Chown(path, 4711, 0))
		requireError(t, read(), path, "belongs to user 4711", "must belong to root or to the user of this process, 0", "chown 0 "+path)
	}
}

// ownedBy is a file of a user.
type ownedBy struct {
	os.FileInfo
	uid uint32
}

func (f ownedBy) Sys() any { return &syscall.Stat_t{Uid: f.uid} }

func TestTheOwnerOfAKeyFile(t *testing.T) {
	user := uint32(os.Geteuid())
	require.NoError(t, checkOwner("key", ownedBy{uid: 0}), "a secret of Kubernetes belongs to root")
	require.NoError(t, checkOwner("key", ownedBy{uid: user}))
	requireError(t, checkOwner("key", ownedBy{uid: user + 1}), "chown")
}
