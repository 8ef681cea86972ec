// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/labels"
)

// configurations are those under which what must always hold is tested.
var configurations = []string{
	``,
	`{key_style: dotted, vocabulary: semconv, on_conflict: alias}`,
	`{on_unknown: drop, on_conflict: drop}`,
	`{aliases: {cloud.provider: {alibaba: Ali, idc: aws}}, keys: {cloud.region: [dc], host.id: ["machine id"]}}`,
}

// keeps tells that a configuration drops nothing but duplicates.
func keeps(cfg *Config) bool {
	return cfg.OnUnknown == labels.KeepUnknown && cfg.OnConflict != labels.DropConflict
}

// entry is one attribute of a map; a map of pdata may hold a key twice.
type entry struct {
	key   string
	value pcommon.Value
}

func attributesOf(m pcommon.Map) (all []entry) {
	m.Range(func(key string, value pcommon.Value) bool {
		copied := pcommon.NewValueEmpty()
		value.CopyTo(copied)
		all = append(all, entry{key, copied})
		return true
	})
	return all
}

// requireNothingLost holds what came out against what came in: attributes that
// are no labels are the same in the same order, and each label is there at most
// once, under its own key, with a value that one of its spellings had or stood
// for. A label is missing only where the configuration drops any.
func requireNothingLost(t testing.TB, cfg *Config, in []entry, out pcommon.Map) {
	t.Helper()
	table, err := cfg.Table(SignalConfig{})
	require.NoError(t, err)
	rest, spelled := split(table, in)
	restOut, spelledOut := split(table, attributesOf(out))

	require.Len(t, restOut, len(rest))
	for i := range rest {
		require.Equal(t, rest[i].key, restOut[i].key)
		require.True(t, rest[i].value.Equal(restOut[i].value), "%q changed", rest[i].key)
	}
	for _, k := range labels.Keys() {
		want, got := spelled[k], spelledOut[k]
		require.LessOrEqual(t, len(got), 1, k)
		if len(got) == 0 {
			require.True(t, len(want) == 0 || !keeps(cfg), "%s was lost", k)
			continue
		}
		require.Equal(t, table.Name(k), got[0].key)
		require.True(t, standsForOne(table, k, want, got[0].value), "%s became %.100q", k, got[0].value.AsString())
	}
}

func split(table *labels.Table, all []entry) (rest []entry, spelled [labels.NumKeys][]entry) {
	for _, a := range all {
		if s, ok := table.Spelling(a.key); ok {
			spelled[s.Key] = append(spelled[s.Key], a)
		} else {
			rest = append(rest, a)
		}
	}
	return rest, spelled
}

func standsForOne(table *labels.Table, k labels.Key, claims []entry, got pcommon.Value) bool {
	for _, c := range claims {
		if c.value.Type() != pcommon.ValueTypeStr {
			if got.Equal(c.value) {
				return true
			}
			continue
		}
		if v, _ := table.Value(k, c.value.Str()); got.Type() == pcommon.ValueTypeStr && got.Str() == v {
			return true
		}
	}
	return false
}

// requireNormalised passes m through a normalizer of every configuration, twice:
// nothing is lost the first time, nothing changes the second.
func requireNormalised(t testing.TB, m pcommon.Map) {
	t.Helper()
	in := attributesOf(m)
	for _, yaml := range configurations {
		cfg := configured(t, yaml)
		table, err := cfg.Table(SignalConfig{})
		require.NoError(t, err)
		n := newNormalizer(table)
		got := pcommon.NewMap()
		m.CopyTo(got)
		n.normalize(got)
		requireNothingLost(t, cfg, in, got)

		once := attributesOf(got)
		normalised := n.stats.Normalized
		n.normalize(got)
		require.Equal(t, normalised, n.stats.Normalized, "the second time nothing is left to normalise")
		requireSame(t, once, attributesOf(got))
	}
}

func requireSame(t testing.TB, want, got []entry) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].key, got[i].key)
		require.True(t, want[i].value.Equal(got[i].value), "%q changed", want[i].key)
	}
}

// valuesOfEveryType makes values by the name of their type.
var valuesOfEveryType = map[string]func(pcommon.Value){
	"string":       func(v pcommon.Value) { v.SetStr("aliyun") },
	"empty string": func(v pcommon.Value) { v.SetStr("") },
	"int":          func(v pcommon.Value) { v.SetInt(-7) },
	"double":       func(v pcommon.Value) { v.SetDouble(0.5) },
	"bool":         func(v pcommon.Value) { v.SetBool(true) },
	"bytes":        func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte("aliyun\x00")) },
	"slice":        func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetStr("aliyun") },
	"map":          func(v pcommon.Value) { v.SetEmptyMap().PutStr("cloud.provider", "aliyun") },
	"empty":        func(pcommon.Value) {},
}

