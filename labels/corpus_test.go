// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/labels/testdata"
)

// corpusSet returns the attributes of a resource of the corpus, and the text of
// those that are not text.
func corpusSet(r testdata.Resource) (set []attr) {
	for _, key := range slices.Sorted(maps.Keys(r.Resource)) {
		text, ok := r.Resource[key].(string)
		if !ok {
			text = fmt.Sprint(r.Resource[key])
		}
		set = append(set, attr{key: key, value: text, opaque: !ok})
	}
	return set
}

func corpus(t testing.TB) []testdata.Resource {
	t.Helper()
	all, err := testdata.Resources()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// Every resource of the corpus has the labels that its file says, in both
// vocabularies and both styles of keys, and does not change the second time.
func TestTheCorpus(t *testing.T) {
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			require.NotEmpty(t, r.Source, "every file says where its attributes come from")
			for _, style := range []Style{Underscore, Dotted} {
				for _, vocabulary := range []Vocabulary{Short, Semconv} {
					for _, confidence := range []Confidence{Strong, Weak} {
						opts := Options{Style: style, Vocabulary: vocabulary, MinConfidence: confidence}
						requireCorpusLabels(t, opts, r)
					}
				}
			}
		})
	}
}

func requireCorpusLabels(t *testing.T, opts Options, r testdata.Resource) {
	t.Helper()
	table, in := newTable(t, opts), corpusSet(r)
	want := maps.Clone(r.Labels)
	if opts.MinConfidence == Weak {
		maps.Copy(want, r.Weak)
	}
	if p, ok := want["cloud.provider"]; ok && opts.Vocabulary == Semconv {
		want["cloud.provider"], _ = table.Value(Provider, p)
		if opts.MinConfidence == Strong {
			require.Equal(t, r.Semconv, want["cloud.provider"])
		}
	}
	out, st := normalizeResource(table, in)
	got := labelled{}
	for _, a := range out {
		if s, ok := table.Spelling(a.key); ok {
			require.Equal(t, s.Key.Name(opts.Style), a.key)
			got[s.Key.String()] = a.value
		}
	}
	assert.Equal(t, want, got, "%+v", opts)
	if opts.Style == Underscore && opts.Vocabulary == Short && opts.MinConfidence == Strong {
		assert.Equal(t, r.Counts, totals(st))
	}
	requireNormalisedResource(t, table, in)
}

// totals sums what was counted over the labels, by the name of the metric.
func totals(st Stats) map[string]int64 {
	all := map[string]int64{}
	for name, counts := range map[string][NumKeys]int64{
		"normalized": st.Normalized, "unknown": st.Unknown, "conflicts": st.Conflicts, "inferred": st.InferredStrong,
		"disagreements": st.Disagreements, "repaired": st.Repaired, "implausible": st.Implausible,
	} {
		for _, count := range counts {
			if count != 0 {
				all[name] += count
			}
		}
	}
	return all
}

// Malformed evidence, of any size: no panic, and no place that it does not name.
func FuzzEvidence(f *testing.F) {
	for _, r := range corpus(f) {
		for _, value := range r.Resource {
			if text, ok := value.(string); ok {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, found := range []finding{
			parseProviderID(value), parseVersion(value), parseResourceID(value), parseInstanceType(value), parseHostName(value),
		} {
			for _, part := range []string{found.region, found.zone, found.account, found.host} {
				require.Contains(t, value, part)
			}
			if found.clouds == 0 {
				require.Empty(t, found.region+found.zone+found.account+found.host+found.platform)
			}
			if c := found.clouds.only(); found.zone != "" {
				require.Equal(t, found.region, c.regionOf(found.zone))
			}
		}
		for c := range cloud(numClouds) {
			if region := c.regionOf(value); region != "" {
				require.Contains(t, value, region)
				require.Empty(t, c.regionOf(region), "a region is no zone")
			}
		}
		if _, zone, ok := zonePath(value); ok {
			require.Contains(t, value, zone)
		}
		cloudsOf(value)
	})
}

// Any resource of the corpus, with any attribute in the place of one of its own
// or beside them: see requireNormalisedResource.
func FuzzNormalizeResource(f *testing.F) {
	resources := corpus(f)
	for i, r := range resources {
		for key, value := range r.Resource {
			f.Add(uint8(i), key, fmt.Sprint(value), uint8(i))
		}
	}
	keys, _ := evidenceWords()
	for i, key := range keys {
		f.Add(uint8(i), key, "cn-hangzhou", uint8(i))
	}
	var tables []*Table
	for _, opts := range resourceOptions() {
		tables = append(tables, newTable(f, opts))
	}
	f.Fuzz(func(t *testing.T, which uint8, key, value string, options uint8) {
		set := corpusSet(resources[int(which)%len(resources)])
		set = slices.DeleteFunc(set, func(a attr) bool { return a.key == key })
		set = append(set, attr{key: key, value: value})
		requireNormalisedResource(t, tables[int(options)%len(tables)], set)
	})
}

func BenchmarkCorpus(b *testing.B) {
	table := newTable(b, Options{MinConfidence: Weak, Static: benchmarkRules})
	for _, r := range corpus(b) {
		set := corpusSet(r)
		b.Run(r.Name, func(b *testing.B) {
			var (
				c  Claims
				st Stats
			)
			b.ReportAllocs()
			for b.Loop() {
				for pos, a := range set {
					s, ok := table.Sign(a.key)
					if !ok {
						continue
					}
					if l, ok := s.Label(); ok {
						table.Claim(&c, l, pos, a.value)
					} else {
						table.Witness(&c, s, pos, a.value)
					}
				}
				table.SettleResource(&c, &st)
				c.Reset()
			}
		})
	}
}

var benchmarkRules = []StaticRule{
	{Match: map[string]string{"k8s.cluster.name": "idc-*"}, Set: map[Key]string{Provider: "on_premises"}},
	{Match: map[string]string{"k8s.cluster.name": "edge-*", "k8s.namespace.name": "shop"}, Set: map[Key]string{Provider: "on_premises"}},
}
