// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// naive judges a needle by the definition, byte by byte.
func naive(n Needle, body string) bool {
	text := n.Text
	if n.Fold {
		text, body = lowerASCII(text), lowerASCII(body)
	}
	if !n.Glob {
		switch {
		case n.Start && n.End:
			return body == text
		case n.Start:
			return strings.HasPrefix(body, text)
		case n.End:
			return strings.HasSuffix(body, text)
		}
		return strings.Contains(body, text)
	}
	if !n.Start {
		text = "*" + text
	}
	if !n.End {
		text += "*"
	}
	return glob(text, body)
}

// glob matches a whole string against a pattern, by the table of all their prefixes.
func glob(pattern, s string) bool {
	row := make([]bool, len(s)+1)
	row[0] = true
	for _, c := range []byte(pattern) {
		next := make([]bool, len(s)+1)
		for j := range next {
			if c == '*' {
				next[j] = row[j] || j > 0 && next[j-1]
			} else {
				next[j] = j > 0 && row[j-1] && s[j-1] == c
			}
		}
		row = next
	}
	return row[len(s)]
}

func mustNeedles(t testing.TB, needles ...Needle) *Needles {
	n, err := NewNeedles(needles)
	require.NoError(t, err)
	return n
}

func assertAsNaive(t *testing.T, needles []Needle, bodies ...string) {
	t.Helper()
	n := mustNeedles(t, needles...)
	for _, body := range bodies {
		hits := Hits{1, 2, 3, 4}
		n.Match(body, &hits)
		for i, needle := range needles {
			if want := naive(needle, body); want != hits.Has(i) {
				require.Failf(t, "differs from the definition", "%+v of %d in %.200q: want %v", needle, len(needles), body, want)
			}
		}
		for i := len(needles); i < MaxNeedles; i++ {
			require.False(t, hits.Has(i))
		}
	}
}

func TestPatternForms(t *testing.T) {
	for _, c := range []struct {
		n    Needle
		body string
		want bool
	}{
		{Needle{Text: "DEBUG"}, "a DEBUG b", true},
		{Needle{Text: "DEBUG"}, "a debug b", false},
		{Needle{Text: "DEBUG", Fold: true}, "a deBug b", true},
		{Needle{Text: "É", Fold: true}, "é", false},
		{Needle{Text: "a*b"}, "a b", false},
		{Needle{Text: "a*b"}, "xa*bx", true},
		{Needle{Text: "GET *healthz", Glob: true}, `"GET /x/healthz HTTP"`, true},
		{Needle{Text: "GET *healthz", Glob: true}, `/healthz GET`, false},
		{Needle{Text: "get *HEALTHZ", Glob: true, Fold: true}, `"GET /x/healthz HTTP"`, true},
		{Needle{Text: "ab*ba", Glob: true}, "aba", false},
		{Needle{Text: "ab*ba", Glob: true}, "abba", true},
		{Needle{Text: "ab*ba", Glob: true, Start: true, End: true}, "aba", false},
		{Needle{Text: "ab*ba", Glob: true, Start: true, End: true}, "abxba", true},
		{Needle{Text: "ab*", Glob: true, Start: true, End: true}, "abx", true},
		{Needle{Text: "*ab", Glob: true, Start: true, End: true}, "xab", true},
		{Needle{Text: "a*\n*b", Glob: true}, "a\nb", true},
		{Needle{Text: "begin", Start: true}, "begin x", true},
		{Needle{Text: "begin", Start: true}, " begin", false},
		{Needle{Text: "end", End: true}, "the end", true},
		{Needle{Text: "end", End: true}, "the end.", false},
		{Needle{Text: "all", Start: true, End: true}, "all", true},
		{Needle{Text: "all", Start: true, End: true}, "alls", false},
		{Needle{Text: "ALL", Start: true, End: true, Fold: true}, "aLl", true},
		{Needle{Text: "x"}, "", false},
		{Needle{Text: "\xff\x00"}, "a\xff\x00b", true},
	} {
		t.Run(fmt.Sprintf("%+v in %q", c.n, c.body), func(t *testing.T) {
			assert.Equal(t, c.want, naive(c.n, c.body), "the definition itself")
			assertAsNaive(t, []Needle{c.n}, c.body)
			assertAsNaive(t, among(c.n), c.body)
		})
	}
}

