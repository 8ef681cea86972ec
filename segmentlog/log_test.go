// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A call that fails, whichever it is, changes nothing that was acknowledged. A batch that
// fails is not there, and what comes later is.
func TestAFailureOfAnyCallLosesNothing(t *testing.T) {
	for name, o := range variants {
		for _, failure := range []error{syscall.ENOSPC, syscall.EIO} {
			t.Run(fmt.Sprint(name, ", ", failure), func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					ended := false
					synctest.Test(t, func(t *testing.T) { ended = failAt(t, o, n, failure) })
					if ended {
						require.Greater(t, n, 50)
						return
					}
				}
			})
		}
	}
}

// failAt does some work in which call n and the two behind it fail. It tells whether there were fewer calls.
func failAt(t *testing.T, o Options, n int, failure error) (ended bool) {
	fs := newMemFS()
	calls := 0
	fs.fail = func(call, _ string) error {
		if calls++; calls > n && calls <= n+3 && call != "list" {
			return failure
		}
		return nil
	}
	o.FS, o.minSegment = fs, 2<<10
	l, err := Open("folder", o)
	require.NoError(t, err)
	l.Reserve()
	w := newWork(3)
	failed := map[string]bool{} // keys of batches that failed
	for i := range 40 {
		ops, after := w.batch()
		for j := range ops {
			ops[j].Value = ops[j].Value[:min(len(ops[j].Value), 900)]
			if ops[j].Kind == Put {
				after[ops[j].Key] = string(ops[j].Value)
			}
		}
		if moves := slices.ContainsFunc(ops, func(op Op) bool { return op.Kind == Move }); i%2 == 0 && !moves {
			require.NoError(t, l.Note(ops...))
			w.state = after
		} else if err := l.Commit(ops...); err == nil {
			w.state = after
		} else {
			require.ErrorIs(t, err, failure)
			for _, op := range ops {
				failed[op.Key] = true
			}
		}
		if i%7 == 0 {
			time.Sleep(Patience)
		}
	}
	err = failure
	for try := 0; err != nil && try < 5; try++ { // it may be the one that fails
		time.Sleep(Patience)
		err = l.Commit(Op{Put, "last", []byte("1")})
	}
	require.NoError(t, err, "call %d", n)
	fs.fail = nil
	w.state["last"] = "1"
	require.Equal(t, w.state, contents(t, l), "call %d", n)
	require.NoError(t, l.Close())
	l, err = Open("folder", o)
	require.NoError(t, err)
	got := contents(t, l)
	for key := range failed {
		if o.Fsync && key != "place" { // it may be written, but neither synced nor taken back
			delete(got, key)
			delete(w.state, key)
		}
	}
	require.Equal(t, keysOf(w.state), keysOf(got), "after a restart, call %d", n)
	require.NoError(t, l.Close())
	return calls <= n
}

// The disk is full at every size that it can have. Notes are taken all the same.
func TestADiskOfAnySizeLosesNothing(t *testing.T) {
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			for room := int64(1); room < 12<<10; room += 97 {
				synctest.Test(t, func(t *testing.T) {
					fs := newMemFS()
					fs.room = room
					o.minSegment = 2 << 10
					l := openOn(t, fs, o)
					l.Reserve()
					want := map[string]string{}
					for i := range 12 {
						key, value := fmt.Sprint(i), strings.Repeat("v", 700)
						if l.Commit(Op{Put, "place", []byte(key)}, Op{Put, key, []byte(value)}) == nil {
							want["place"], want[key] = key, value
						}
					}
					for _, key := range slices.Sorted(maps.Keys(want)) {
						if key != "place" {
							require.NoError(t, l.Note(Op{Put, "place", []byte("after")}, Op{Kind: Delete, Key: key}))
							want["place"] = "after"
							delete(want, key)
						}
						require.Equal(t, want, contents(t, l))
					}
					fs.room = 0
					time.Sleep(Patience)
					require.NoError(t, l.Close())
					l = openOn(t, fs, o)
					require.Equal(t, want, contents(t, l))
					require.NoError(t, l.Close())
				})
			}
		})
	}
}

