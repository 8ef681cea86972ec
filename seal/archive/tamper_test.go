// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

// tampered is a copy of the golden archive that can be put out of order.
type tampered struct {
	t     testing.TB
	dir   string
	paths []string
	raw   [][]byte // of each file
	ids   []seal.Identity
}

func newTampered(t testing.TB) *tampered {
	t.Helper()
	x := &tampered{t: t, dir: t.TempDir(), ids: []seal.Identity{readGoldenKeys(t).kek(t)}}
	for _, path := range files(t, goldenDir) {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		x.paths, x.raw = append(x.paths, filepath.Join(x.dir, filepath.Base(path))), append(x.raw, b)
		x.put(len(x.raw)-1, b)
	}
	return x
}

func (x *tampered) put(i int, b []byte) { require.NoError(x.t, os.WriteFile(x.paths[i], b, 0o600)) }

// parts are what a file is made of.
type parts struct {
	header []byte
	frames [][]byte // data frames
	final  []byte   // frame and trailer
}

func (p parts) join() []byte {
	return slices.Concat(p.header, slices.Concat(p.frames...), p.final)
}

func (p parts) with(frames ...[]byte) []byte {
	p.frames = frames
	return p.join()
}

func (x *tampered) parts(i int) (p parts) {
	b := x.raw[i]
	size := binary.BigEndian.Uint32(b[fixedSize:])
	p.header, b = b[:size], b[size:]
	for {
		n := frameHead + int(binary.BigEndian.Uint32(b[offFrameSealed:]))
		if frameType(b[offFrameType]) == finalFrame {
			p.final = b
			return p
		}
		p.frames, b = append(p.frames, b[:n]), b[n:]
	}
}

func (x *tampered) problems() []Problem {
	x.t.Helper()
	r, err := VerifyDir(x.t.Context(), x.dir, x.ids, nil)
	require.NoError(x.t, err)
	return r.Problems
}

// payloads returns what can still be read of a file.
func (x *tampered) payloads(i int) (got []string) {
	x.t.Helper()
	f, err := OpenFile(x.paths[i])
	if err != nil {
		return nil
	}
	defer f.Close()
	if f.Unlock(x.t.Context(), x.ids) != nil {
		return nil
	}
	_, err = f.Read(Between{}, func(fr Frame) error { got = append(got, string(fr.Payload)); return nil }, func(Problem) {})
	require.NoError(x.t, err)
	return got
}

func genuine(i int) (all []string) {
	for _, r := range goldenRecords()[i] {
		all = append(all, string(r.Payload))
	}
	return all
}

func (x *tampered) requireProblem(says string) {
	x.t.Helper()
	problems := x.problems()
	require.True(x.t, slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.String(), says) }), "%q is not in %v", says, problems)
}

func TestEveryFlippedBitOfAnArchiveIsFound(t *testing.T) {
	x := newTampered(t)
	require.Empty(t, x.problems())
	for i, raw := range x.raw {
		f, err := os.OpenFile(x.paths[i], os.O_WRONLY, 0)
		require.NoError(t, err)
		put := func(at int, b byte) {
			_, err := f.WriteAt([]byte{b}, int64(at))
			require.NoError(t, err)
		}
		for bit := range 8 * len(raw) {
			at := bit / 8
			put(at, raw[at]^1<<(bit%8))
			problems := x.problems()
			require.NotEmpty(t, problems, "file %d, byte %d, bit %d", i, at, bit%8)
			require.Contains(t, x.paths, problems[0].Path)
			if bit%8 == 0 {
				require.Subset(t, genuine(i), x.payloads(i), "nothing is read but what was written")
			}
			put(at, raw[at])
		}
		require.NoError(t, f.Close())
	}
	require.Empty(t, x.problems())
}

// A flipped bit costs the one frame that it is in.
func TestFramesBehindADamagedOneAreRead(t *testing.T) {
	x := newTampered(t)
	p := x.parts(0)
	start := len(p.header) + len(p.frames[0])
	for at := start; at < start+len(p.frames[1]); at++ {
		b := slices.Clone(x.raw[0])
		b[at] ^= 0x10
		x.put(0, b)
		require.Equal(t, []string{genuine(0)[0], genuine(0)[2]}, x.payloads(0), "byte %d", at)
	}
}