// among puts a needle into a set so large that the scanner takes it.
func among(n Needle) []Needle {
	out := []Needle{n}
	for i := range 60 {
		out = append(out, Needle{Text: fmt.Sprintf("filler-%03d", i*7)})
	}
	return out
}

func TestNeedlesThatCannotBeServedAreRefused(t *testing.T) {
	for want, needles := range map[string][]Needle{
		`needle 1: the text "" is found in every body`:  {{Text: "a"}, {}},
		`needle 0: the text "**" is found in every`:     {{Text: "**", Glob: true}},
		"needle 0: the text has 257 bytes: at most 256": {{Text: strings.Repeat("a", 257)}},
		"257 needles are too many: at most 256":         make([]Needle, 257),
		"33024 bytes in all: at most 32768":             repeated(Needle{Text: strings.Repeat("a", 129)}, 256),
	} {
		_, err := NewNeedles(needles)
		assert.ErrorContains(t, err, want)
	}
}

func repeated(n Needle, times int) (out []Needle) {
	for range times {
		out = append(out, n)
	}
	return out
}

func TestNoNeedlesFindNothing(t *testing.T) {
	assertAsNaive(t, nil, "", "abc")
}

func TestStarsThatAreNoGlobAreText(t *testing.T) {
	assert.True(t, naive(Needle{Text: "*"}, "2*3"))
	assertAsNaive(t, []Needle{{Text: "*"}, {Text: "**"}}, "2*3", "2**3", "23")
}

// word makes a text over a small alphabet, so that needles overlap and nearly match.
func randomText(r *rand.Rand, max int, alphabet string) string {
	b := make([]byte, r.IntN(max+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func randomNeedles(r *rand.Rand, count, shortest, longest int, alphabet string) []Needle {
	var out []Needle
	for len(out) < count {
		n := Needle{Text: randomText(r, longest, alphabet), Fold: r.IntN(3) == 0, Start: r.IntN(9) == 0, End: r.IntN(9) == 0}
		if n.Glob = r.IntN(4) == 0; n.Glob && r.IntN(2) == 0 && len(n.Text) > 1 {
			i := r.IntN(len(n.Text))
			n.Text = n.Text[:i] + "*" + n.Text[i:]
		}
		if len(n.Text) >= shortest && strings.Trim(n.Text, "*") != "" {
			out = append(out, n)
		}
	}
	return out
}

func TestNeedlesAgreeWithTheDefinitionOnRandomSetsAndBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rounds := 1500
	if testing.Short() {
		rounds = 200
	}
	for range rounds {
		alphabet := []string{"ab", "aAbB*", "abcdefgh /-", "\x00\xff\x80a", "abcdefghijklmnopqrstuvwxyzABCDEF0123456789 "}[r.IntN(5)]
		shortest := 1 + r.IntN(12)
		needles := randomNeedles(r, 1+r.IntN(80), shortest, shortest+r.IntN(8), alphabet)
		for range 4 {
			body := randomText(r, 120, alphabet)
			for range r.IntN(3) { // plant some
				body += strings.ReplaceAll(needles[r.IntN(len(needles))].Text, "*", "xy") + randomText(r, 9, alphabet)
			}
			assertAsNaive(t, needles, body)
		}
	}
}

func TestANeedleIsFoundWhereverItStands(t *testing.T) {
	for length := 1; length <= 24; length++ {
		needle := "qwertyuiopasdfghjklzxcvbnm"[:length]
		for at := range 40 {
			for _, after := range []int{0, 1, 2, 3, 17} {
				body := strings.Repeat("_", at) + needle + strings.Repeat("_", after)
				assertAsNaive(t, repeated(Needle{Text: needle}, 40), body)
				assertAsNaive(t, append(repeated(Needle{Text: needle, Fold: true}, 40), Needle{Text: "WERT", Fold: true}),
					strings.ToUpper(body))
			}
		}
	}
}

// hostile is a set and a body whose grams are all candidates and never a match.
func hostile(n int) ([]Needle, string) {
	var needles []Needle
	for i := range 100 {
		needles = append(needles, Needle{Text: strings.Repeat("a", 60+i) + "b", Fold: i%2 == 0})
	}
	return needles, strings.Repeat("a", n)
}

func TestHostileBodiesAreJudgedByTheAutomaton(t *testing.T) {
	needles, body := hostile(5000)
	n := mustNeedles(t, needles...)
	require.NotNil(t, n.scan)
	var hits Hits
	n.Match(body, &hits)
	require.NotEmpty(t, n.scan.slow, "the budget must have run out")
	assertAsNaive(t, needles, body, body+"b", strings.ToUpper(body)+"B", body[:61]+"b"+body, body[:3000]+"c"+body[:120]+"b"+body[:1500])
}

func TestTheAutomatonAloneAgreesWithTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		needles := randomNeedles(r, 40, 2, 9, "aAbB")
		n := mustNeedles(t, needles...)
		if n.scan == nil {
			continue
		}
		n.scan.buildSlow()
		body := randomText(r, 60, "aAbBc")
		v := visit{scanner: n.scan, body: body, left: n.scan.count}
		for _, a := range n.scan.slow {
			a.match(&v)
		}
		for i, needle := range needles {
			if n.scan.members.Has(i) {
				require.Equal(t, naive(needle, body), v.found.Has(i), "%+v in %q", needle, body)
			}
		}
	}
}

