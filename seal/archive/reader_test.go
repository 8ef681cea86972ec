// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

func at(seconds int64) time.Time { return time.Unix(seconds, 0) }

// timedFile makes a file of ten frames; frame i is of the seconds 10i to 10i+5, and
// the last one has no times.
func timedFile(t testing.TB) string {
	t.Helper()
	a := open(t, Options{})
	for i := range uint64(10) {
		r := Record{Payload: []byte{byte(i)}, Items: 1, From: 10 * i * 1e9, To: (10*i + 5) * 1e9}
		if i == 9 {
			r.From, r.To = 1, 0
		}
		require.NoError(t, a.Append(t.Context(), r))
	}
	closeNow(t, a)
	return files(t, a.Path())[0]
}

func TestOfATimeRangeOnlyTheFramesOfTheIndexAreRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		when Between
		want []uint64
	}{
		{"all", Between{}, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"one", Between{at(31), at(32)}, []uint64{3, 9}},
		{"at its edges", Between{at(35), at(40)}, []uint64{3, 4, 9}},
		{"between two", Between{at(36), at(39)}, []uint64{9}},
		{"from", Between{From: at(71)}, []uint64{7, 8, 9}},
		{"to", Between{To: at(14)}, []uint64{0, 1, 9}},
		{"before 1970", Between{To: at(-5)}, []uint64{0, 9}},
		{"from before 1970", Between{From: at(-5), To: at(3)}, []uint64{0, 9}},
		{"to the year 9999", Between{at(81), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, []uint64{8, 9}},
		{"from the year 9999", Between{From: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, []uint64{9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []uint64
			sum := readFile(t, timedFile(t), tt.when, func(f Frame) {
				assert.Equal(t, []byte{byte(f.Index)}, f.Payload)
				got = append(got, f.Index)
			})
			assert.Equal(t, tt.want, got)
			assert.Equal(t, Summary{Frames: 10, Items: 10, Plain: 10, From: at(0).UTC(), To: at(85).UTC(), Finished: true}, sum)
		})
	}
}

func TestOfATimeRangeADamagedFrameElsewhereIsNotRead(t *testing.T) {
	path := timedFile(t)
	var offsets []int64
	readFile(t, path, Between{}, func(f Frame) { offsets = append(offsets, f.Offset) })
	damage(t, path, offsets[5]+frameHead, 1)
	readFile(t, path, Between{at(31), at(32)}, func(Frame) {})

	f, err := OpenFile(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Unlock(t.Context(), ids(t)))
	var problems []Problem
	_, err = f.Read(Between{at(51), at(52)}, func(Frame) error { return nil }, func(p Problem) { problems = append(problems, p) })
	require.NoError(t, err)
	require.Len(t, problems, 1)
	assert.Equal(t, fmt.Sprintf("%s: at byte %d: frame 5: it was altered", path, offsets[5]), problems[0].String())
}

func TestOfATimeRangeWithoutAnIndexEverythingIsRead(t *testing.T) {
	path := timedFile(t)
	damage(t, path, -1, 1)
	f, err := OpenFile(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Unlock(t.Context(), ids(t)))
	frames, problems := 0, 0
	_, err = f.Read(Between{at(31), at(32)}, func(Frame) error { frames++; return nil }, func(Problem) { problems++ })
	require.NoError(t, err)
	assert.Equal(t, 10, frames)
	assert.Equal(t, 1, problems)
}

func TestReadingStopsWithTheErrorOfTheCaller(t *testing.T) {
	f, err := OpenFile(timedFile(t))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Unlock(t.Context(), ids(t)))
	stop := errors.New("enough")
	for _, when := range []Between{{}, {From: at(1)}} {
		calls := 0
		_, err = f.Read(when, func(Frame) error { calls++; return stop }, func(p Problem) { t.Error(p) })
		require.ErrorIs(t, err, stop)
		assert.Equal(t, 1, calls)
	}
}

