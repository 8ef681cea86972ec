// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sealgate/sealgate/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func kekOf(t testing.TB, b byte) *seal.KEK {
	t.Helper()
	k, err := seal.NewKEK(bytes.Repeat([]byte{b}, seal.KeySize))
	require.NoError(t, err)
	return k
}

func newKEK(t testing.TB) *seal.KEK { return kekOf(t, 7) }

func ids(t testing.TB) []seal.Identity { return []seal.Identity{newKEK(t)} }

type fixed []seal.Recipient

func (f fixed) Recipients(context.Context) ([]seal.Recipient, error) { return f, nil }

func newKeeper(t testing.TB, r ...seal.Recipient) *seal.Keeper {
	t.Helper()
	return keeperWith(t, seal.KeeperOptions{}, r...)
}

func keeperWith(t testing.TB, opts seal.KeeperOptions, r ...seal.Recipient) *seal.Keeper {
	t.Helper()
	k, err := seal.NewKeeper(t.Context(), fixed(r), opts)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

// open opens an archive of traces for newKEK, in a directory of its own where opts
// names none, and closes it with the test.
func open(t testing.TB, opts Options) *Archive {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	if opts.Keeper == nil {
		opts.Keeper = newKeeper(t, newKEK(t))
	}
	if opts.Signal == 0 {
		opts.Signal = Traces
	}
	a, err := Open(opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, a.Close(context.Background())) })
	return a
}

// line is a record whose payload is a line, so that lines that were committed
// together can be told apart.
func line(format string, args ...any) Record {
	return Record{Payload: []byte(fmt.Sprintf(format, args...) + "\n"), Items: 1, From: 1, To: 2}
}

func add(t testing.TB, a *Archive, text string) {
	t.Helper()
	require.NoError(t, a.Append(t.Context(), line("%s", text)))
}

func closeNow(t testing.TB, a *Archive) {
	t.Helper()
	require.NoError(t, a.Close(t.Context()))
}

// contents returns the lines of all files in a directory, and all problems.
func contents(t testing.TB, dir string) (lines []string, problems []Problem) {
	t.Helper()
	paths, err := List(dir)
	require.NoError(t, err)
	for _, path := range paths {
		f, err := OpenFile(path)
		if err != nil {
			continue // verify has it
		}
		require.NoError(t, f.Unlock(t.Context(), ids(t)))
		_, err = f.Read(Between{}, func(fr Frame) error {
			for l := range strings.Lines(string(fr.Payload)) {
				lines = append(lines, strings.TrimSuffix(l, "\n"))
			}
			return nil
		}, func(Problem) {})
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	r, err := VerifyDir(t.Context(), dir, ids(t), nil)
	require.NoError(t, err)
	return lines, r.Problems
}

func requireClean(t testing.TB, dir string, want ...string) {
	t.Helper()
	lines, problems := contents(t, dir)
	require.Empty(t, problems)
	require.Equal(t, want, lines)
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := List(dir)
	require.NoError(t, err)
	return paths
}

func TestWhatWasAppendedIsReadBack(t *testing.T) {
	a := open(t, Options{MaxFileBytes: 600})
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("payload %d", i))
		add(t, a, want[i])
	}
	closeNow(t, a)
	requireClean(t, a.Path(), want...)
	assert.Greater(t, len(files(t, a.Path())), 1)
}

func TestAnArchiveGoesOnWithANewFileOfTheSameChain(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		a := open(t, Options{Dir: dir})
		add(t, a, fmt.Sprint(i))
		closeNow(t, a)
	}
	requireClean(t, dir, "0", "1", "2")
	r, err := VerifyDir(t.Context(), dir, ids(t), nil)
	require.NoError(t, err)
	for i, f := range r.Files {
		assert.Equal(t, uint64(i+1), f.Sequence)
		assert.True(t, f.Finished)
		assert.Equal(t, uint64(1), f.Items)
	}
}