func TestAFileIsReadableUpToWhereItWasCut(t *testing.T) {
	for i := range 2 {
		x := newTampered(t)
		p := x.parts(i)
		for n := range x.raw[i] {
			x.put(i, x.raw[i][:n])
			whole, end := 0, len(p.header)
			for whole < len(p.frames) && end+len(p.frames[whole]) <= n {
				end += len(p.frames[whole])
				whole++
			}
			require.Len(t, x.payloads(i), whole, "cut to %d bytes", n)
			truncated, others := 0, 0
			for _, problem := range x.problems() {
				if problem.Truncated {
					require.Equal(t, x.paths[i], problem.Path)
					truncated++
				} else {
					others++
				}
			}
			require.Equal(t, 1, truncated, "cut to %d bytes: %v", n, x.problems())
			if i == 0 && n >= len(p.header) {
				require.Equal(t, 1, others, "the next file knows how long it was: %v", x.problems())
			}
			if i == 1 {
				require.Zero(t, others, "cut to %d bytes: %v", n, x.problems())
			}
		}
	}
}

func TestFramesOutOfPlaceAreFoundAndNamed(t *testing.T) {
	one := func(x *tampered) [][]byte { return x.parts(0).frames }
	for _, tt := range []struct {
		name string
		file func(x *tampered) []byte
		says []string
		read []int
	}{
		{"first dropped", func(x *tampered) []byte { return x.parts(0).with(one(x)[1:]...) }, []string{"frame 0 is missing or out of order before frame 1"}, []int{1, 2}},
		{"middle dropped", func(x *tampered) []byte { return x.parts(0).with(one(x)[0], one(x)[2]) }, []string{"frame 1 is missing or out of order before frame 2"}, []int{0, 2}},
		{"last dropped", func(x *tampered) []byte { return x.parts(0).with(one(x)[:2]...) }, []string{"frame 2 is missing before the final frame"}, []int{0, 1}},
		{"all dropped", func(x *tampered) []byte { return x.parts(0).with() }, []string{"frames 0 to 2 are missing before the final frame"}, nil},
		{"reordered", func(x *tampered) []byte { return x.parts(0).with(one(x)[0], one(x)[2], one(x)[1]) }, []string{"frame 1 is missing or out of order before frame 2", "frame 1 is out of order"}, []int{0, 2, 1}},
		{"repeated", func(x *tampered) []byte { return x.parts(0).with(one(x)[0], one(x)[1], one(x)[1], one(x)[2]) }, []string{"frame 1 is there again"}, []int{0, 1, 2}},
		{"final dropped", func(x *tampered) []byte { p := x.parts(0); p.final = nil; return p.join() }, []string{"ends after 3 frames without a final one"}, []int{0, 1, 2}},
		{"final first", func(x *tampered) []byte { p := x.parts(0); return slices.Concat(p.header, p.final, p.frames[0]) }, []string{"frames 0 to 2 are missing before the final frame", "the trailer was altered"}, nil},
		{"final twice", func(x *tampered) []byte { return append(slices.Clone(x.raw[0]), x.parts(0).final...) }, []string{"bytes follow the end of the file"}, []int{0, 1, 2}},
		{"frame of the other file", func(x *tampered) []byte {
			return x.parts(0).with(one(x)[0], x.parts(1).frames[1], one(x)[2])
		}, []string{"belongs to another file", "frame 1 is missing or out of order before frame 2"}, []int{0, 2}},
		{"end of the other file", func(x *tampered) []byte { p := x.parts(0); p.final = x.parts(1).final; return p.join() }, []string{"belongs to another file", "ends after 3 frames without a final one"}, []int{0, 1, 2}},
		{"header of the other file", func(x *tampered) []byte { p := x.parts(0); p.header = x.parts(1).header; return p.join() }, []string{"the file was renamed", "belongs to another file"}, nil},
		{"garbage between", func(x *tampered) []byte { return x.parts(0).with(one(x)[0], noise(100), one(x)[1], one(x)[2]) }, []string{"after 1 frame: no frame begins here"}, []int{0, 1, 2}},
		{"garbage behind", func(x *tampered) []byte { return append(slices.Clone(x.raw[0]), 1, 2, 3) }, []string{"3 bytes follow the end of the file"}, []int{0, 1, 2}},
		{"zeros instead of the end", func(x *tampered) []byte { p := x.parts(0); p.final = make([]byte, 500); return p.join() }, []string{"after 3 frames: no frame begins here"}, []int{0, 1, 2}},
		{"a length of 4 GB", func(x *tampered) []byte {
			f := slices.Clone(one(x)[1])
			binary.BigEndian.PutUint32(f[offFrameSealed:], 1<<32-1)
			return x.parts(0).with(one(x)[0], f, one(x)[2])
		}, []string{"it claims 4294967295 sealed bytes; a frame has 16 to"}, []int{0, 2}},
		{"4 GB before compression", func(x *tampered) []byte {
			f := slices.Clone(one(x)[1])
			binary.BigEndian.PutUint32(f[offFramePlain:], 1<<32-1)
			return x.parts(0).with(one(x)[0], f, one(x)[2])
		}, []string{"it claims 4294967295 bytes before compression"}, []int{0, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newTampered(t)
			x.put(0, tt.file(x))
			for _, says := range tt.says {
				x.requireProblem(says)
			}
			var want []string
			for _, i := range tt.read {
				want = append(want, genuine(0)[i])
			}
			assert.Equal(t, want, x.payloads(0))
		})
	}
}