func TestALockedFileIsNotRead(t *testing.T) {
	path := timedFile(t)
	f, err := OpenFile(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Read(Between{}, nil, nil)
	require.ErrorContains(t, err, path+": it is locked")
	require.ErrorContains(t, f.Rewrap(t.Context(), nil, nil), path+": it is locked")
}

func TestAFileOfAnotherRecipientNamesWhoseItIs(t *testing.T) {
	path := timedFile(t)
	f, err := OpenFile(path)
	require.NoError(t, err)
	defer f.Close()
	err = f.Unlock(t.Context(), []seal.Identity{kekOf(t, 8)})
	require.ErrorIs(t, err, seal.ErrOtherRecipient)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "it is for "+newKEK(t).String()+"; the keys given are "+kekOf(t, 8).String())
	r := VerifyFile(t.Context(), path, nil)
	require.Len(t, r.Problems, 1)
	assert.Contains(t, r.Problems[0].Text, "the keys given are none")
}

func TestWhatIsNoArchiveFileIsRefused(t *testing.T) {
	genuine, err := os.ReadFile(timedFile(t))
	require.NoError(t, err)
	change := func(at int, b ...byte) []byte { c := slices.Clone(genuine); copy(c[at:], b); return c }
	for _, tt := range []struct {
		name    string
		content []byte
		says    string
	}{
		{"empty", nil, "ends within its header"},
		{"half a magic", magic[:5], "ends within its header"},
		{"something else", []byte("PK\x03\x04 and so on"), "it does not begin with SEALGATE"},
		{"of the future", change(offVersion, 0, 2), "format version 2; this version of Sealgate reads up to 1: use a newer sealctl"},
		{"of no version", change(offVersion, 0, 0), "format version 0 does not exist"},
		{"of no signal", change(offSignal, 9), "there is no signal 9"},
		{"of no encoding", change(offEncoding, 9), "there is no encoding 9"},
		{"of no compression", change(offCompression, 9), "there is no compression 9"},
		{"with a huge header", change(fixedSize, 0xff, 0xff, 0xff, 0xff), "it claims 4294967295 bytes"},
		{"with a header larger than the file", change(fixedSize, 0, 0x1f, 0xff, 0xff), "ends within its header"},
		{"with no header", change(fixedSize, 0, 0, 0, 0), "it claims 0 bytes"},
		{"without recipients", change(fixedSize+4, 0), "the list of recipients is empty"},
		{"with too few recipients", change(fixedSize+4, 2), "the list of recipients is cut short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.sealed")
			require.NoError(t, os.WriteFile(path, tt.content, 0o600))
			_, err := OpenFile(path)
			require.ErrorContains(t, err, path+": ")
			require.ErrorContains(t, err, tt.says)
		})
	}
	_, err = OpenFile(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	dir := t.TempDir()
	_, err = OpenFile(dir)
	require.ErrorContains(t, err, dir+": it is not a regular file")
	_, err = VerifyDir(t.Context(), filepath.Join(dir, "missing"), nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestProgressIsToldOfEveryFile(t *testing.T) {
	dir := t.TempDir()
	paths := chain(t, dir, 3)
	var told []string
	_, err := VerifyDir(t.Context(), dir, ids(t), func(path string, i, n int) {
		assert.Equal(t, len(told), i)
		assert.Equal(t, 3, n)
		told = append(told, path)
	})
	require.NoError(t, err)
	assert.Equal(t, paths, told)
}

func TestAnIndexIsDecodedAsItWasEncoded(t *testing.T) {
	for _, entries := range [][]entry{
		nil,
		{{0, 1, 5, 5}},
		{{0, 1, 100, 200}, {77, 0, 1, 0}, {1 << 40, 3, 50, 60}},
		{{0, math.MaxUint64, 0, math.MaxUint64}, {math.MaxUint64, 1, math.MaxUint64, 0}, {3, 2, 9, 9}},
	} {
		x := &index{items: 9, plain: 1 << 50, entries: entries}
		got, err := decodeIndex(x.encode(), 3)
		require.NoError(t, err)
		assert.Equal(t, x.items, got.items)
		assert.Equal(t, x.plain, got.plain)
		assert.ElementsMatch(t, entries, got.entries)
	}
}

func TestAnIndexThatCannotBeIsRefused(t *testing.T) {
	x := &index{items: 2, entries: []entry{{0, 1, 5, 6}, {77, 1, 7, 8}}}
	b := x.encode()
	for n := range b {
		_, err := decodeIndex(b[:n], 2)
		require.ErrorIs(t, err, errIndex)
	}
	_, err := decodeIndex(append(slices.Clone(b), 0), 2)
	require.ErrorIs(t, err, errIndex)
	_, err = decodeIndex(b, 1)
	require.ErrorIs(t, err, errIndex, "the file has no room for so many frames")
	other := slices.Clone(b)
	other[3]-- // the time range begins earlier
	_, err = decodeIndex(other, 2)
	require.ErrorContains(t, err, "its time range is not that of its frames")
}

// A writer that lies is authentic all the same: anyone with a public key can be one.
// These files are sealed as they should be, and have in them what they should not.
func TestAnAuthenticFileThatLiesIsReported(t *testing.T) {
	zip := func(b []byte) []byte { return encoder(t).EncodeAll(b, nil) }
	data := func(w *fileWriter, index uint64, plain int, b []byte) []byte {
		return appendFrame(nil, w.keys, frame{kind: dataFrame, index: index, file: w.tag(), plain: uint32(plain)}, b)
	}
	end := func(w *fileWriter, n, index uint64, content []byte) []byte {
		b := appendFrame(nil, w.keys, frame{kind: finalFrame, index: index, file: w.tag(), plain: uint32(len(content))}, zip(content))
		return appendTrailer(b, n)
	}
	bomb := zip(make([]byte, MaxFrame+1))
	for _, tt := range []struct {
		name, says string
		body       func(w *fileWriter) []byte
	}{
		{"not zstd", "cannot be decompressed", func(w *fileWriter) []byte { return data(w, 0, 5, []byte("hello")) }},
		{"of another length", "cannot be decompressed", func(w *fileWriter) []byte { return data(w, 0, 4, zip([]byte("hello"))) }},
		{"larger than a frame", "cannot be decompressed", func(w *fileWriter) []byte { return data(w, 0, MaxFrame, bomb) }},
		{"last index", "are missing or out of order before frame 18446744073709551615", func(w *fileWriter) []byte { return data(w, math.MaxUint64, 5, zip([]byte("hello"))) }},
		{"index that is none", "index of the final frame is damaged", func(w *fileWriter) []byte { return end(w, 0, 0, []byte("hello")) }},
		{"index of billions", "index of the final frame is damaged", func(w *fileWriter) []byte {
			return end(w, 0, 0, append(binary.AppendUvarint(nil, 10_000_000), make([]byte, 50_000_000)...))
		}},
		{"index of a frame that is not there", "its index 1 entry", func(w *fileWriter) []byte {
			x := &index{entries: []entry{{offset: math.MaxUint64, from: 1}}}
			return end(w, 0, 0, x.encode())
		}},
		{"index with another place", "the index of the final frame is not that of the frames before it", func(w *fileWriter) []byte {
			x := &index{plain: 5, entries: []entry{{offset: 1, from: 1, to: 2}}}
			d := data(w, 0, 5, zip([]byte("hello")))
			return append(d, end(w, uint64(len(d)), 1, x.encode())...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := forge(t, tt.body)
			r := VerifyFile(t.Context(), path, ids(t))
			require.NotEmpty(t, r.Problems)
			assert.Contains(t, fmt.Sprint(r.Problems), tt.says)

			f, err := OpenFile(path)
			require.NoError(t, err)
			defer f.Close()
			require.NoError(t, f.Unlock(t.Context(), ids(t)))
			_, err = f.Read(Between{From: at(0)}, func(Frame) error { return nil }, func(Problem) {})
			require.NoError(t, err)
		})
	}
}

func encoder(t testing.TB) *zstd.Encoder {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
	require.NoError(t, err)
	return enc
}

// forge writes a file with a genuine header and whatever body.
func forge(t testing.TB, body func(w *fileWriter) []byte) string {
	t.Helper()
	o := Options{Dir: t.TempDir(), Signal: Traces}
	require.NoError(t, o.setDefaults())
	w, err := newFile(&o, newKeeper(t, newKEK(t)).Current(), Header{Created: goldenTime, Sequence: 1})
	require.NoError(t, err)
	require.NoError(t, w.write(body(w)))
	require.NoError(t, w.f.Close())
	return w.path
}

func unlocked(t testing.TB, path string, identities ...seal.Identity) *File {
	t.Helper()
	f, err := OpenFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	require.NoError(t, f.Unlock(t.Context(), identities))
	return f
}

func TestRewrappingAddsAndRemovesRecipientsAndKeepsFramesAndChain(t *testing.T) {
	dir := t.TempDir()
	paths := chain(t, dir, 3)
	old, added := newKEK(t), kekOf(t, 8)
	before, err := os.ReadFile(paths[1])
	require.NoError(t, err)
	frames := before[unlocked(t, paths[1], old).start():]
	require.NoError(t, os.Chmod(paths[1], 0o604))

	require.NoError(t, unlocked(t, paths[1], old).Rewrap(t.Context(), []seal.Recipient{added, old}, nil))
	both := unlocked(t, paths[1], added)
	assert.Len(t, both.Header().Wrapped, 2, "who is a recipient already is not added again")
	requireClean(t, dir, "0", "1", "2")

	require.NoError(t, unlocked(t, paths[1], old).Rewrap(t.Context(), nil, []string{old.String()}))
	f := unlocked(t, paths[1], added)
	require.ErrorIs(t, f.Unlock(t.Context(), []seal.Identity{old}), seal.ErrOtherRecipient)
	after, err := os.ReadFile(paths[1])
	require.NoError(t, err)
	assert.Equal(t, frames, after[f.start():])
	info, err := os.Stat(paths[1])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o604), info.Mode().Perm())
	r, err := VerifyDir(t.Context(), dir, []seal.Identity{old, added}, nil)
	require.NoError(t, err)
	assert.Empty(t, r.Problems)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		assert.NotContains(t, e.Name(), ".sealed.", "there is no litter")
	}
}