func TestWithoutDataThereIsNoFile(t *testing.T) {
	a := open(t, Options{})
	closeNow(t, a)
	assert.Empty(t, files(t, a.Path()))
}

func TestTheDirectoryIsMade(t *testing.T) {
	a := open(t, Options{Dir: filepath.Join(t.TempDir(), "a", "b")})
	add(t, a, "x")
	closeNow(t, a)
	requireClean(t, a.Path(), "x")
}

func TestWhatIsInTheWayOfTheDirectoryIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for _, dir := range []string{path, filepath.Join(path, "below")} {
		_, err := Open(Options{Dir: dir, Signal: Traces, Keeper: newKeeper(t, newKEK(t))})
		require.ErrorContains(t, err, path)
	}
}

func TestAnUnknownSyncPolicyIsRefused(t *testing.T) {
	_, err := Open(Options{Dir: t.TempDir(), Sync: "often"})
	require.ErrorContains(t, err, `"often" is not one of "frame", "interval", "never"`)
}

func TestEmptyAndLargePayloads(t *testing.T) {
	a := open(t, Options{FrameBytes: 100})
	noise := bytes.Repeat([]byte("0123456789abcdef"), 1<<10)
	for _, p := range [][]byte{{}, noise, nil, []byte("x")} {
		require.NoError(t, a.Append(t.Context(), Record{Payload: p, From: 1}))
	}
	closeNow(t, a)
	var got [][]byte
	sum := readFile(t, files(t, a.Path())[0], Between{}, func(f Frame) { got = append(got, f.Payload) })
	require.Len(t, got, 4)
	assert.Empty(t, got[0])
	assert.Equal(t, noise, got[1])
	assert.Equal(t, "x", string(got[3]))
	assert.Equal(t, uint64(len(noise)+1), sum.Plain)
	assert.True(t, sum.From.IsZero(), "nothing had a time")
}

// readFile reads a file that has to be clean.
func readFile(t testing.TB, path string, when Between, frame func(Frame)) Summary {
	t.Helper()
	f, err := OpenFile(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Unlock(t.Context(), ids(t)))
	sum, err := f.Read(when, func(fr Frame) error { frame(fr); return nil }, func(p Problem) { t.Error(p) })
	require.NoError(t, err)
	return sum
}

func TestTheLargestPayloadIsTakenAndALargerOneRefused(t *testing.T) {
	a := open(t, Options{Sync: SyncNever})
	payload := make([]byte, MaxFrame+1)
	err := a.Append(t.Context(), Record{Payload: payload})
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "67108865 bytes; at most 67108864")
	require.NoError(t, a.Append(t.Context(), Record{Payload: payload[:MaxFrame], Items: 1}))
	closeNow(t, a)
	readFile(t, files(t, a.Path())[0], Between{}, func(f Frame) { assert.Len(t, f.Payload, MaxFrame) })
}

func TestAClosedArchiveTakesNothing(t *testing.T) {
	a := open(t, Options{})
	closeNow(t, a)
	closeNow(t, a)
	require.ErrorIs(t, a.Append(t.Context(), line("x")), ErrClosed)
}

func TestADirectoryHasOneWriterForEachSignal(t *testing.T) {
	a := open(t, Options{})
	_, err := Open(Options{Dir: a.Path(), Signal: Traces, Keeper: newKeeper(t, newKEK(t))})
	require.ErrorContains(t, err, "writes traces to "+a.Path())
	open(t, Options{Dir: a.Path(), Signal: Logs})
	closeNow(t, a)
	open(t, Options{Dir: a.Path(), Signal: Traces})
}

func TestSignalsHaveChainsOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		for _, s := range []Signal{Traces, Logs, Metrics} {
			a := open(t, Options{Dir: dir, Signal: s})
			add(t, a, s.String())
			closeNow(t, a)
		}
	}
	requireClean(t, dir, "logs", "logs", "metrics", "metrics", "traces", "traces")
}

