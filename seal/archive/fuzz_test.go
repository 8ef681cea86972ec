// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

func FuzzHeader(f *testing.F) {
	x := newTampered(f)
	f.Add(x.parts(0).header)
	f.Add(x.parts(0).header[:offMAC])
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Header
		if h.decode(b) != nil {
			return
		}
		require.NotEmpty(t, h.Wrapped)
		require.LessOrEqual(t, headerSize(h.Wrapped), len(b))
		require.NotEmpty(t, h.FileName())
	})
}

// FuzzFrames reads what follows a genuine header. Nothing comes out but what was
// sealed.
func FuzzFrames(f *testing.F) {
	x := newTampered(f)
	p, other := x.parts(0), x.parts(1)
	f.Add(p.with()[len(p.header):])
	f.Add(x.raw[0][len(p.header):])
	f.Add(slices.Concat(p.frames[0], p.frames[2], p.frames[1]))
	f.Add(slices.Concat(p.frames[0], other.frames[0], p.final))
	want := genuine(0)
	path := filepath.Join(f.TempDir(), "traces-x.sealed")
	f.Fuzz(func(t *testing.T, body []byte) {
		require.NoError(t, os.WriteFile(path, append(slices.Clone(p.header), body...), 0o600))
		file, err := OpenFile(path)
		require.NoError(t, err)
		defer file.Close()
		require.NoError(t, file.Unlock(t.Context(), x.ids))
		for _, when := range []Between{{}, {From: goldenTime}} {
			problems := 0
			_, err = file.Read(when, func(fr Frame) error {
				require.Less(t, fr.Index, uint64(len(want)))
				require.Equal(t, want[fr.Index], string(fr.Payload))
				return nil
			}, func(Problem) { problems++ })
			require.NoError(t, err)
			if when.all() {
				require.NotZero(t, problems, "it was renamed at least")
			}
		}
	})
}

// FuzzAuthenticFrames reads what a writer has sealed that does not keep to the
// format.
func FuzzAuthenticFrames(f *testing.F) {
	enc := encoder(f)
	x := &index{items: 1, plain: 5, entries: []entry{{0, 1, 5, 6}}}
	f.Add(byte(dataFrame), uint64(0), uint32(5), enc.EncodeAll([]byte("hello"), nil))
	f.Add(byte(finalFrame), uint64(0), uint32(len(x.encode())), enc.EncodeAll(x.encode(), nil))
	f.Add(byte(finalFrame), uint64(1), uint32(0), []byte{})
	kek := newKEK(f)
	dir, period := f.TempDir(), newKeeper(f, kek).Current()
	f.Fuzz(func(t *testing.T, kind byte, index uint64, plain uint32, compressed []byte) {
		o := Options{Dir: dir, Signal: Traces}
		require.NoError(t, o.setDefaults())
		w, err := newFile(&o, period, Header{Created: goldenTime, Sequence: 1})
		require.NoError(t, err)
		defer os.Remove(w.path)
		b := appendFrame(nil, w.keys, frame{kind: frameType(kind), index: index, file: w.tag(), plain: plain}, compressed)
		require.NoError(t, w.write(appendTrailer(b, 0)))
		require.NoError(t, w.f.Close())
		file, err := OpenFile(w.path)
		require.NoError(t, err)
		defer file.Close()
		require.NoError(t, file.Unlock(t.Context(), []seal.Identity{kek}))
		for _, when := range []Between{{}, {From: goldenTime}} {
			_, err = file.Read(when, func(Frame) error { return nil }, func(Problem) {})
			require.NoError(t, err)
		}
	})
}

func FuzzIndex(f *testing.F) {
	x := &index{items: 3, plain: 100, entries: []entry{{0, 1, 5, 6}, {77, 2, 1, 0}, {200, 0, 4, 9}}}
	f.Add(x.encode())
	f.Add((&index{}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := decodeIndex(b, 1000)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(x.entries), 1000)
		again, err := decodeIndex(x.encode(), 1000)
		require.NoError(t, err)
		require.Equal(t, x, again)
	})
}