func TestRewrappingReplacesOneRecipientByAnother(t *testing.T) {
	path := chain(t, t.TempDir(), 1)[0]
	require.NoError(t, unlocked(t, path, newKEK(t)).Rewrap(t.Context(), []seal.Recipient{kekOf(t, 8)}, []string{newKEK(t).String()}))
	r := VerifyFile(t.Context(), path, []seal.Identity{kekOf(t, 8)})
	assert.Empty(t, r.Problems)
}

func TestRewrappingIsRefusedWhereItWouldDoHarm(t *testing.T) {
	path := chain(t, t.TempDir(), 1)[0]
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	kek := newKEK(t)
	err = unlocked(t, path, kek).Rewrap(t.Context(), nil, []string{kek.String()})
	require.ErrorContains(t, err, path+": no recipient would be left")
	err = unlocked(t, path, kek).Rewrap(t.Context(), nil, []string{"sm4:0000000000000000"})
	require.ErrorContains(t, err, "sm4:0000000000000000 is not one of its recipients")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(before, after))
}

func TestAFileThatIsBeingWrittenIsNotRewrapped(t *testing.T) {
	a := open(t, Options{})
	add(t, a, "0")
	path := files(t, a.Path())[0]
	f := unlocked(t, path, newKEK(t))
	require.ErrorContains(t, f.Rewrap(t.Context(), []seal.Recipient{kekOf(t, 8)}, nil), "it is being written")
	add(t, a, "1")
	closeNow(t, a)
	require.ErrorContains(t, f.Rewrap(t.Context(), []seal.Recipient{kekOf(t, 8)}, nil), "it is being written", "it was, when it was opened, and has grown since")
	requireClean(t, a.Path(), "0", "1")
}
