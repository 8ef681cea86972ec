// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attr is an attribute; one that is not text has a value that is not a string.
type attr struct {
	key, value string
	opaque     bool
}

// normalize is what a component does with a table to a span, a record or a
// datapoint, on plain data.
func normalize(t *Table, in []attr) ([]attr, Stats) {
	var (
		c  Claims
		st Stats
	)
	for pos, a := range in {
		if s, ok := t.Spelling(a.key); !ok {
			continue
		} else if a.opaque {
			t.ClaimOpaque(&c, s, pos)
		} else {
			t.Claim(&c, s, pos, a.value)
		}
	}
	return applied(t, in, t.Settle(&c, &st)), st
}

// normalizeResource is what it does to a resource.
func normalizeResource(t *Table, in []attr) ([]attr, Stats) {
	var (
		c  Claims
		st Stats
	)
	for pos, a := range in {
		if a.opaque {
			t.observe(&c, pos, a.key, 0)
		} else {
			t.observe(&c, pos, a.key, a.value)
		}
	}
	return applied(t, in, t.SettleResource(&c, &st)), st
}

func applied(t *Table, in []attr, ch Changes) []attr {
	var out []attr
	for _, a := range in {
		if s, ok := t.Spelling(a.key); !ok || !ch.Remove(s.Key) {
			out = append(out, a)
		}
	}
	for _, k := range Keys() {
		pos, value, rewrite, ok := ch.Keep(k)
		if !ok {
			continue
		}
		if rewrite {
			out = append(out, attr{key: t.Name(k), value: value})
			continue
		}
		a := in[pos]
		a.key = t.Name(k)
		out = append(out, a)
	}
	return out
}

func TestConflicts(t *testing.T) {
	dotted := attr{key: "cloud.provider", value: "aws"}
	alias := attr{key: "cloudProvider", value: "aliyun"}
	foreign := attr{key: "cloud.provider", value: "nimbus"}
	number := attr{key: "cloud.provider", opaque: true}
	none := attr{key: "cloud.provider", value: ""}
	underscore := attr{key: "cloud_provider", value: "gcp"}
	same := attr{key: "cloudProvider", value: "AWS"}

	one := func(value string) []attr { return []attr{{key: "cloud_provider", value: value}} }
	for _, tt := range []struct {
		name                string
		on                  OnConflict
		in                  []attr
		want                []attr
		conflicts, unknowns int64
	}{
		{"the canonical key wins", PreferCanonical, []attr{alias, dotted}, one("aws"), 1, 0},
		{"whatever comes first", PreferCanonical, []attr{dotted, alias}, one("aws"), 1, 0},
		{"the dotted key before the underscored", PreferCanonical, []attr{underscore, dotted}, one("aws"), 1, 0},
		{"the alias wins where that is asked for", PreferAlias, []attr{dotted, alias}, one("alibaba"), 1, 0},
		{"both go where that is asked for", DropConflict, []attr{dotted, alias}, nil, 1, 0},
		{"all go, and a third does not come back", DropConflict, []attr{dotted, alias, same}, nil, 1, 0},
		{"a known alias beats an unknown canonical value", PreferCanonical, []attr{foreign, alias}, one("alibaba"), 1, 0},
		{"a known value stays when the other is unknown", DropConflict, []attr{foreign, alias}, one("alibaba"), 1, 0},
		{"a text beats what is not one", PreferCanonical, []attr{number, alias}, one("alibaba"), 1, 0},
		{"an empty value says nothing", PreferCanonical, []attr{none, alias}, one("alibaba"), 0, 0},
		{"equal values do not conflict", PreferCanonical, []attr{dotted, same}, one("aws"), 0, 0},
		{"an unknown value alone is kept", PreferCanonical, []attr{foreign}, one("nimbus"), 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, st := normalize(newTable(t, Options{OnConflict: tt.on}), tt.in)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.conflicts, st.Conflicts[Provider], "conflicts")
			assert.Equal(t, tt.unknowns, st.Unknown[Provider], "unknown")
		})
	}
}

func TestUnknownValuesAreDroppedWhereThatIsAskedFor(t *testing.T) {
	table := newTable(t, Options{OnUnknown: DropUnknown})
	got, st := normalize(table, []attr{{key: "cloud.provider", value: "nimbus"}, {key: "cloud.region", value: "anywhere"}})
	assert.Equal(t, []attr{{key: "cloud_region", value: "anywhere"}}, got)
	assert.EqualValues(t, 1, st.Unknown[Provider])
	assert.Zero(t, st.Unknown[Region])
	assert.Zero(t, st.Normalized[Provider])
	assert.EqualValues(t, 1, st.Normalized[Region])
}

func TestWhatIsNotTextKeepsItsValueUnderTheCanonicalKey(t *testing.T) {
	got, _ := normalize(newTable(t, Options{}), []attr{{key: "cloud.account.id", value: "a number", opaque: true}})
	assert.Equal(t, []attr{{key: "cloud_account_id", value: "a number", opaque: true}}, got)
}

func TestANormalSetIsLeftAlone(t *testing.T) {
	in := []attr{{key: "a", value: "b"}, {key: "cloud_provider", value: "aws"}, {key: "cloud_region", value: "us-east-1"}}
	got, st := normalize(newTable(t, Options{}), in)
	assert.Equal(t, in, got)
	assert.Zero(t, st)
}

