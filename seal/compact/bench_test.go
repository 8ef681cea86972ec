// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"testing"

	"github.com/klauspost/compress/s2"
)

// BenchmarkText compares what compresses the text of spans, with one dictionary.
func BenchmarkText(b *testing.B) {
	texts := fleetTexts()
	e := NewEncoder()
	dict := s2.MakeDictManual([]byte(dictionary), uint16(len(dictionary)-64))
	var out []byte
	scratch := make([]byte, s2.MaxEncodedLen(1<<20))
	for _, bench := range []struct {
		name     string
		compress func(text string) int
	}{
		{"copy", func(text string) int {
			out = append(out[:0], text...)
			return len(out)
		}},
		{"own", func(text string) int {
			e.Reset()
			e.window = append(e.window, text...)
			out = e.appendText(out[:0])
			return len(out)
		}},
		{"s2", func(text string) int {
			out = append(out[:0], text...)
			return len(dict.Encode(scratch, out))
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			in, compressed := 0, 0
			b.ReportAllocs()
			for i := range b.N {
				in += len(texts[i%len(texts)])
				compressed += bench.compress(texts[i%len(texts)])
			}
			b.ReportMetric(float64(in)/float64(b.N), "B-in/op")
			b.ReportMetric(float64(compressed)/float64(b.N), "B-out/op")
		})
	}
}
