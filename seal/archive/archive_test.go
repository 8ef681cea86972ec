// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

func newKEK(t testing.TB) *seal.KEK {
	t.Helper()
	k, err := seal.NewKEK(bytes.Repeat([]byte{7}, seal.KeySize))
	require.NoError(t, err)
	return k
}

type fixed []seal.Recipient

func (f fixed) Recipients(context.Context) ([]seal.Recipient, error) { return f, nil }

func newKeeper(t testing.TB, r ...seal.Recipient) *seal.Keeper {
	t.Helper()
	k, err := seal.NewKeeper(t.Context(), fixed(r), seal.KeeperOptions{})
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func TestWhatWasAppendedIsReadBack(t *testing.T) {
	kek := newKEK(t)
	dir := t.TempDir()
	a, err := Open(Options{Dir: dir, Signal: Traces, Keeper: newKeeper(t, kek), MaxFileBytes: 600})
	require.NoError(t, err)
	var want []string
	for i := range 10 {
		p := fmt.Sprintf("payload %d", i)
		want = append(want, p)
		require.NoError(t, a.Append(t.Context(), Record{Payload: []byte(p), Items: 1, From: uint64(i + 1), To: uint64(i + 2)}))
	}
	require.NoError(t, a.Close(t.Context()))
	ids := []seal.Identity{kek}
	r, err := VerifyDir(t.Context(), dir, ids, nil)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Greater(t, len(r.Files), 1)
	var got []string
	for _, fr := range r.Files {
		f, err := OpenFile(fr.Path)
		require.NoError(t, err)
		require.NoError(t, f.Unlock(t.Context(), ids))
		_, err = f.Read(Between{}, func(fr Frame) error { got = append(got, string(fr.Payload)); return nil }, func(p Problem) { t.Error(p) })
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	require.Equal(t, want, got)
	_ = os.Remove
	_ = time.Second
}
