// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRatios prints what the columns cost beside what a plain program would pay: the least of many short rounds, taken in
// turn, because the mean of one long run says more about the neighbours of a virtual machine.
func TestRatios(t *testing.T) {
	if os.Getenv("SEALGATE_RATIOS") == "" {
		t.Skip("SEALGATE_RATIOS is not set")
	}
	ls := lines()
	type way struct {
		name string
		f    func(string)
	}
	ways := []way{{"Hash", func(s string) { sink += Hash(s) }}, {"plain masker", func(s string) { sink += fnvMask(s) }}}
	m := new(Masker)
	ways = append(ways, way{"Masker.ID", func(s string) { sink += m.ID(s) }})
	for _, count := range []int{2, 10, 50, 256} {
		needles := typical(count)
		n := mustNeedles(t, needles...)
		ways = append(ways, way{fmt.Sprintf("Needles %d", count), func(s string) {
			var h Hits
			n.Match(s, &h)
			sink += h[0]
		}}, way{fmt.Sprintf("strings.Contains %d", count), func(s string) {
			for i := range needles {
				if strings.Contains(s, needles[i].Text) {
					sink++
				}
			}
		}})
	}
	least := make([]time.Duration, len(ways))
	for range 40 {
		for i, w := range ways {
			from := time.Now()
			for _, l := range ls {
				w.f(l)
			}
			if d := time.Since(from); least[i] == 0 || d < least[i] {
				least[i] = d
			}
		}
	}
	for i, w := range ways {
		t.Logf("%-22s %7.1f ns a line of %d bytes", w.name, float64(least[i].Nanoseconds())/float64(len(ls)), mean(ls))
	}
}