func TestARenamedFileIsFound(t *testing.T) {
	x := newTampered(t)
	require.NoError(t, os.Rename(x.paths[1], filepath.Join(x.dir, "traces-renamed.sealed")))
	x.requireProblem("the file was renamed: its header says that it is " + filepath.Base(x.paths[1]))
}

// chain makes an archive of files with a line each.
func chain(t testing.TB, dir string, n int) []string {
	t.Helper()
	for i := range n {
		a := open(t, Options{Dir: dir})
		add(t, a, fmt.Sprint(i))
		closeNow(t, a)
	}
	return files(t, dir)
}

func requireProblems(t testing.TB, dir string, says ...string) {
	t.Helper()
	r, err := VerifyDir(t.Context(), dir, ids(t), nil)
	require.NoError(t, err)
	require.Len(t, r.Problems, len(says), "%v", r.Problems)
	for i, p := range r.Problems {
		assert.Contains(t, p.String(), says[i])
	}
	assert.False(t, r.Clean())
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

func TestADeletedMiddleFileIsFound(t *testing.T) {
	dir := t.TempDir()
	paths := chain(t, dir, 5)
	require.NoError(t, os.Remove(paths[1]))
	requireProblems(t, dir, paths[2]+": the file before it in the chain, number 2")
	require.NoError(t, os.Remove(paths[2]))
	requireProblems(t, dir, paths[3]+": the files before it in the chain, numbers 2 to 3, are missing")
}

func TestTheOldestFilesMayBeRemoved(t *testing.T) {
	dir := t.TempDir()
	paths := chain(t, dir, 4)
	require.NoError(t, os.Remove(paths[0]))
	require.NoError(t, os.Remove(paths[1]))
	requireClean(t, dir, "2", "3")
}

func TestACopyIsFound(t *testing.T) {
	dir := t.TempDir()
	paths := chain(t, dir, 2)
	copyFile(t, paths[1], filepath.Join(dir, "traces-z.sealed"))
	requireProblems(t, dir, "the file was renamed", "traces-z.sealed: it is a copy of "+filepath.Base(paths[1]))
}

func TestAReplacedFileAndMixedChainsAreFound(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	paths, others := chain(t, dir, 3), chain(t, other, 3)

	added := filepath.Join(dir, filepath.Base(others[1]))
	copyFile(t, others[1], added)
	r, err := VerifyDir(t.Context(), dir, ids(t), nil)
	require.NoError(t, err)
	require.NotEmpty(t, r.Problems)
	assert.Contains(t, fmt.Sprint(r.Problems), "two chains are mixed")

	require.NoError(t, os.Remove(paths[1]))
	requireProblems(t, dir,
		added+": the file before it in the chain is not "+filepath.Base(paths[0]),
		paths[2]+": the file before it in the chain is not "+filepath.Base(added))
}

func TestAFileThatWasCutAfterTheNextWasBegunIsFound(t *testing.T) {
	x := newTampered(t)
	p := x.parts(0)
	p.final = nil
	x.put(0, p.with(p.frames[:2]...)) // as if its writer had been killed there
	x.requireProblem("when the next file (" + filepath.Base(x.paths[1]) + ") was begun: it was cut or extended since")
}

func TestAKilledWriterLeavesWhatItAcknowledged(t *testing.T) {
	a := open(t, Options{})
	add(t, a, "0")
	add(t, a, "1")
	dir := t.TempDir()
	for _, path := range files(t, a.Path()) {
		copyFile(t, path, filepath.Join(dir, filepath.Base(path))) // what SIGKILL would leave
	}
	lines, problems := contents(t, dir)
	assert.Equal(t, []string{"0", "1"}, lines)
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Truncated)
	assert.Contains(t, problems[0].Text, "ends after 2 frames without a final one: its writer was killed, or the file was cut")

	b := open(t, Options{Dir: dir})
	add(t, b, "2")
	closeNow(t, b)
	lines, problems = contents(t, dir)
	assert.Equal(t, []string{"0", "1", "2"}, lines)
	require.Empty(t, problems, "the next file confirms its length")
	requireNotes(t, dir, "Its length is confirmed by its successor")

	killed := files(t, dir)[0]
	info, err := os.Stat(killed)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(killed, info.Size()-1))
	_, problems = contents(t, dir)
	require.Len(t, problems, 2, "who cuts it later is found")
}