// Dead bytes never outweigh live ones by more than a few segments, whatever stays for long.
func TestDeadBytesAreBounded(t *testing.T) {
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			l := openOn(t, newMemFS(), o)
			require.NoError(t, l.Commit(Op{Put, "0", make([]byte, 1000)})) // stays for ever
			for i := 1; i < 2000; i++ {
				require.NoError(t, l.Commit(Op{Put, "place", []byte(fmt.Sprint(i))}, Op{Put, fmt.Sprint(i), make([]byte, 500)}))
				if i > 20 {
					require.NoError(t, l.Note(Op{Kind: Delete, Key: fmt.Sprint(i - 20)}))
				}
				s := l.Stats()
				require.LessOrEqual(t, s.Bytes, 2*s.Live+(slack+2)*testSegment)
			}
			value, err := l.Get("0")
			require.NoError(t, err)
			require.Len(t, value, 1000)
			require.NoError(t, l.Close())
		})
	}
}

// A file that is lost costs a small part of what waits, and notes do not make files.
func TestALostFileCostsASmallPart(t *testing.T) {
	for _, size := range []int{100, 1 << 10, 30 << 10, 300 << 10} {
		fs := newMemFS()
		l := openOn(t, fs, Options{minSegment: minSegment})
		const n = 200
		for i := range n {
			require.NoError(t, l.Commit(Op{Put, "place", []byte("1")}, Op{Put, fmt.Sprint(i), make([]byte, size)}))
			require.NoError(t, l.Note(Op{Put, "place", []byte("2")}))
		}
		for _, s := range l.segments {
			assert.LessOrEqual(t, s.live, max(minLive, int64(n*size/64))+2*int64(size+100))
		}
		assert.LessOrEqual(t, len(l.segments), n)
		require.NoError(t, l.Close())
	}
}

// A process that starts again and again does not pile up files.
func TestFilesOfManyStartsAreBounded(t *testing.T) {
	fs := newMemFS()
	for i := range 200 {
		l := openOn(t, fs, Options{})
		if i == 0 {
			require.NoError(t, l.Commit(Op{Put, "0", make([]byte, smallLog)}))
		}
		require.NoError(t, l.Note(Op{Put, "place", []byte(fmt.Sprint(i))}))
		require.NoError(t, l.Close())
		require.LessOrEqual(t, len(fs.names), 2*manyFiles+2*smallLog/testSegment)
	}
}

func TestShrinkLeavesNothingOfDeletedValues(t *testing.T) {
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			fs := newMemFS()
			l := openOn(t, fs, o)
			secret := bytes.Repeat([]byte("secret "), 100)
			require.NoError(t, l.Commit(Op{Put, "place", []byte("1")}, Op{Put, "1", secret}))
			require.NoError(t, l.Note(Op{Put, "place", []byte("2")}, Op{Kind: Delete, Key: "1"}))
			require.NoError(t, l.Shrink())
			for name, f := range fs.names {
				assert.NotContains(t, string(f.data), "secret", name)
			}
			assert.Equal(t, map[string]string{"place": "2"}, contents(t, l))
			require.NoError(t, l.Close())
		})
	}
}

// The data key of a segment is gone before its file is.
func TestTheKeyOfARemovedSegmentIsOverwritten(t *testing.T) {
	fs := newMemFS()
	fs.record = true
	l := openOn(t, fs, Options{Cipher: testCipher{}})
	require.NoError(t, l.Commit(Op{Put, "1", make([]byte, 2000)}))
	name := l.segments[0].name
	file := fs.names[name]
	wrapped, _, err := parseSegmentHeader(file.data, l.segments[0].marker)
	require.NoError(t, err)
	require.NoError(t, l.Note(Op{Kind: Delete, Key: "1"}))
	require.NoError(t, l.Shrink())
	assert.NotContains(t, fs.names, name)
	assert.NotContains(t, string(file.data), string(wrapped))
	require.NoError(t, l.Close())
}

// countingCipher notes all nonces of each key.
type countingCipher struct {
	testCipher
	used map[string]bool
	keys *int
}

func (c countingCipher) NewKey() (cipher.AEAD, []byte, error) {
	aead, wrapped, err := c.testCipher.NewKey()
	*c.keys++
	return countingAEAD{aead, c.used, fmt.Sprint(*c.keys)}, wrapped, err
}

type countingAEAD struct {
	cipher.AEAD
	used map[string]bool
	key  string
}

func (a countingAEAD) Seal(dst, nonce, plaintext, data []byte) []byte {
	id := a.key + string(nonce)
	if a.used[id] {
		panic("a nonce is used twice")
	}
	a.used[id] = true
	return a.AEAD.Seal(dst, nonce, plaintext, data)
}