// disk makes files that do as they are told, and otherwise what files do.
type disk struct {
	mu    sync.Mutex
	syncs int
	made  []*diskFile

	create   func() error
	write    func(n int) (keep int, err error) // told how many bytes; keep says how many reach the disk
	sync     func() error
	truncate func() error
	closing  func() error
}

type diskFile struct {
	*os.File
	d      *disk
	size   int64
	synced int64 // what a power loss leaves
}

func (d *disk) open(path string) (file, error) {
	if d.create != nil {
		if err := d.create(); err != nil {
			return nil, err
		}
	}
	f, err := createFile(path)
	if err != nil {
		return nil, err
	}
	df := &diskFile{File: f.(*os.File), d: d}
	d.mu.Lock()
	d.made = append(d.made, df)
	d.mu.Unlock()
	return df, nil
}

func (f *diskFile) Write(b []byte) (int, error) {
	keep, err := len(b), error(nil)
	if f.d.write != nil {
		if keep, err = f.d.write(len(b)); err == nil {
			keep = len(b)
		}
	}
	n, err2 := f.File.Write(b[:keep])
	f.d.mu.Lock()
	f.size += int64(n)
	f.d.mu.Unlock()
	if err2 != nil {
		return n, err2
	}
	return n, err
}

func (f *diskFile) Sync() error {
	f.d.mu.Lock()
	size := f.size // what comes in the meantime is not meant
	f.d.syncs++
	f.d.mu.Unlock()
	if f.d.sync != nil {
		if err := f.d.sync(); err != nil {
			return err
		}
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.synced = max(f.synced, size)
	return nil
}

func (f *diskFile) Truncate(size int64) error {
	if f.d.truncate != nil {
		if err := f.d.truncate(); err != nil {
			return err
		}
	}
	f.d.mu.Lock()
	f.size = size
	f.d.mu.Unlock()
	return f.File.Truncate(size)
}

func (f *diskFile) Close() error {
	err := f.File.Close()
	if f.d.closing != nil {
		return f.d.closing()
	}
	return err
}

func (d *disk) synced() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// afterPowerLoss copies what was synced to a new directory.
func (d *disk) afterPowerLoss(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.made {
		b, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(f.Name())), b[:f.synced], 0o600))
	}
	return dir
}

// nth returns a function that counts its calls and fails at the nth alone.
func nth(n int, err error) func() error {
	calls := 0
	return func() error {
		if calls++; calls == n {
			return err
		}
		return nil
	}
}

func TestWhatIsAcknowledgedHasBeenSynced(t *testing.T) {
	d := &disk{}
	a := open(t, Options{open: d.open, MaxFileBytes: 700})
	for i := range 12 {
		want := fmt.Sprintf("line %d", i)
		add(t, a, want)
		lines, _ := contents(t, d.afterPowerLoss(t))
		require.Contains(t, lines, want)
	}
	closeNow(t, a)
	lines, problems := contents(t, d.afterPowerLoss(t))
	assert.Len(t, lines, 12)
	assert.Empty(t, problems, "the end of a file is synced too")
}

func TestNothingIsAcknowledgedBeforeItsSyncEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &disk{sync: func() error { <-gate; return nil }}
		a := open(t, Options{open: d.open})
		done := make(chan error)
		go func() { done <- a.Append(t.Context(), line("x")) }()
		synctest.Wait()
		require.Equal(t, 1, d.synced(), "the sync has begun")
		select {
		case <-done:
			t.Fatal("it was acknowledged before")
		default:
		}
		close(gate)
		require.NoError(t, <-done)
		closeNow(t, a)
	})
}

func TestConcurrentSendersShareFramesAndSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &disk{sync: func() error { <-gate; return nil }}
		var frames []FrameInfo
		a := open(t, Options{open: d.open, OnFrame: func(f FrameInfo) { frames = append(frames, f) }})
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() { assert.NoError(t, a.Append(t.Context(), line("%d", i))) })
		}
		synctest.Wait() // until all are waiting
		close(gate)
		all.Wait()
		assert.LessOrEqual(t, len(frames), 3, "one that is synced, one that is written, one that is collected")
		assert.Equal(t, len(frames), d.synced())
		items := 0
		for _, f := range frames {
			items += f.Items
		}
		assert.Equal(t, 64, items)
		closeNow(t, a)
	})
}

func TestAFrameIsNotFilledBeyondItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &disk{sync: func() error { <-gate; return nil }}
		largest := 0
		a := open(t, Options{open: d.open, FrameBytes: 100, OnFrame: func(f FrameInfo) { largest = max(largest, f.Plain) }})
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() { assert.NoError(t, a.Append(t.Context(), line("%029d", i))) })
		}
		synctest.Wait()
		close(gate)
		all.Wait()
		closeNow(t, a)
		assert.Equal(t, 90, largest)
		lines, problems := contents(t, a.Path())
		assert.Empty(t, problems)
		assert.Len(t, lines, 64)
	})
}

func TestASenderWhoseContextEndsDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &disk{sync: func() error { <-gate; return nil }}
		a := open(t, Options{open: d.open, FrameBytes: 10})
		var all sync.WaitGroup
		for i := range 8 { // some wait for the sync, some for the next commit
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				assert.ErrorIs(t, a.Append(ctx, line("line %d", i)), context.DeadlineExceeded)
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, a.Close(ctx), context.DeadlineExceeded)
		close(gate)
		closeNow(t, a)
	})
}

func TestCloseWaitsForWhatWasHandedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &disk{sync: func() error { <-gate; return nil }}
		a := open(t, Options{open: d.open, FrameBytes: 10})
		var all sync.WaitGroup
		var mu sync.Mutex
		var acknowledged, refused []string
		for i := range 8 {
			all.Go(func() {
				text := fmt.Sprintf("line %d", i)
				err := a.Append(t.Context(), line("%s", text))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					acknowledged = append(acknowledged, text)
				} else {
					assert.ErrorIs(t, err, ErrClosed)
					refused = append(refused, text)
				}
			})
		}
		synctest.Wait()
		all.Go(func() { assert.NoError(t, a.Close(t.Context())) })
		synctest.Wait()
		close(gate)
		all.Wait()
		lines, problems := contents(t, a.Path())
		assert.Empty(t, problems)
		assert.ElementsMatch(t, acknowledged, lines)
		assert.Len(t, refused, 8-len(acknowledged))
		assert.NotEmpty(t, acknowledged)
	})
}

func TestSyncIntervalAcknowledgesBeforeTheSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		a := open(t, Options{open: d.open, Sync: SyncInterval, SyncInterval: time.Second})
		add(t, a, "one")
		add(t, a, "two")
		require.Zero(t, d.synced())
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1, d.synced())
		lines, _ := contents(t, d.afterPowerLoss(t))
		assert.Equal(t, []string{"one", "two"}, lines)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, d.synced(), "there was nothing to sync")
		closeNow(t, a)
		_, problems := contents(t, d.afterPowerLoss(t))
		assert.Empty(t, problems)
	})
}

func TestSyncNeverDoesNotSync(t *testing.T) {
	d := &disk{}
	a := open(t, Options{open: d.open, Sync: SyncNever, MaxFileBytes: 1})
	add(t, a, "one")
	add(t, a, "two")
	closeNow(t, a)
	assert.Zero(t, d.synced())
	requireClean(t, a.Path(), "one", "two")
}

func TestAFileIsFinishedOnceItIsLarge(t *testing.T) {
	a := open(t, Options{MaxFileBytes: 1})
	for i := range 3 {
		add(t, a, fmt.Sprint(i))
	}
	closeNow(t, a)
	assert.Len(t, files(t, a.Path()), 3)
	requireClean(t, a.Path(), "0", "1", "2")
}