func TestALiveArchiveIsClean(t *testing.T) {
	a := open(t, Options{MaxFileBytes: 600})
	for i := range 10 {
		add(t, a, fmt.Sprint(i))
		r, err := VerifyDir(t.Context(), a.Path(), ids(t), nil)
		require.NoError(t, err)
		require.Empty(t, r.Problems)
		require.True(t, r.Files[len(r.Files)-1].BeingWritten)
	}
	closeNow(t, a)
	r, err := VerifyDir(t.Context(), a.Path(), ids(t), nil)
	require.NoError(t, err)
	assert.False(t, r.Files[len(r.Files)-1].BeingWritten)
	assert.True(t, r.Clean())
}

func TestAHeaderThatIsBeingWrittenIsNoProblem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "traces-x.sealed")
	lock, err := lockDir(dir, Traces)
	require.NoError(t, err)
	defer lock.release()
	f, err := createFile(path)
	require.NoError(t, err)
	for i := range 2 {
		r, err := VerifyDir(t.Context(), dir, ids(t), nil)
		require.NoError(t, err)
		assert.Empty(t, r.Problems)
		assert.Len(t, r.Notes, 1)
		_, err = f.Write(magic[4*i : 4*i+4])
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	requireProblems(t, dir, "the file ends within its header")
}

// Heads put into one another must not make a reader read the same bytes over and
// over.
func TestAReaderGivesUpOnHeadsInsideOfHeads(t *testing.T) {
	x := newTampered(t)
	p := x.parts(0)
	const n = 20_000
	trap := make([]byte, 0, n*frameHead)
	for i := range n {
		h := frame{kind: dataFrame, index: uint64(i), file: [8]byte(x.raw[0][offID:]), sealed: uint32((n - i - 1) * frameHead)}
		if h.sealed < tagSize {
			break
		}
		trap = append(trap, make([]byte, frameHead)...)
		h.put(trap[len(trap)-frameHead:])
	}
	x.put(0, slices.Concat(p.header, trap, make([]byte, frameHead)))
	x.requireProblem("too much is damaged; what follows was not read")
	assert.Less(t, len(x.problems()), 50)
}
