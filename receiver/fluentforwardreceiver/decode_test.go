// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"bytes"
	"compress/gzip"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
	"go.opentelemetry.io/collector/pdata/plog"
)

const limit = 1 << 20

// pack returns parts of a message one after the other: raw is taken as it is.
func pack(t testing.TB, parts ...any) (b []byte) {
	t.Helper()
	for _, part := range parts {
		if part, ok := part.(raw); ok {
			b = append(b, part...)
			continue
		}
		var err error
		b, err = msgp.AppendIntf(b, part)
		require.NoError(t, err)
	}
	return b
}

type raw []byte

func list(n uint32) raw { return msgp.AppendArrayHeader(nil, n) }

func object(n uint32) raw { return msgp.AppendMapHeader(nil, n) }

// eventTime is 1700000000.5 as the extension 0.
var eventTime = raw{0xd7, 0x00, 0x65, 0x53, 0xf1, 0x00, 0x1d, 0xcd, 0x65, 0x00}

func at(seconds int64, nanos int64) time.Time { return time.Unix(seconds, nanos).UTC() }

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestEveryKindOfMessageIsDecoded(t *testing.T) {
	entry := pack(t, list(2), eventTime, map[string]any{"log": "hello"})
	entries := append(bytes.Clone(entry), entry...)
	for name, tt := range map[string]struct {
		message []byte
		records int
		chunk   string
	}{
		"one record":              {pack(t, list(3), "app", eventTime, map[string]any{"log": "hello"}), 1, ""},
		"one record with options": {pack(t, list(4), "app", eventTime, map[string]any{"log": "hello"}, map[string]any{"chunk": "c1"}), 1, "c1"},
		"a list":                  {pack(t, list(2), "app", list(2), raw(entries)), 2, ""},
		"a list with options":     {pack(t, list(3), "app", list(2), raw(entries), map[string]any{"chunk": "c1", "size": 2}), 2, "c1"},
		"no options":              {pack(t, list(3), "app", list(2), raw(entries), nil), 2, ""},
		"packed":                  {pack(t, list(2), "app", entries), 2, ""},
		"packed in a text":        {pack(t, list(2), "app", string(entries)), 2, ""},
		"packed, not compressed":  {pack(t, list(3), "app", entries, map[string]any{"compressed": "text"}), 2, ""},
		"compressed":              {pack(t, list(3), "app", zipped(t, entries), map[string]any{"compressed": "gzip", "chunk": "c1"}), 2, "c1"},
		"compressed in parts":     {pack(t, list(3), "app", append(zipped(t, entry), zipped(t, entry)...), map[string]any{"compressed": "gzip"}), 2, ""},
		"a tag as bytes":          {pack(t, list(3), []byte("app"), eventTime, map[string]any{"log": "hello"}), 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := decode(tt.message, limit)
			require.NoError(t, err)
			assert.Equal(t, tt.chunk, m.chunk)
			require.Equal(t, tt.records, m.logs.LogRecordCount())
			for _, record := range records(m.logs).All() {
				assert.Equal(t, "hello", record.Body().Str())
				assert.Equal(t, at(1700000000, 5e8), record.Timestamp().AsTime())
				assert.Equal(t, map[string]any{"fluent.tag": "app"}, record.Attributes().AsRaw())
			}
		})
	}
}

func records(logs plog.Logs) plog.LogRecordSlice {
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
}

func TestValuesKeepTheirTypes(t *testing.T) {
	m, err := decode(pack(t, list(3), "app", int64(1700000000), map[string]any{
		"message": map[string]any{"a": []any{"x", int64(-1), nil}}, "int": int64(-5), "uint": uint64(5), "large": uint64(math.MaxUint64),
		"float": 1.5, "single": float32(0.5), "bool": true, "bytes": []byte("text"), "nothing": nil, "map": map[string]any{"k": "v"},
	}), limit)
	require.NoError(t, err)
	record := records(m.logs).At(0)
	assert.Equal(t, at(1700000000, 0), record.Timestamp().AsTime())
	assert.Equal(t, map[string]any{"a": []any{"x", int64(-1), nil}}, record.Body().AsRaw())
	assert.Equal(t, map[string]any{
		"fluent.tag": "app", "int": int64(-5), "uint": int64(5), "large": "18446744073709551615", "float": 1.5, "single": 0.5,
		"bool": true, "bytes": "text", "nothing": nil, "map": map[string]any{"k": "v"},
	}, record.Attributes().AsRaw())
}

func TestAnExtensionIsKeptAsBytes(t *testing.T) {
	extension := raw{0xd4, 0x07, 0x01}
	m, err := decode(pack(t, list(3), "app", eventTime, object(1), "k", extension), limit)
	require.NoError(t, err)
	assert.Equal(t, []byte(extension), records(m.logs).At(0).Attributes().AsRaw()["k"])
}

func TestMetadataOfFluentBitIsKept(t *testing.T) {
	m, err := decode(pack(t, list(2), "app", list(2),
		list(2), list(2), eventTime, map[string]any{"otlp": map[string]any{"severity": int64(9)}}, map[string]any{"log": "a"},
		list(2), list(2), eventTime, object(0), map[string]any{"log": "b"}), limit)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"otlp": map[string]any{"severity": int64(9)}}, records(m.logs).At(0).Attributes().AsRaw()["fluent.metadata"])
	assert.NotContains(t, records(m.logs).At(1).Attributes().AsRaw(), "fluent.metadata")
	assert.Equal(t, "b", records(m.logs).At(1).Body().Str())
}