func TestAFileIsFinishedOnceItIsOldEvenWithoutData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, Options{MaxFileAge: time.Hour})
		add(t, a, "0")
		time.Sleep(time.Hour - time.Minute)
		add(t, a, "1")
		require.Len(t, files(t, a.Path()), 1)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		r, err := VerifyDir(t.Context(), a.Path(), ids(t), nil)
		require.NoError(t, err)
		require.True(t, r.Files[0].Finished)
		assert.False(t, r.Files[0].BeingWritten)
		add(t, a, "2")
		closeNow(t, a)
		requireClean(t, a.Path(), "0", "1", "2")
		assert.Len(t, files(t, a.Path()), 2)
	})
}

func TestAFileHasOneDataKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, Options{MaxFileAge: 24 * time.Hour, Keeper: keeperWith(t, seal.KeeperOptions{RotateAfter: time.Hour}, newKEK(t))})
		add(t, a, "0")
		time.Sleep(time.Hour)
		add(t, a, "1") // still under the old key, which is replaced meanwhile
		synctest.Wait()
		add(t, a, "2")
		closeNow(t, a)
		requireClean(t, a.Path(), "0", "1", "2")
		r, err := VerifyDir(t.Context(), a.Path(), ids(t), nil)
		require.NoError(t, err)
		require.Len(t, r.Files, 2)
		assert.NotEqual(t, r.Files[0].Period, r.Files[1].Period)
	})
}

func TestWithoutAKeyNothingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keeperWith(t, seal.KeeperOptions{MaxSeals: 2}, newKEK(t))
		a := open(t, Options{Keeper: k})
		add(t, a, "0")
		k.Close() // there will be no new key
		add(t, a, "1")
		require.ErrorIs(t, a.Append(t.Context(), line("2")), seal.ErrKeyExhausted)
		closeNow(t, a)
		requireClean(t, a.Path(), "0", "1")
	})
}

func TestAnArchiveStaysWithinItsBudgetAndTakesDataAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, Options{Budget: 3000, MaxFileBytes: 700})
		var want []string
		fill := func() {
			for i := range 1000 {
				text := fmt.Sprintf("line %d %d", len(want), i)
				err := a.Append(t.Context(), line("%s", text))
				if err != nil {
					require.ErrorIs(t, err, ErrBudget)
					require.ErrorContains(t, err, "of 3000 bytes; move or remove its oldest files, or raise the budget")
					return
				}
				want = append(want, text)
			}
			t.Fatal("there is no end to it")
		}
		fill()
		require.NotEmpty(t, want)
		requireClean(t, a.Path(), want...)
		used, err := usage(a.Path())
		require.NoError(t, err)
		assert.LessOrEqual(t, used, int64(3000))
		assert.Greater(t, used, int64(2000))

		first := files(t, a.Path())[0]
		lost := 0
		readFile(t, first, Between{}, func(Frame) { lost++ })
		require.NoError(t, os.Remove(first))
		want = want[lost:]
		time.Sleep(lookInterval)
		before := len(want)
		fill()
		assert.Greater(t, len(want), before)
		closeNow(t, a)
		requireClean(t, a.Path(), want...)
		used, err = usage(a.Path())
		require.NoError(t, err)
		assert.LessOrEqual(t, used, int64(3000), "room for the ends of files was kept")
	})
}

func TestABudgetWithoutRoomForAFileLeavesNoLitter(t *testing.T) {
	a := open(t, Options{Budget: 400})
	require.ErrorIs(t, a.Append(t.Context(), line("x")), ErrBudget)
	closeNow(t, a)
	assert.Empty(t, files(t, a.Path()))
}

func TestTheBudgetIsOfAllSignals(t *testing.T) {
	dir := t.TempDir()
	logs := open(t, Options{Dir: dir, Signal: Logs})
	require.NoError(t, logs.Append(t.Context(), Record{Payload: noise(5000)}))
	a := open(t, Options{Dir: dir, Budget: 5000})
	require.ErrorIs(t, a.Append(t.Context(), line("x")), ErrBudget)
}

