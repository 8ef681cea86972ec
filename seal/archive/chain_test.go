// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

// chainOf writes files of one frame each, and returns their directory and paths.
func chainOf(t testing.TB, n int) (dir string, paths []string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		a := open(t, Options{Dir: dir})
		add(t, a, fmt.Sprint(i))
		closeNow(t, a)
	}
	return dir, files(t, dir)
}

func verifyFiles(t testing.TB, paths ...string) *Report {
	t.Helper()
	r, err := (&Verifier{Identities: ids(t)}).Files(t.Context(), paths)
	require.NoError(t, err)
	return r
}

func requireNotes(t testing.TB, dir string, says ...string) {
	t.Helper()
	r, err := VerifyDir(t.Context(), dir, ids(t), nil)
	require.NoError(t, err)
	require.Len(t, r.Notes, len(says), "%v", r.Notes)
	for i, n := range r.Notes {
		require.Contains(t, n.String(), says[i])
	}
	require.Equal(t, len(says) == 0 && len(r.Problems) == 0, r.Clean())
}

func TestFilesMovedAwayKeepTheChain(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for i := range 4 {
		a := open(t, Options{Dir: dir})
		add(t, a, fmt.Sprint(i))
		closeNow(t, a)
		for _, path := range files(t, dir) {
			require.NoError(t, os.Rename(path, filepath.Join(elsewhere, filepath.Base(path))))
		}
	}
	requireClean(t, elsewhere, "0", "1", "2", "3")
	r, err := VerifyDir(t.Context(), elsewhere, ids(t), nil)
	require.NoError(t, err)
	require.Len(t, r.Chains, 1)
	assert.Equal(t, uint64(4), r.Chains[0].Last)
	assert.True(t, r.Clean(), "%v", r.Notes)
}

func TestAnUnfinishedFileMovedAwayKeepsTheChain(t *testing.T) {
	a := open(t, Options{})
	add(t, a, "0")
	elsewhere, dir := t.TempDir(), t.TempDir()
	path := files(t, a.Path())[0]
	copyFile(t, path, filepath.Join(elsewhere, filepath.Base(path))) // the gateway was killed
	copyFile(t, headPath(a.Path(), Traces), headPath(dir, Traces))
	b := open(t, Options{Dir: dir})
	add(t, b, "1")
	closeNow(t, b)
	copyFile(t, files(t, dir)[0], filepath.Join(elsewhere, filepath.Base(files(t, dir)[0])))
	_, problems := contents(t, elsewhere)
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Truncated)
	requireNotes(t, elsewhere, "does not know its length")
}

func TestADamagedChainHeadIsReportedAndIgnored(t *testing.T) {
	dir, _ := chainOf(t, 1)
	for _, content := range []string{"", "SGCHAIN1 short", string(make([]byte, headSize))} {
		require.NoError(t, os.WriteFile(headPath(dir, Traces), []byte(content), 0o600))
		var warned []error
		a := open(t, Options{Dir: dir, OnWarning: func(err error) { warned = append(warned, err) }})
		add(t, a, "more")
		closeNow(t, a)
		require.Len(t, warned, 1)
		require.ErrorContains(t, warned[0], "remove it")
	}
	requireClean(t, dir, "0", "more", "more", "more")
}

func TestAFileRemovedAsEmptyIsNotInTheChain(t *testing.T) {
	d := &disk{write: failWrite(2, 0)}
	a := open(t, Options{open: d.open})
	require.ErrorIs(t, a.Append(t.Context(), line("lost")), ErrDisk)
	assert.NoFileExists(t, headPath(a.Path(), Traces))
	add(t, a, "kept")
	closeNow(t, a)
	requireClean(t, a.Path(), "kept")
}

func TestOneCrashWithinAFrameIsNoProblemForEver(t *testing.T) {
	for _, left := range []int{1, frameHead - 1, frameHead, frameHead + 5} {
		a := open(t, Options{})
		add(t, a, "0")
		add(t, a, "1")
		dir := t.TempDir()
		killed := filepath.Join(dir, filepath.Base(files(t, a.Path())[0]))
		raw, err := os.ReadFile(files(t, a.Path())[0])
		require.NoError(t, err)
		r, err := VerifyDir(t.Context(), a.Path(), ids(t), nil)
		require.NoError(t, err)
		torn := raw[int64(len(raw))-r.Files[0].size:][:left:left] // as if another frame began
		require.NoError(t, os.WriteFile(killed, append(raw, torn...), 0o600))
		b := open(t, Options{Dir: dir})
		add(t, b, "2")
		closeNow(t, b)
		requireNotes(t, dir, "Its length is confirmed by its successor")
		requireClean(t, dir, "0", "1", "2")

		damage(t, killed, int64(len(raw))-r.Files[0].size+40, 1) // a frame before it
		_, problems := contents(t, dir)
		require.NotEmpty(t, problems, "only the end is confirmed")
	}
}

