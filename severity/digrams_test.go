// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDigramsFindPairs(t *testing.T) {
	d := newDigrams(digram{"ab", "x"}, digram{"=", "12"})
	for text, want := range map[string]uint8{
		"": 0, "a": 0, "x": 0, "ax": 1, "bx": 1, "xa": 0, "=1": 2, "a = x, b": 0, "ax=2": 3,
		strings.Repeat(".", 100) + "bx": 1, "=1" + strings.Repeat(".", 100): 2,
		strings.Repeat(".", 31) + "ax" + strings.Repeat(".", 31): 1, // across the end of a vector
	} {
		assert.Equal(t, want, d.in(text), "%.40q", text)
	}
}

// TestDigramsOfVectorsAndBytes holds the vector instructions to the plain loop.
func TestDigramsOfVectorsAndBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := []byte(`5xiKeckfay: "=/.............................` + "\x00\x80\xff")
	for n := range 400 {
		text := make([]byte, n)
		for range 20 {
			for i := range text {
				text[i] = '.'
				if r.IntN(8) == 0 {
					text[i] = some[r.IntN(len(some))]
				}
			}
			require.Equal(t, outcomePairs.inBytes(string(text)), outcomePairs.in(string(text)), "%q", text)
		}
	}
}

// FuzzOutcomes holds the look at the pairs to a search for each outcome.
func FuzzOutcomes(f *testing.F) {
	for _, text := range []string{"took 5 ms status=503", "exited with code 1", "OOMKilled", "kernel panic - not syncing", "Out of memory: Killed process 7", "stack smashing"} {
		f.Add(text)
		f.Add(strings.Repeat(". ", 140) + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 4 {
			return
		}
		for _, level := range []uint8{0, numInfo} {
			var quick, whole Finder
			quick.offer(trust(level), level, "", Strong, JSON)
			whole.offer(trust(level), level, "", Strong, JSON)
			quick.outcomes(text)
			whole.outcomesOf(text, 0xff)
			assert.Equal(t, whole.Result(), quick.Result())
		}
	})
}

// FuzzEarly holds the short way to a level to the long one.
func FuzzEarly(f *testing.F) {
	rest := `,"msg":"order placed, exit status 1","took":512,"status":503,"v":{"level":"fatal"}}`
	for _, head := range []string{
		`{"level":"info"`, `{"ts":"2025-01-02T10:00:00Z","level":"WARN"`, `{"@t":"500","level":"trace"`, `{"a":{"level":"error"}`, `{"xlevel":"info"`,
		`{"time":1735812000503,"level":"eror"`, `{"level":"`, `{"level":30`, `{"level":"info`, `{"v":1,"level":"debug"`, `{"msg":"a,\"level\":\"error\""`,
	} {
		f.Add(head + rest)
	}
	f.Fuzz(func(t *testing.T, body string) {
		body = body[:min(len(body), MaxText)]
		var early, whole Finder
		early.Text(body)
		whole.text(body)
		assert.Equal(t, whole.Result(), early.Result())
	})
}