var allOptions = func() []Options {
	var all []Options
	for _, style := range []Style{Underscore, Dotted} {
		for _, v := range []Vocabulary{Short, Semconv} {
			for _, u := range []OnUnknown{KeepUnknown, DropUnknown} {
				for _, c := range []OnConflict{PreferCanonical, PreferAlias, DropConflict} {
					all = append(all, Options{Style: style, Vocabulary: v, OnUnknown: u, OnConflict: c}, Options{
						Style: style, Vocabulary: v, OnUnknown: u, OnConflict: c,
						Aliases: map[Key]map[string]string{Provider: {"alibaba": "Ali", "idc": "aws", "aws_ec2": "gcp"}, Region: {"hz": "cn-hangzhou"}},
						Keys:    map[Key][]string{Region: {"dc"}, HostID: {"machine id"}},
					})
				}
			}
		}
	}
	return all
}()

// randomSet makes an attribute set of spellings and aliases, mangled and whole.
func randomSet(r *rand.Rand, keys, values []string) []attr {
	seps := []string{".", "_", "-", "/", ":", " ", "__", "é"}
	set := make([]attr, r.IntN(12))
	for i := range set {
		key := []byte(keys[r.IntN(len(keys))])
		if r.IntN(3) == 0 {
			sep := seps[r.IntN(len(seps))]
			for j := 0; j < len(key); j++ {
				if !isAlnum(key[j]) && r.IntN(2) == 0 {
					key = slices.Replace(key, j, j+1, []byte(sep)...)
					j += len(sep) - 1
				}
			}
		}
		set[i] = attr{key: string(key), value: values[r.IntN(len(values))], opaque: r.IntN(10) == 0}
	}
	return set
}

func vocabulary() (keys, values []string) {
	keys = []string{"service.name", "host.name", "cloud.other", "region", "dc", "", "\x00", "machine id"}
	for _, k := range Keys() {
		k.spellings(func(key string, _ uint8) { keys = append(keys, key) })
		builtinValues(k, Short, func(v string, _ meaning) { values = append(values, v) })
		builtinValues(k, Semconv, func(_ string, m meaning) { values = append(values, m.text) })
	}
	return keys, append(values, "", "nimbus", "ecs", "cn-hangzhou", "us-east-1", "AWS", " Alibaba Cloud ", "hz", "idc", "Ali")
}

// Over random attribute sets and every combination of options: normalising
// twice is normalising once; no two keys of a set fold into one label; and
// attributes that are no labels stay as they are.
func TestNormalisingRandomSets(t *testing.T) {
	keys, values := vocabulary()
	for i, opts := range allOptions {
		table := newTable(t, opts)
		r := rand.New(rand.NewPCG(uint64(i), 42))
		for range 500 {
			in := randomSet(r, keys, values)
			once, _ := normalize(table, in)
			twice, st := normalize(table, once)
			require.Equal(t, once, twice, "%+v\n%+v", opts, in)
			require.Zero(t, st.Normalized, "%+v\n%+v", opts, in)
			requireDistinctLabels(t, table, once)
			require.Equal(t, others(table, in), others(table, once))
		}
	}
}

func others(t *Table, set []attr) (rest []attr) {
	for _, a := range set {
		if _, ok := t.Spelling(a.key); !ok {
			rest = append(rest, a)
		}
	}
	return rest
}

// requireDistinctLabels fails when two attributes of which one is a label of
// ours would share a label name in Prometheus.
func requireDistinctLabels(t *testing.T, table *Table, set []attr) {
	t.Helper()
	namer := otlptranslator.LabelNamer{}
	seen := make(map[string]string)
	for _, a := range set {
		s, ok := table.Spelling(a.key)
		if !ok {
			continue
		}
		require.Equal(t, table.Name(s.Key), a.key, "a spelling that stays is the table's own")
		label, err := namer.Build(a.key)
		require.NoError(t, err)
		require.NotContains(t, seen, label, "%q and %q are one label", seen[label], a.key)
		seen[label] = a.key
	}
}

func TestUserAliasesAreFixedPoints(t *testing.T) {
	for _, opts := range allOptions {
		table := newTable(t, opts)
		_, values := vocabulary()
		for _, k := range Keys() {
			for _, v := range values {
				once, known := table.Value(k, v)
				twice, again := table.Value(k, once)
				require.Equal(t, once, twice, "%s=%q %+v", k, v, opts)
				require.Equal(t, known, again, "%s=%q %+v", k, v, opts)
			}
		}
	}
}

func FuzzNormalize(f *testing.F) {
	keys, values := vocabulary()
	for i := range keys {
		f.Add(keys[i], values[i%len(values)], keys[(i*7)%len(keys)], values[(i*5)%len(values)], uint8(i))
	}
	tables := make([]*Table, len(allOptions))
	for i, opts := range allOptions {
		tables[i] = newTable(f, opts)
	}
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string, which uint8) {
		table := tables[int(which)%len(tables)]
		in := []attr{{key: key1, value: value1}, {key: key2, value: value2, opaque: which&0x80 != 0}}
		once, _ := normalize(table, in)
		twice, _ := normalize(table, once)
		require.Equal(t, once, twice)
		requireDistinctLabels(t, table, once)
		require.Equal(t, others(table, in), others(table, once))
	})
}

func ExampleTable() {
	table, _ := New(Options{})
	s, _ := table.Spelling("cloud.provider")
	value, known := table.Value(s.Key, "aliyun")
	fmt.Println(table.Name(s.Key), value, known)
	// Output: cloud_provider alibaba true
}
