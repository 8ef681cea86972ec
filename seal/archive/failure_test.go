// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errBadDisk = errors.New("input/output error")

func isOneOf(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

// failWrite fails the nth write of a disk after so many bytes of it.
func failWrite(n, keep int) func(int) (int, error) {
	fail := nth(n, errBadDisk)
	return func(int) (int, error) { return keep, fail() }
}

// The writes of a file are its header, its frames, and its end.
func TestAFailedWriteIsNotAcknowledgedAndTheNextGoesToANewFile(t *testing.T) {
	for _, keep := range []int{0, 1, 40} {
		d := &disk{write: failWrite(3, keep)}
		a := open(t, Options{open: d.open, OnWarning: func(err error) { t.Error(err) }})
		add(t, a, "first")
		err := a.Append(t.Context(), line("lost"))
		require.ErrorIs(t, err, ErrDisk)
		require.ErrorIs(t, err, errBadDisk)
		add(t, a, "second")
		closeNow(t, a)
		assert.Len(t, files(t, a.Path()), 2)
		requireClean(t, a.Path(), "first", "second")
	}
}

func TestAFileThatCannotBeCutBackIsLeftAsItIs(t *testing.T) {
	var warned []error
	d := &disk{write: failWrite(3, 40), truncate: func() error { return errBadDisk }}
	a := open(t, Options{open: d.open, OnWarning: func(err error) { warned = append(warned, err) }})
	add(t, a, "first")
	require.ErrorIs(t, a.Append(t.Context(), line("lost")), ErrDisk)
	add(t, a, "second")
	closeNow(t, a)
	lines, problems := contents(t, a.Path())
	assert.Equal(t, []string{"first", "second"}, lines)
	assert.Empty(t, problems, "the next file confirms where its whole frames end")
	for _, err := range warned {
		assert.NotErrorIs(t, err, ErrClosed)
	}
}

func TestAFailedSyncIsNotAcknowledgedAndTheFileIsGivenUp(t *testing.T) {
	var warned []error
	d := &disk{sync: nth(2, errBadDisk)}
	a := open(t, Options{open: d.open, OnWarning: func(err error) { warned = append(warned, err) }})
	add(t, a, "first")
	err := a.Append(t.Context(), line("unknown"))
	require.ErrorIs(t, err, ErrDisk)
	require.ErrorIs(t, err, errBadDisk)
	add(t, a, "second")
	closeNow(t, a)
	require.NotEmpty(t, warned)
	assert.Len(t, files(t, a.Path()), 2)
	lines, problems := contents(t, a.Path())
	assert.Subset(t, lines, []string{"first", "second"})
	for _, p := range problems {
		assert.True(t, p.Truncated, "%v", p)
	}
	lines, _ = contents(t, d.afterPowerLoss(t))
	assert.Equal(t, []string{"first", "second"}, lines)
}

// What was written behind a frame whose sync fails is not known to be there either.
func TestAFailedSyncFailsWhatWasWrittenToTheFileMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		fail := nth(1, errBadDisk)
		d := &disk{sync: func() error { <-gate; return fail() }}
		a := open(t, Options{open: d.open})
		errs := make(chan error, 2)
		for _, text := range []string{"first", "second"} {
			go func() { errs <- a.Append(t.Context(), line("%s", text)) }()
			synctest.Wait()
		}
		close(gate)
		require.ErrorIs(t, <-errs, ErrDisk)
		require.ErrorIs(t, <-errs, ErrDisk)
		add(t, a, "third")
		closeNow(t, a)
		lines, _ := contents(t, d.afterPowerLoss(t))
		assert.Equal(t, []string{"third"}, lines)
	})
}

func TestAFailedSyncBetweenFramesIsToldUnderSyncInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var warned []error
		d := &disk{sync: nth(1, errBadDisk)}
		a := open(t, Options{open: d.open, Sync: SyncInterval, OnWarning: func(err error) { warned = append(warned, err) }})
		add(t, a, "first")
		tick(t)
		require.Len(t, warned, 1)
		require.ErrorIs(t, warned[0], errBadDisk)
		add(t, a, "second")
		closeNow(t, a)
		assert.Len(t, files(t, a.Path()), 2)
	})
}

func TestAFileThatCannotBeMadeLeavesNothing(t *testing.T) {
	for name, d := range map[string]*disk{
		"create": {create: nth(1, errBadDisk)},
		"header": {write: failWrite(1, 10)},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, Options{open: d.open})
			require.ErrorIs(t, a.Append(t.Context(), line("lost")), ErrDisk)
			assert.Empty(t, files(t, a.Path()))
			add(t, a, "first")
			closeNow(t, a)
			requireClean(t, a.Path(), "first")
		})
	}
}

func TestAFileWhoseFirstFrameFailsIsRemoved(t *testing.T) {
	for name, truncate := range map[string]func() error{"cut back": nil, "not cut back": func() error { return errBadDisk }} {
		t.Run(name, func(t *testing.T) {
			d := &disk{write: failWrite(2, 10), truncate: truncate}
			a := open(t, Options{open: d.open})
			require.ErrorIs(t, a.Append(t.Context(), line("lost")), ErrDisk)
			assert.Empty(t, files(t, a.Path()))
			add(t, a, "first")
			closeNow(t, a)
			requireClean(t, a.Path(), "first")
		})
	}
}

func TestAFileWithoutItsEndIsWhole(t *testing.T) {
	var warned []error
	d := &disk{write: failWrite(3, 20), closing: func() error { return errBadDisk }}
	a := open(t, Options{open: d.open, OnWarning: func(err error) { warned = append(warned, err) }})
	add(t, a, "first")
	closeNow(t, a)
	require.Len(t, warned, 2)
	assert.ErrorContains(t, warned[0], "has no final frame and will be reported as truncated")
	assert.ErrorIs(t, warned[1], errBadDisk)
	lines, problems := contents(t, a.Path())
	assert.Equal(t, []string{"first"}, lines)
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Truncated)
	b := open(t, Options{Dir: a.Path()})
	add(t, b, "second")
	closeNow(t, b)
	_, problems = contents(t, a.Path())
	assert.Empty(t, problems, "the next file confirms its length")
}

// tick lets a second pass in a bubble.
func tick(t testing.TB) {
	t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
}