func TestNoNonceIsUsedTwice(t *testing.T) {
	keys := 0
	o := Options{Cipher: countingCipher{used: map[string]bool{}, keys: &keys}}
	fs := newMemFS()
	failing := 0
	fs.fail = func(call, _ string) error {
		if failing++; call == "write" && failing%5 == 0 {
			return syscall.ENOSPC
		}
		return nil
	}
	for range 3 {
		l := openOn(t, fs, o)
		w := newWork(5)
		for range 60 {
			ops, _ := w.batch()
			_ = l.Commit(ops...)
			_ = l.Note(ops[0])
		}
		_ = l.Close()
	}
	assert.Greater(t, keys, 3)
}

// On a full disk no key is made for each try.
func TestAKeyIsMadeOnceForAFullDisk(t *testing.T) {
	keys := 0
	fs := newMemFS()
	l := openOn(t, fs, Options{Cipher: countingCipher{used: map[string]bool{}, keys: &keys}})
	fs.fail = func(call, _ string) error {
		if call == "write" {
			return syscall.ENOSPC
		}
		return nil
	}
	for range 10 {
		require.ErrorIs(t, l.Commit(Op{Put, "1", nil}), syscall.ENOSPC)
	}
	fs.fail = nil
	require.NoError(t, l.Commit(Op{Put, "1", nil}))
	assert.Equal(t, 1, keys)
	require.NoError(t, l.Close())
}

// A key that cannot be had keeps the log in its last segment.
func TestWithoutANewKeyTheLastSegmentIsUsed(t *testing.T) {
	c := &failingCipher{}
	l := openOn(t, newMemFS(), Options{Cipher: c})
	require.NoError(t, l.Commit(Op{Put, "1", make([]byte, testSegment)}))
	c.err = errors.New("the HSM is away")
	require.NoError(t, l.Commit(Op{Put, "2", make([]byte, testSegment)}))
	assert.Len(t, l.segments, 1)
	c.err = nil
	require.NoError(t, l.Commit(Op{Put, "3", make([]byte, testSegment)}))
	assert.Len(t, l.segments, 2)
	require.NoError(t, l.Close())
}

type failingCipher struct {
	testCipher
	err error
}

func (c *failingCipher) NewKey() (cipher.AEAD, []byte, error) {
	aead, wrapped, err := c.testCipher.NewKey()
	return aead, wrapped, errors.Join(err, c.err)
}

func TestASegmentThatCannotBeReadStaysBehind(t *testing.T) {
	fs := newMemFS()
	l := openOn(t, fs, Options{})
	require.NoError(t, l.Commit(Op{Put, "1", make([]byte, testSegment)}))
	require.NoError(t, l.Commit(Op{Put, "2", make([]byte, testSegment)}))
	bad := l.segments[0].name
	require.NoError(t, l.Close())
	fs.fail = func(call, name string) error {
		if call == "read" && name == bad {
			return syscall.EIO
		}
		return nil
	}
	var damages []*Damage
	l = openOn(t, fs, Options{OnDamage: func(d *Damage) { damages = append(damages, d) }})
	require.Len(t, damages, 1)
	assert.Zero(t, l.Missing(), "it may come back")
	assert.Equal(t, filepath.Join("folder", bad), damages[0].File)
	assert.ErrorIs(t, damages[0], syscall.EIO)
	assert.Equal(t, []string{"2:8192"}, keysOf(contents(t, l)))
	assert.Equal(t, 1, l.Stats().Left)
	require.NoError(t, l.Note(Op{Kind: Delete, Key: "2"}))
	require.NoError(t, l.Close())
	require.Contains(t, fs.names, bad)

	fs.fail = nil
	l = openOn(t, fs, Options{})
	assert.Equal(t, []string{"1:8192"}, keysOf(contents(t, l)))
	require.NoError(t, l.Close())
}

func TestOnlyOneLogHasAFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := Open(dir, Options{})
	require.NoError(t, err)
	_, err = Open(dir, Options{LockPatience: time.Millisecond})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, dir)
	time.AfterFunc(50*time.Millisecond, func() { assert.NoError(t, first.Close()) })
	l, err := Open(dir, Options{LockPatience: time.Minute})
	require.NoError(t, err, "it waits for the other")
	require.NoError(t, l.Close())
}

func TestAClosedLogSaysSo(t *testing.T) {
	l := openOn(t, newMemFS(), Options{})
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Commit(Op{Put, "1", nil}), ErrClosed)
	require.ErrorIs(t, l.Note(Op{Put, "1", nil}), ErrClosed)
	_, err := l.Get("1")
	require.ErrorIs(t, err, ErrClosed)
}