func TestAnOverwrittenEndIsNotConfirmed(t *testing.T) {
	dir, paths := chainOf(t, 2)
	raw, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	frames := raw[int64(len(raw))-verifyFiles(t, paths[0]).Files[0].size:]
	for i := frameHead; i < len(frames); i++ {
		frames[i] = 'x' // the head of the first frame stays, with a length beyond the end
	}
	frames[offFrameSealed+1] = 1
	require.NoError(t, os.WriteFile(paths[0], raw, 0o600))
	_, problems := contents(t, dir)
	require.NotEmpty(t, problems)
}

func TestALockAloneHidesNoTruncation(t *testing.T) {
	dir, paths := chainOf(t, 1)
	info, err := os.Stat(paths[0])
	require.NoError(t, err)
	require.NoError(t, os.Truncate(paths[0], info.Size()-20))
	f, err := os.OpenFile(paths[0], os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, holdFile(f))
	_, problems := contents(t, dir)
	require.Len(t, problems, 1)
	require.True(t, problems[0].Truncated)

	lock, err := lockDir(dir, Traces)
	require.NoError(t, err)
	defer lock.release()
	_, problems = contents(t, dir)
	require.Empty(t, problems, "it looks like a writer at work")
	requireNotes(t, dir, "Nobody can tell yet whether its end was cut off")
}

func TestNamedFilesAreCheckedAsAChain(t *testing.T) {
	_, paths := chainOf(t, 4)
	assert.True(t, verifyFiles(t, paths...).Clean())

	r := verifyFiles(t, paths[0], paths[2])
	assert.Empty(t, r.Problems, "the directory has the file between them")
	require.Len(t, r.Notes, 1)
	assert.Contains(t, r.Notes[0].Text, "2 other files of it are here: name the directory")

	require.NoError(t, os.Remove(paths[1]))
	r = verifyFiles(t, paths[0], paths[2], paths[3])
	require.Len(t, r.Problems, 1)
	assert.Contains(t, r.Problems[0].Text, "is missing")
}

func TestAChainWithoutItsBeginningIsNoted(t *testing.T) {
	dir, paths := chainOf(t, 3)
	require.NoError(t, os.Remove(paths[0]))
	requireNotes(t, dir, "begins here with number 2; 1 file before it is not here")
	require.NoError(t, os.Remove(paths[1]))
	requireNotes(t, dir, "begins here with number 3; 2 files before it are not here")
}

func TestContentIsComparedWithTheIndex(t *testing.T) {
	right := Content{Items: 1, From: 1, To: 2} // as line has it
	for name, c := range map[string]struct {
		content Content
		err     error
		want    string
	}{
		"as in the index":   {content: right},
		"a narrower range":  {content: Content{Items: 1, From: 2, To: 2}},
		"no times":          {content: Content{Items: 1, From: 1, To: 0}},
		"one item more":     {content: Content{Items: 2, From: 1, To: 2}, want: "frame 0: it has 2 items, but the index says 1"},
		"one item less":     {content: Content{From: 1, To: 2}, want: "frame 0: it has 0 items, but the index says 1"},
		"a later time":      {content: Content{Items: 1, From: 1, To: 3}, want: "times that the index does not name"},
		"an earlier time":   {content: Content{Items: 1, From: 0, To: 1}, want: "times that the index does not name"},
		"not to be decoded": {err: errors.New("it is no OTLP"), want: "frame 0: it is no OTLP"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := chainOf(t, 1)
			v := Verifier{Identities: ids(t), Content: func(s Signal, payload []byte) (Content, error) {
				assert.Equal(t, Traces, s)
				assert.Equal(t, "0\n", string(payload))
				return c.content, c.err
			}}
			r, err := v.Dir(t.Context(), dir)
			require.NoError(t, err)
			if c.want == "" {
				require.Empty(t, r.Problems)
				return
			}
			require.Len(t, r.Problems, 1)
			require.Contains(t, r.Problems[0].String(), c.want)
		})
	}
}

func TestRewrapNamesNobodyTwice(t *testing.T) {
	_, paths := chainOf(t, 1)
	f, err := OpenFile(paths[0])
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Unlock(t.Context(), ids(t)))
	other := kekOf(t, 9)
	require.NoError(t, f.Rewrap(t.Context(), []seal.Recipient{other, other}, nil))
	again, err := OpenFile(paths[0])
	require.NoError(t, err)
	defer again.Close()
	require.Len(t, again.Header().Wrapped, 2)
}

func TestAFileCutWithinItsHeaderIsNotedOnlyIfUnused(t *testing.T) {
	dir, paths := chainOf(t, 3)
	header, err := os.ReadFile(paths[1])
	require.NoError(t, err)
	unused := paths[1][:len(paths[1])-len(extension)] + "x" + extension // between the second and the third
	require.NoError(t, os.WriteFile(unused, header[:100], 0o600))
	requireClean(t, dir, "0", "1", "2")
	requireNotes(t, dir, "nothing in it was acknowledged: remove it")

	newest := filepath.Join(dir, "traces-99990101T000000.000Z-0000000000000000.sealed")
	require.NoError(t, os.Rename(unused, newest))
	_, problems := contents(t, dir)
	require.Len(t, problems, 1, "it may have been the newest of the chain")
	require.NoError(t, os.Remove(newest))

	require.NoError(t, os.Truncate(paths[1], 100))
	_, problems = contents(t, dir)
	require.Len(t, problems, 2, "the chain misses it")
}