func TestARepeatedKeyIsOneAttribute(t *testing.T) {
	m, err := decode(pack(t, list(3), "app", eventTime, object(2), "k", "a", "k", "b"), limit)
	require.NoError(t, err)
	assert.Equal(t, 2, records(m.logs).At(0).Attributes().Len())
	assert.Equal(t, "b", records(m.logs).At(0).Attributes().AsRaw()["k"])
}

// nested returns n lists around nil.
func nested(n int) raw { return append(bytes.Repeat([]byte{0x91}, n), 0xc0) }

func TestBadMessagesAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		message []byte
		wants   string
	}{
		"nothing":                     {nil, "too few bytes"},
		"no list":                     {pack(t, "app"), "array"},
		"too short":                   {pack(t, list(1), "app"), "list of 2 to 4"},
		"too long":                    {pack(t, list(5), "app", nil, nil, nil, nil), "list of 2 to 4"},
		"no tag":                      {pack(t, list(3), 5, eventTime, object(0)), "tag"},
		"no time":                     {pack(t, list(3), "app", nil, object(0)), "time"},
		"a short EventTime":           {pack(t, list(3), "app", raw{0xd6, 0x00, 1, 2, 3, 4}, object(0)), "8 bytes"},
		"another extension":           {pack(t, list(3), "app", raw{0xd7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8}, object(0)), "time"},
		"no record":                   {pack(t, list(2), "app", eventTime), ""},
		"a record of two":             {pack(t, list(2), "app", eventTime, object(0)), "not a list of 2"},
		"packed with more":            {pack(t, list(4), "app", []byte{}, object(0), nil), "not a list of 4"},
		"an entry of three":           {pack(t, list(2), "app", list(1), list(3), eventTime, object(0), nil), "entry"},
		"unknown compression":         {pack(t, list(3), "app", []byte{1}, map[string]any{"compressed": "zstd"}), `"zstd"`},
		"not compressed":              {pack(t, list(3), "app", []byte{1}, map[string]any{"compressed": "gzip"}), "compressed entries"},
		"a bomb":                      {pack(t, list(3), "app", zipped(t, make([]byte, limit+1)), map[string]any{"compressed": "gzip"}), "max_message_bytes"},
		"claims 4G elements":          {pack(t, list(3), "app", eventTime, object(1), "k", raw{0xdd, 0xff, 0xff, 0xff, 0xff}), "too few bytes"},
		"claims 4G entries":           {pack(t, list(2), "app", raw{0xdd, 0xff, 0xff, 0xff, 0xff}), "too few bytes"},
		"claims 4G keys":              {pack(t, list(3), "app", eventTime, raw{0xdf, 0xff, 0xff, 0xff, 0xff}), "too few bytes"},
		"claims 4G bytes":             {pack(t, list(2), "app", raw{0xc6, 0xff, 0xff, 0xff, 0xff}), "too few bytes"},
		"too deep":                    {pack(t, list(3), "app", eventTime, object(1), "k", nested(maxDepth)), "lists and maps"},
		"much too deep":               {pack(t, list(3), "app", eventTime, object(1), "k", nested(900_000)), "lists and maps"},
		"an option that is too deep":  {pack(t, list(4), "app", eventTime, object(0), object(1), "k", nested(maxDepth)), "lists and maps"},
		"a text claims 4G bytes":      {pack(t, list(3), "app", eventTime, object(1), "k", raw{0xdb, 0xff, 0xff, 0xff, 0xff}), "too few bytes"},
		"a time claims 4G bytes":      {pack(t, list(3), "app", raw{0xc9, 0xff, 0xff, 0xff, 0xff, 0, 1, 2}, object(0)), "too few bytes"},
		"an extension without an end": {pack(t, list(3), "app", eventTime, object(1), "k", raw{0xc9, 0xff, 0xff, 0xff, 0xff, 1}), "too few bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decode(tt.message, limit)
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			assert.ErrorContains(t, err, tt.wants)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "it allocates by what there is, not by what is claimed")
		})
	}
	_, err := decode(pack(t, list(3), "app", eventTime, object(1), "k", nested(maxDepth-1)), limit)
	require.NoError(t, err, "as deep as may be")
}

func FuzzDecode(f *testing.F) {
	entry := pack(f, list(2), eventTime, map[string]any{"log": "hello", "k": []any{1, "x"}})
	f.Add(pack(f, list(3), "app", eventTime, map[string]any{"log": "hello"}))
	f.Add(pack(f, list(4), "app", int64(5), map[string]any{"log": "hello"}, map[string]any{"chunk": "c1"}))
	f.Add(pack(f, list(2), "app", list(1), raw(entry)))
	f.Add(pack(f, list(3), "app", zipped(f, entry), map[string]any{"compressed": "gzip"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b, limit)
		if err != nil {
			return
		}
		for _, record := range records(m.logs).All() {
			tag, ok := record.Attributes().Get("fluent.tag")
			require.True(t, ok)
			_ = tag.AsString()
		}
	})
}
