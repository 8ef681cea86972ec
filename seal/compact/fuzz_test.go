// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecode reads records that may be anything as attributes, until an error or the
// end. It must neither panic nor take memory that the record does not justify.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{methodStored, 0, 1, 0x10})
	f.Add([]byte{methodDeflate, 0xff, 0xff})
	f.Add(record(func(e *Encoder) {
		for _, s := range strs {
			e.Key(KeyOf(s), s)
			e.Str(s[:min(len(s), 100)])
		}
		e.Key(KeyOf("http.route"), "http.route")
		e.Map(1)
		e.Key(TextKey, "x")
		e.List(2)
		e.Double(1.5)
		e.Int(-300)
		e.End()
	}))
	f.Fuzz(func(t *testing.T, rec []byte) {
		d, err := NewDecoder(rec)
		if err != nil {
			return
		}
		for range 2 * len(rec) {
			if _, ok, err := d.Key(); err != nil || !ok {
				break
			}
			if readValue(d, 0) != nil {
				return
			}
		}
		_ = d.Done()
	})
}

func readValue(d *Decoder, depth int) error {
	v, err := d.Value()
	if err != nil || depth > MaxDepth {
		return errFormat
	}
	for range v.Len {
		if v.Kind == KindMap {
			if _, _, err := d.Key(); err != nil {
				return err
			}
		}
		if err := readValue(d, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range strs {
		f.Add(s[:min(len(s), 200)], int64(len(s)), 1.5)
	}
	f.Add("-0", int64(math.MinInt64), math.Copysign(0, -1))
	f.Fuzz(func(t *testing.T, s string, n int64, v float64) {
		e := NewEncoder()
		for range 2 { // the second time after another record
			e.Reset()
			e.Key(KeyOf(s), s)
			e.Str(s)
			e.Str(s + s)
			e.Int(n)
			e.Double(v)
			e.BytesLen(len(s))
			for i := range len(s) {
				e.AppendByte(s[i])
			}
			d, err := NewDecoder(e.AppendRecord(nil))
			require.NoError(t, err)
			name, ok, err := d.Key()
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, s, name)
			for _, want := range []string{s, s + s} {
				got, err := d.Str()
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			i, err := d.Value()
			require.NoError(t, err)
			require.Equal(t, n, i.Int)
			x, err := d.Value()
			require.NoError(t, err)
			require.Equal(t, math.Float64bits(v), math.Float64bits(x.Double))
			b, err := d.Value()
			require.NoError(t, err)
			require.Equal(t, s, string(b.Bytes))
			require.NoError(t, d.Done())
		}
	})
}
