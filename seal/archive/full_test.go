// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/smalldisk"
)

func TestAFullDiskLosesNothingAndTakesDataAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tiny")
	smalldisk.Mount(t, dir, "64k")
	a := open(t, Options{Dir: dir, MaxFileBytes: 20_000, OnWarning: func(error) {}})
	var want []string
	fill := func() {
		for i := 0; ; i++ {
			require.Less(t, i, 1000, "the disk has no end")
			text := fmt.Sprintf("%d %x", len(want), noise(1000))
			err := a.Append(t.Context(), line("%s", text))
			if err != nil {
				require.ErrorIs(t, err, ErrDisk)
				require.ErrorIs(t, err, syscall.ENOSPC)
				return
			}
			want = append(want, text)
		}
	}
	fill()
	fill() // it refuses again, and leaves no litter
	lines, problems := contents(t, dir)
	require.Equal(t, want, lines)
	for _, p := range problems {
		require.True(t, p.Truncated, "%v", p)
	}
	require.NotEmpty(t, want)

	first := files(t, dir)[0]
	lost := 0
	readFile(t, first, Between{}, func(Frame) { lost++ })
	require.NoError(t, os.Remove(first))
	want = want[lost:]
	before := len(want)
	fill()
	assert.Greater(t, len(want), before)
	closeNow(t, a)
	lines, _ = contents(t, dir)
	assert.Equal(t, want, lines)
}
