// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testSegment = 8 << 10

// testCipher has a key of AES in place of one of SM4, and wraps nothing.
type testCipher struct{}

func (testCipher) NewKey() (cipher.AEAD, []byte, error) {
	key := make([]byte, 16)
	_, _ = rand.Read(key)
	aead, err := testCipher{}.OpenKey(key)
	return aead, key, err
}

func (testCipher) OpenKey(wrapped []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(wrapped)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// variants are the ways to run a log that tests go through.
var variants = map[string]Options{
	"plain":            {},
	"fsync":            {Fsync: true},
	"encrypted":        {Cipher: testCipher{}},
	"encrypted, fsync": {Cipher: testCipher{}, Fsync: true},
}

func openOn(t testing.TB, fs *memFS, o Options) *Log {
	t.Helper()
	o.FS = fs
	if o.minSegment == 0 {
		o.minSegment = testSegment
	}
	l, err := Open("folder", o)
	require.NoError(t, err)
	return l
}

// contents returns all that a log has.
func contents(t testing.TB, l *Log) map[string]string {
	t.Helper()
	all := map[string]string{}
	var keys []string
	l.Each(func(key string, _ int) { keys = append(keys, key) })
	for key := range l.noteOf {
		keys = append(keys, key)
	}
	for _, key := range keys {
		value, err := l.Get(key)
		require.NoError(t, err, key)
		if value != nil {
			all[key] = string(value)
		}
	}
	return all
}

// work is what a queue does, and more: it stores, moves, removes and replaces values.
type work struct {
	random *mathrand.Rand
	state  map[string]string
	next   int
}

func newWork(seed uint64) *work {
	return &work{random: mathrand.New(mathrand.NewPCG(seed, 1)), state: map[string]string{}}
}

func (w *work) value() []byte {
	size := w.random.IntN(300)
	if w.random.IntN(4) == 0 {
		size = w.random.IntN(testSegment)
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(w.random.Uint32())
	}
	return b
}

// batch returns operations and the state after them.
func (w *work) batch() ([]Op, map[string]string) {
	after := maps.Clone(w.state)
	var ops []Op
	put := func(key string, value []byte) {
		ops = append(ops, Op{Put, key, value})
		after[key] = string(value)
	}
	put("place", fmt.Appendf(nil, "at %d", w.next))
	keys := slices.Sorted(maps.Keys(after))
	switch key := keys[w.random.IntN(len(keys))]; {
	case w.random.IntN(2) == 0 || key == "place":
		put(fmt.Sprint(w.next), w.value())
		w.next++
	case w.random.IntN(8) == 0:
		ops = append(ops, Op{Move, fmt.Sprint(w.next), []byte(key)})
		after[fmt.Sprint(w.next)] = after[key]
		delete(after, key)
		w.next++
	default:
		ops = append(ops, Op{Kind: Delete, Key: key})
		delete(after, key)
	}
	return ops, after
}

// recordWork does n batches and returns the calls that they made, with acknowledgements.
func recordWork(t testing.TB, o Options, seed uint64, n int) []event {
	t.Helper()
	fs := newMemFS()
	fs.record = true
	l := openOn(t, fs, o)
	l.Reserve()
	w := newWork(seed)
	for i := range n {
		ops, after := w.batch()
		if i%3 == 0 {
			require.NoError(t, l.Note(ops...))
		} else {
			require.NoError(t, l.Commit(ops...))
		}
		w.state = after
		fs.did(event{call: "ack", ack: after})
		if i == n-10 {
			require.NoError(t, l.takeReserve())
		}
	}
	require.NoError(t, l.Close())
	fs.did(event{call: "ack", ack: w.state})
	return fs.events
}

// A crash at any call, and in the middle of any write, leaves what was acknowledged. What was
// being done is there as a whole or not at all.
func TestACrashAtAnyCallLosesNothing(t *testing.T) {
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			losses := []lost{{}}
			if o.Fsync {
				losses = []lost{{}, {data: true, names: true}, {data: true}, {names: true}}
			}
			events := recordWork(t, o, 1, 60)
			require.Positive(t, countOf(events, "remove"))
			require.Equal(t, 1, countOf(events, "rename"))
			for _, l := range losses {
				crashAtEach(t, o, events, l)
			}
		})
	}
}

func countOf(events []event, call string) (n int) {
	for _, e := range events {
		if e.call == call {
			n++
		}
	}
	return n
}