// noise cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestWarningsOfTheChainAreTold(t *testing.T) {
	a := open(t, Options{})
	add(t, a, "0")
	closeNow(t, a)
	path := files(t, a.Path())[0]
	damage(t, path, 3, 0xff)
	var warned []error
	b := open(t, Options{Dir: a.Path(), OnWarning: func(err error) { warned = append(warned, err) }})
	require.Len(t, warned, 1)
	assert.ErrorContains(t, warned[0], path)
	assert.ErrorContains(t, warned[0], "the chain goes on without it")
	add(t, b, "1")
}

func TestFramesAndFilesAreTold(t *testing.T) {
	var frames []FrameInfo
	var begun []string
	a := open(t, Options{
		MaxFileBytes: 1,
		OnFrame:      func(f FrameInfo) { frames = append(frames, f) },
		OnFile:       func(path string) { begun = append(begun, path) },
	})
	payload := bytes.Repeat([]byte("telemetry "), 100)
	for range 2 {
		require.NoError(t, a.Append(t.Context(), Record{Payload: payload, Items: 7}))
	}
	closeNow(t, a)
	assert.Equal(t, files(t, a.Path()), begun)
	require.Len(t, frames, 2)
	for _, f := range frames {
		assert.Equal(t, 7, f.Items)
		assert.Equal(t, 1000, f.Plain)
		assert.Less(t, f.Compressed, 200)
		assert.Equal(t, f.Compressed+frameHead+tagSize, f.Sealed)
	}
}

func TestNamesSortAsTheChainDoesWhileTheClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, Options{MaxFileBytes: 1})
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprint(i))
			add(t, a, want[i])
		}
		closeNow(t, a)
		requireClean(t, a.Path(), want...)
	})
}

func TestAClockThatWasSetBackIsBelieved(t *testing.T) {
	before := goldenTime
	for _, tt := range []struct{ now, want time.Duration }{
		{time.Second, time.Second},
		{time.Millisecond, time.Millisecond},
		{time.Microsecond, time.Millisecond},
		{0, time.Millisecond},
		{-time.Second, time.Millisecond},
		{-time.Hour, -time.Hour},
	} {
		assert.Equal(t, before.Add(tt.want), createdAfter(before.Add(tt.now), before))
	}
	assert.Equal(t, goldenTime, createdAfter(goldenTime, time.Time{}), "there is no file before")
}

// damage turns bits of one byte of a file.
func damage(t testing.TB, path string, at int64, bits byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if at < 0 {
		at += int64(len(b))
	}
	b[at] ^= bits
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

// Hammer: many senders, files that are finished all the time, keys that are
// replaced, and a Close in the middle. What was acknowledged is there once.
func TestHammerArchive(t *testing.T) {
	d := &disk{sync: func() error { return nil }}
	var mu sync.Mutex
	a := open(t, Options{
		open: d.open, MaxFileBytes: 4000, FrameBytes: 300,
		Keeper:    keeperWith(t, seal.KeeperOptions{MaxSeals: 100}, newKEK(t)),
		OnWarning: func(err error) { t.Error(err) },
	})
	var all sync.WaitGroup
	var acknowledged []string
	for g := range 64 {
		all.Go(func() {
			for i := range 60 {
				text := fmt.Sprintf("sender %d line %d", g, i)
				err := a.Append(context.Background(), line("%s", text))
				switch {
				case err == nil:
					mu.Lock()
					acknowledged = append(acknowledged, text)
					enough := len(acknowledged) == 64*40
					mu.Unlock()
					if enough {
						all.Go(func() { assert.NoError(t, a.Close(context.Background())) })
					}
				default:
					assert.True(t, isOneOf(err, ErrClosed, seal.ErrKeyExhausted), "%v", err)
				}
			}
		})
	}
	all.Wait()
	closeNow(t, a)
	lines, problems := contents(t, a.Path())
	assert.Empty(t, problems)
	slices.Sort(lines)
	slices.Sort(acknowledged)
	assert.Equal(t, acknowledged, lines)
	assert.Greater(t, len(files(t, a.Path())), 2)
}