func TestAttributesOfEveryTypePassUnderEveryKey(t *testing.T) {
	for name, set := range valuesOfEveryType {
		for _, key := range []string{"cloud.provider", "cloud_provider", "topology.kubernetes.io/region", "service.name", ""} {
			t.Run(name+" under "+key, func(t *testing.T) {
				m := pcommon.NewMap()
				set(m.PutEmpty(key))
				requireNormalised(t, m)

				m.PutStr("cloudProvider", "qcloud") // a rival
				m.PutInt("cloud-region", 1)
				requireNormalised(t, m)
			})
		}
	}
}

func TestAValueThatIsNotTextMovesUnchangedToTheCanonicalKey(t *testing.T) {
	n := benchmarkNormalizer(t)
	for name, set := range valuesOfEveryType {
		if name == "string" {
			continue
		}
		m, want := pcommon.NewMap(), pcommon.NewValueEmpty()
		set(m.PutEmpty("cloud.account.id"))
		set(want)
		n.normalize(m)
		got, ok := m.Get("cloud_account_id")
		require.True(t, ok, name)
		assert.True(t, want.Equal(got), name)
		assert.Equal(t, 1, m.Len(), name)
	}
}

func TestOddKeysPassUnharmed(t *testing.T) {
	m := pcommon.NewMap()
	for i, key := range []string{
		"", " ", "c", "\x00", "\x00\x00", "cloud.provider\x00", "cloud\x00provider", "\x00cloud.provider", "cloud.provider\n",
		"\xff\xfe", "cloud.provider\xff", "云", "Cloud.Provider", "cloud.provider.", ".cloud.provider",
		strings.Repeat("cloud.provider", 80_000),
	} {
		m.PutStr(key, "aliyun")
		m.PutInt(key+"#", int64(i))
	}
	before := attributesOf(m)
	n := benchmarkNormalizer(t)
	n.normalize(m)
	requireSame(t, before, attributesOf(m))

	m.PutStr("cloud.provider", "aliyun")
	requireNormalised(t, m)
}

func TestTenThousandAttributesPass(t *testing.T) {
	m := pcommon.NewMap()
	m.EnsureCapacity(10_000)
	for i := m.Len(); i < 9_996; i++ {
		m.PutEmpty(fmt.Sprintf("cloud.attribute.%d", i)).SetInt(int64(i))
	}
	m.PutStr("cloud.provider", "aliyun")
	m.PutStr("topology.kubernetes.io/region", "cn-hangzhou")
	m.PutStr("cloudRegion", "cn-beijing")
	m.PutBool("cloud.account.id", true)
	requireNormalised(t, m)
}

func TestMegabyteValuesPass(t *testing.T) {
	big := strings.Repeat("alibaba ", 1<<17)
	m := pcommon.NewMap()
	for _, key := range []string{"cloud.provider", "cloud.platform", "cloud.region", "message"} {
		m.PutStr(key, big)
	}
	m.PutEmptyBytes("cloud.zone").FromRaw([]byte(big))
	requireNormalised(t, m)

	n := benchmarkNormalizer(t)
	n.normalize(m)
	got, _ := m.Get("cloud_provider")
	assert.Equal(t, big, got.Str())
}

// No function of pdata makes a map that has a key twice, but OTLP can carry
// one. Here keys of equal length are made equal on the wire.
func TestAKeyThatComesTwiceIsKeptOnce(t *testing.T) {
	const dotted = "cloud.provider"
	td := ptrace.NewTraces()
	m := td.ResourceSpans().AppendEmpty().Resource().Attributes()
	m.PutStr("first", "1")
	m.PutStr("cloud.provider", "nimbus")
	m.PutStr("cloud.provide1", "aliyun")
	m.PutInt("cloud.provide2", 7)
	m.PutStr("cloud.provide3", "aws")
	m.PutStr("other.key", "a")
	m.PutStr("other.ke1", "b")
	wire, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	for _, twin := range []string{"cloud.provide1", "cloud.provide2", "cloud.provide3"} {
		wire = bytes.ReplaceAll(wire, []byte(twin), []byte(dotted))
	}
	wire = bytes.ReplaceAll(wire, []byte("other.ke1"), []byte("other.key"))
	td, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(wire)
	require.NoError(t, err)
	m = td.ResourceSpans().At(0).Resource().Attributes()
	require.Equal(t, 7, m.Len())
	requireNormalised(t, m)

	n := benchmarkNormalizer(t)
	n.normalize(m)
	assert.Equal(t, 4, m.Len(), "the twins that are no label stay")
	got, _ := m.Get("cloud_provider")
	assert.Equal(t, "alibaba", got.Str(), "the first that is known")
	assert.EqualValues(t, 1, n.stats.Conflicts[labels.Provider])
}

func TestRandomAttributeSetsAreNormalisedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 42))
	for range 500 {
		requireNormalised(t, randomMap(r))
	}
}

var (
	randomKeys = []string{
		"service.name", "host.name", "cloud.other", "region", "dc", "machine id", "", "\x00",
		"cloud.provider", "cloud_provider", "cloudProvider", "cloud/provider", "cloud..provider",
		"cloud.platform", "cloud.infrastructure_service", "cloud-platform",
		"cloud.region", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region", "__meta_ec2_region",
		"cloud.availability_zone", "cloud.zone", "topology.gke.io/zone", "cloud.account.id", "cloudAccountID",
		"cloud.resource_id", "faas.id", "host.id", "host_id", "host.type", "cloud.machine.type", "node.kubernetes.io/instance-type",
	}
	randomValues = []string{"", "aliyun", "Alibaba Cloud", "AWS", "aws", "alibaba", "Ali", "idc", "nimbus", "aws_eks", "azure_vm", "cn-hangzhou", "ecs"}
)

// randomMap returns a map of text of the vocabulary and of values of every
// type.
func randomMap(r *rand.Rand) pcommon.Map {
	setters := make([]func(pcommon.Value), 0, len(valuesOfEveryType))
	for _, name := range slices.Sorted(maps.Keys(valuesOfEveryType)) {
		setters = append(setters, valuesOfEveryType[name])
	}
	m := pcommon.NewMap()
	for range r.IntN(15) {
		v := m.PutEmpty(randomKeys[r.IntN(len(randomKeys))])
		if r.IntN(4) == 0 {
			setters[r.IntN(len(setters))](v)
		} else {
			v.SetStr(randomValues[r.IntN(len(randomValues))])
		}
	}
	return m
}

// With every scope on, a batch of random attribute sets comes out of a second
// processor as it came out of the first, byte for byte.
func TestProcessingTwiceChangesNothing(t *testing.T) {
	for _, yaml := range append([]string{`scopes: [span, record, datapoint]`}, configurations...) {
		h := newHarness(t, yaml)
		r := rand.New(rand.NewPCG(1, 2))
		for range 50 {
			td, ld, md := randomBatches(r)

			once := marshalTraces(t, h.traces(t, td))
			require.Equal(t, once, marshalTraces(t, h.traces(t, unmarshalTraces(t, once))))

			ld = h.logs(t, ld)
			onceLogs, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
			require.NoError(t, err)
			twiceLogs, err := (&plog.ProtoMarshaler{}).MarshalLogs(h.logs(t, ld))
			require.NoError(t, err)
			require.Equal(t, onceLogs, twiceLogs)

			md = h.metrics(t, md)
			onceMetrics, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			twiceMetrics, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(h.metrics(t, md))
			require.NoError(t, err)
			require.Equal(t, onceMetrics, twiceMetrics)
		}
	}
}

func randomBatches(r *rand.Rand) (ptrace.Traces, plog.Logs, pmetric.Metrics) {
	td, ld, md := ptrace.NewTraces(), plog.NewLogs(), pmetric.NewMetrics()
	for range 1 + r.IntN(4) {
		rs, rl, rm := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty(), md.ResourceMetrics().AppendEmpty()
		resource := randomMap(r)
		resource.CopyTo(rs.Resource().Attributes())
		resource.CopyTo(rl.Resource().Attributes())
		resource.CopyTo(rm.Resource().Attributes())
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		points := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints()
		for range r.IntN(4) {
			item := randomMap(r)
			item.CopyTo(spans.AppendEmpty().Attributes())
			item.CopyTo(records.AppendEmpty().Attributes())
			item.CopyTo(points.AppendEmpty().Attributes())
		}
	}
	return td, ld, md
}

func marshalTraces(t testing.TB, td ptrace.Traces) []byte {
	t.Helper()
	wire, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return wire
}

func unmarshalTraces(t testing.TB, wire []byte) ptrace.Traces {
	t.Helper()
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(wire)
	require.NoError(t, err)
	return td
}