func crashAtEach(t *testing.T, o Options, events []event, l lost) {
	t.Helper()
	d := newDisk()
	before := map[string]string{}
	for i, e := range events {
		after := before
		for _, later := range events[i:] {
			if later.call == "ack" {
				after = later.ack
				break
			}
		}
		requireOneOf(t, d.after(l, nil), o, before, after, "before call %d, %s", i, e.call)
		if e.call == "write" && l == (lost{}) {
			for n := range e.data {
				if n > 120 && n < len(e.data)-120 && n%211 != 0 {
					continue // nothing else is in the middle of a value
				}
				torn := e
				torn.data = e.data[:n]
				requireOneOf(t, d.after(l, &torn), o, before, after, "at byte %d of call %d", n, i)
			}
		}
		d.do(e)
		if e.call == "ack" {
			before = e.ack
		}
	}
	requireOneOf(t, d.after(l, nil), o, before, before, "at the end")
}

func requireOneOf(t *testing.T, fs *memFS, o Options, before, after map[string]string, format string, args ...any) {
	t.Helper()
	o.OnDamage = func(d *Damage) { t.Errorf("%v, "+format, append([]any{d}, args...)...) }
	l := openOn(t, fs, o)
	require.Zero(t, l.Missing())
	if got := contents(t, l); !maps.Equal(got, before) && !maps.Equal(got, after) {
		t.Fatalf(format+": has %v, and not %v or %v", append(args, keysOf(got), keysOf(before), keysOf(after))...)
	}
	require.NoError(t, l.Commit(Op{Put, "later", []byte("value")}))
	require.NoError(t, l.Close())
}

func keysOf(m map[string]string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%s:%d", key, len(m[key])))
	}
	return all
}

// A byte that changes costs the one record that it is in.
func TestADamagedByteCostsOneRecord(t *testing.T) {
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			fs := newMemFS()
			l := openOn(t, fs, o)
			w := newWork(7)
			history := map[string]map[string]bool{} // all values that keys had
			for range 60 {
				ops, after := w.batch()
				require.NoError(t, l.Commit(ops...))
				for key, value := range after {
					if history[key] == nil {
						history[key] = map[string]bool{}
					}
					history[key][value] = true
				}
				w.state = after
			}
			files := l.segments
			for _, s := range files {
				for off := range s.size {
					if len(files) > 1 && s != files[len(files)-1] && off%7 != 0 {
						continue
					}
					hurt := fs.clone()
					hurt.names[s.name].data[off] ^= 0x55
					requireOneLost(t, hurt, o, w.state, history, fmt.Sprintf("byte %d of %s", off, s.name))
				}
			}
		})
	}
}

func requireOneLost(t *testing.T, fs *memFS, o Options, want map[string]string, history map[string]map[string]bool, where string) {
	t.Helper()
	damages := 0
	o.OnDamage = func(*Damage) { damages++ }
	l := openOn(t, fs, o)
	wrong := 0
	keys := maps.Clone(want)
	l.Each(func(key string, _ int) { keys[key] = "" })
	for key := range keys {
		value, err := l.Get(key)
		wanted, ok := want[key]
		switch {
		case err != nil:
			var d *Damage
			require.ErrorAs(t, err, &d, where)
			damages++
			wrong++
		case value == nil && ok, value != nil && !ok, string(value) != wanted:
			wrong++
			require.True(t, value == nil || history[key][string(value)], "%s: key %s has a value that it never had", where, key)
		}
	}
	require.LessOrEqual(t, wrong, 2, where) // a move has two keys
	require.LessOrEqual(t, damages, 1, where)
	require.True(t, wrong == 0 || damages == 1, "%s: %d are wrong, unsaid", where, wrong)
	require.NoError(t, l.Close())
}

// Whatever is in a segment, a log opens and never shows a value that is not as it was written.
func FuzzOpen(f *testing.F) {
	fs := newMemFS()
	l := openOn(f, fs, Options{})
	require.NoError(f, l.Commit(Op{Put, "1", []byte("one")}, Op{Put, "place", []byte("x")}))
	require.NoError(f, l.Commit(Op{Move, "2", []byte("1")}, Op{Kind: Delete, Key: "place"}))
	name := l.segments[0].name
	whole := bytes.Clone(fs.names[name].data)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(append(bytes.Clone(whole), whole...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, sealed := range []bool{false, true} {
			fs := newMemFS()
			s, _ := parseName(name)
			as := segmentName(s.id, s.marker, sealed)
			fs.names[as] = &memFile{fs: fs, name: as, data: data}
			l, err := Open("folder", Options{FS: fs, Cipher: testCipher{}})
			if err != nil {
				require.True(t, sealed)
				continue
			}
			var keys []string
			l.Each(func(key string, _ int) { keys = append(keys, key) })
			for _, key := range keys {
				_, _ = l.Get(key)
			}
			assert.NoError(t, l.Commit(Op{Put, "new", []byte("value")}))
			value, err := l.Get("new")
			assert.NoError(t, err)
			assert.Equal(t, "value", string(value))
		}
	})
}