func TestOperationsThatCannotBeStoredAreRefused(t *testing.T) {
	l := openOn(t, newMemFS(), Options{MaxBytes: 100})
	require.ErrorContains(t, l.Commit(Op{Put, strings.Repeat("k", maxKey+1), nil}), "a key has 65472 bytes")
	require.ErrorContains(t, l.Note(Op{Kind: 9}), "unknown kind of operation 9")
	require.ErrorIs(t, l.Commit(Op{Put, "1", make([]byte, 101)}), ErrFull)
	require.NoError(t, l.Commit(Op{Put, strings.Repeat("k", maxKey), make([]byte, 100)}))
	require.NoError(t, l.Close())
}

// A value that looks like a record is not read as one, even if the record before it is damaged.
func TestAValueCannotImitateARecord(t *testing.T) {
	fs := newMemFS()
	l := openOn(t, fs, Options{})
	require.NoError(t, l.Commit(Op{Put, "place", []byte("x")}))
	guess := codec{marker: 0x1122334455667788}
	forged, _, _ := guess.encode(nil, header{batch: 99, last: true}, &Op{Put, "forged", []byte("value")}, direct)
	require.NoError(t, l.Commit(Op{Put, "1", forged}))
	s := l.segments[0]
	first := int64(recordHeader + len("place") + 1)
	fs.names[s.name].data[s.start+first+20] ^= 1 // in the header of 1
	l = openOn(t, fs, Options{})
	assert.Equal(t, []string{"place:1"}, keysOf(contents(t, l)))
	require.NoError(t, l.Close())
}

func TestManySegmentsTakeFewOpenFiles(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, Options{minSegment: 1 << 10})
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, l.Commit(Op{Put, fmt.Sprint(i), make([]byte, 1<<10)}))
	}
	for i := range 100 {
		value, err := l.Get(fmt.Sprint(i * 37 % 100))
		require.NoError(t, err)
		require.Len(t, value, 1<<10)
		open := 0
		for _, s := range l.segments {
			if s.file != nil {
				open++
			}
		}
		require.LessOrEqual(t, open, openFiles+1)
	}
	require.NoError(t, l.Close())
}

// A million keys take some 40 bytes each, and nothing of their values.
func TestTheIndexIsSmall(t *testing.T) {
	x := newIndex()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 1 << 20
	for i := range n {
		x.set(fmt.Sprint(i), place{})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.HeapAlloc-before.HeapAlloc)/n, uint64(64))
	for i := range n {
		x.remove(fmt.Sprint(i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/n, uint64(4))
	runtime.KeepAlive(x)
}

func TestKeysThatAreAlmostNumbers(t *testing.T) {
	fs := newMemFS()
	l := openOn(t, fs, Options{})
	keys := []string{"0", "00", "01", "1", "+1", "-1", "1.0", "18446744073709551615", "18446744073709551616", "", "0x1", " 1"}
	for i, key := range keys {
		require.NoError(t, l.Commit(Op{Put, key, []byte{byte(i)}}))
	}
	require.NoError(t, l.Close())
	l = openOn(t, fs, Options{})
	for i, key := range keys {
		value, err := l.Get(key)
		require.NoError(t, err)
		require.Equal(t, []byte{byte(i)}, value, key)
	}
	require.NoError(t, l.Close())
}

func TestALogIsSafeForConcurrentUse(t *testing.T) {
	l, err := Open(t.TempDir(), Options{minSegment: 4 << 10})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 8 {
		key := fmt.Sprint(i)
		all.Go(func() {
			for range 50 {
				assert.NoError(t, l.Commit(Op{Put, key, make([]byte, 600)}))
				value, err := l.Get(key)
				assert.NoError(t, err)
				assert.Len(t, value, 600)
				assert.NoError(t, l.Note(Op{Kind: Delete, Key: key}))
				l.Stats()
				l.Each(func(string, int) {})
				_ = l.Shrink()
			}
		})
	}
	all.Wait()
	require.NoError(t, l.Close())
}

// Files that are not segments are left alone.
func TestOtherFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"note.txt", "0000000000000001-0000000000000002.segment.bak", "1-2.segment", "zz.sealed"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	l, err := Open(dir, Options{})
	require.NoError(t, err)
	require.NoError(t, l.Commit(Op{Put, "1", nil}))
	require.NoError(t, l.Close())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 8)
}