func TestEveryByteValueMayBeInTheNeedles(t *testing.T) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	s := string(all[:])
	needles := []Needle{{Text: s}, {Text: s, Fold: true}}
	for i := 0; i+4 <= 256; i++ {
		needles = append(needles, Needle{Text: s[i : i+4], Fold: i%3 == 0})
	}
	needles = needles[:MaxNeedles-1]
	n := mustNeedles(t, needles...)
	n.scan.buildSlow()
	assertAsNaive(t, needles, s, strings.Repeat(s[:250], 9), lowerASCII(s))
}

func TestOneSetServesManyGoroutines(t *testing.T) {
	needles, body := hostile(3000)
	n := mustNeedles(t, needles...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				var hits Hits
				n.Match(body+"b", &hits)
				assert.Equal(t, len(needles), hits.count())
			}
		})
	}
	wg.Wait()
}

func TestMatchAllocatesNothing(t *testing.T) {
	ls := lines()
	for _, count := range []int{2, 50, 256} {
		n := mustNeedles(t, typical(count)...)
		var hits Hits
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			for _, l := range ls[:8] {
				n.Match(l, &hits)
			}
		}))
	}
}

func TestGlobAgreesWithPathMatchWhereBothMeanTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		pattern, s := randomText(r, 6, "ab*"), randomText(r, 8, "ab")
		want, err := path.Match(pattern, s)
		require.NoError(t, err)
		require.Equal(t, want, glob(pattern, s), "%q %q", pattern, s)
	}
}

func FuzzNeedles(f *testing.F) {
	f.Add("DEBUG\nhealthz\nkube-probe", "GET /healthz kube-probe/1.29", uint8(0))
	f.Add("a*b\naab\nABA", "aabaabaab", uint8(5))
	f.Fuzz(func(t *testing.T, texts, body string, flags uint8) {
		var needles []Needle
		for i, text := range strings.Split(texts, "\n") {
			k := int(flags) + i*31
			n := Needle{Text: text, Fold: k&1 != 0, Glob: k&2 != 0, Start: k&12 == 4, End: k&24 == 8}
			if _, err := NewNeedles([]Needle{n}); err == nil && len(needles) < 60 {
				needles = append(needles, n)
			}
		}
		if len(body) > 4096 {
			body = body[:4096]
		}
		assertAsNaive(t, needles, body)
		for i := range 40 { // enough for the scanner
			needles = append(needles, Needle{Text: fmt.Sprintf("filler%02d", i)})
		}
		assertAsNaive(t, needles, body)
	})
}

func TestABodyFullOfTheRareByteIsSearchedToItsBeginning(t *testing.T) {
	text := strings.Repeat("e", 100) + "z"
	for _, n := range []int{0, 1, 5, 6, 100, 101, 300} {
		var hits Hits
		zs := strings.Repeat("z", n)
		set := mustNeedles(t, Needle{Text: text})
		set.Match(zs, &hits)
		assert.False(t, hits.Has(0), "after %d of the byte", n)
		set.Match(zs+text, &hits)
		assert.True(t, hits.Has(0), "after %d of the byte", n)
	}
}
