// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// everything asks for every column.
func everything() *sdk.Manifest {
	return &sdk.Manifest{
		Name: "everything", Version: "1",
		Columns: []string{
			sdk.ColumnTime, sdk.ColumnSeverity, sdk.ColumnResource, sdk.ColumnResourceKey, sdk.ColumnBody, sdk.ColumnBodySize,
			sdk.ColumnBodyHash, sdk.ColumnTemplate, sdk.ColumnNeedles, sdk.ColumnTraceID, sdk.ColumnEventName,
			sdk.Attr("http.route"), sdk.ResourceAttr("service.name"), sdk.ColumnProtected,
		},
		Needles: []sdk.Needle{{Text: "health"}, {Text: "GET", Fold: true}},
	}
}

func two() []sdktest.Record {
	return []sdktest.Record{
		{
			Time: 7, Severity: 9, Protected: true, Body: "get /healthz 1", EventName: "request", TraceID: [16]byte{1, 2},
			Attrs: map[string]string{"http.route": "/healthz"}, Resource: map[string]string{"service.name": "shop"},
		},
		{Time: 8, Body: strings.Repeat("x", 1<<20), Resource: map[string]string{"a": "b"}},
	}
}

func TestAChunkIsReadAsItWasWritten(t *testing.T) {
	m := everything()
	for _, longer := range []int{0, 8, 64} {
		c, err := sdk.DecodeChunk(m, sdktest.Encode(m, sdktest.Options{Now: 99, Trial: true, Longer: longer}, two()...))
		require.NoError(t, err)
		assert.Equal(t, 2, c.Len())
		assert.Equal(t, 2, c.Resources())
		assert.EqualValues(t, 99, c.Now())
		assert.True(t, c.Trial())

		r := c.Record(0)
		assert.EqualValues(t, 7, r.Time())
		assert.EqualValues(t, 9, r.Severity())
		assert.Equal(t, "get /healthz 1", string(r.Body()))
		assert.EqualValues(t, 14, r.BodySize())
		assert.True(t, r.Needle(0) && r.Needle(1))
		assert.False(t, r.Needle(2) || r.Needle(-1) || r.Needle(64))
		assert.True(t, r.Protected())
		assert.False(t, c.Record(1).Protected())
		assert.Equal(t, "request", string(r.EventName()))
		assert.Equal(t, byte(2), r.TraceID()[1])
		assert.NotZero(t, r.ResourceKey())
		route, ok := r.Attr(sdk.Attr("http.route"))
		assert.True(t, ok)
		assert.Equal(t, "/healthz", string(route))
		service, ok := r.ResourceAttr(sdk.ResourceAttr("service.name"))
		assert.True(t, ok)
		assert.Equal(t, "shop", string(service))

		r = c.Record(1)
		assert.Len(t, r.Body(), sdk.MaxText, "texts are cut")
		assert.EqualValues(t, 1<<20, r.BodySize(), "sizes are not")
		_, ok = r.Attr(sdk.Attr("http.route"))
		assert.False(t, ok, "an attribute that is not there")
		_, ok = r.ResourceAttr(sdk.ResourceAttr("service.name"))
		assert.False(t, ok)
	}
}

func TestEqualBodiesHaveEqualHashes(t *testing.T) {
	m := everything()
	c, err := sdk.DecodeChunk(m, sdktest.Encode(m, sdktest.Options{}, sdktest.Record{Body: "abc"}, sdktest.Record{Body: "abc"}, sdktest.Record{Body: "abd"}))
	require.NoError(t, err)
	for _, hash := range [][]uint64{c.BodyHash(), c.Template()} {
		assert.Equal(t, hash[0], hash[1])
		assert.NotEqual(t, hash[0], hash[2])
	}
}

func TestColumnsThatWereNotAskedForAreZero(t *testing.T) {
	m := &sdk.Manifest{}
	c, err := sdk.DecodeChunk(m, sdktest.Encode(m, sdktest.Options{}, two()...))
	require.NoError(t, err)
	r := c.Record(1)
	assert.Zero(t, r.Time()+uint64(r.Severity())+r.BodyHash()+r.Template()+uint64(r.BodySize())+r.ResourceKey())
	assert.Nil(t, r.Body())
	assert.Nil(t, r.TraceID())
	assert.False(t, r.Needle(0))
	_, ok := r.Attr(sdk.Attr("a"))
	assert.False(t, ok)
	_, ok = r.ResourceAttr(sdk.ResourceAttr("a"))
	assert.False(t, ok)
}

func TestMisalignedChunksAreReadToo(t *testing.T) {
	m := everything()
	good := sdktest.Encode(m, sdktest.Options{Now: 1}, two()...)
	for shift := range 8 {
		b := append(make([]byte, shift), good...)[shift:]
		c, err := sdk.DecodeChunk(m, b)
		require.NoError(t, err)
		assert.EqualValues(t, []uint64{7, 8}, c.Time())
		assert.EqualValues(t, []uint16{0, 1}, c.Resource())
		assert.EqualValues(t, 14, c.BodySize()[0])
	}
}

func TestMalformedChunksAreRefusedWithTheReason(t *testing.T) {
	m := everything()
	good := sdktest.Encode(m, sdktest.Options{}, two()...)
	directory := func(column, half int) int { return 32 + 8*column + 4*half }
	for _, tt := range []struct {
		name string
		at   int
		v    uint32
		want string
	}{
		{"no records", 4, 0, "0 records"},
		{"too many records", 4, 65536, "65536 records"},
		{"more records than there is room for", 4, 3, `"time" has a wrong size`},
		{"too many resources", 8, 65537, "more resources"},
		{"no resources", 8, 0, `"resource" names a resource`},
		{"a resource too few", 8, 1, `"resource" names a resource`},
		{"other columns", 12, 2, "2 columns, the manifest 14"},
		{"a short head", 0, 32, "size of the head is 32"},
		{"a head longer than the chunk", 0, 1 << 31, "size of the head"},
		{"a column past the end", directory(0, 0), 0xfffffff8, `"time" does not lie`},
		{"a column at an odd place", directory(0, 0), 4, `"time" does not lie`},
		{"a column that is too long", directory(1, 1), 0xffffffff, `"severity" does not lie`},
		{"a column of a wrong size", directory(1, 1), 1, `"severity" has a wrong size`},
		{"texts without room for their places", directory(4, 1), 15, `"body" has a text`},
		{"a text past the end of its column", directory(4, 1), 100, `"body" has a text`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := append([]byte(nil), good...)
			binary.LittleEndian.PutUint32(b[tt.at:], tt.v)
			_, err := sdk.DecodeChunk(m, b)
			require.Error(t, err)
			assert.Contains(t, err.Error(), tt.want)
		})
	}
}

func TestTruncatedChunksAreRefused(t *testing.T) {
	m := everything()
	good := sdktest.Encode(m, sdktest.Options{}, two()[0])
	last := binary.LittleEndian.Uint32(good[32+8*13:]) + binary.LittleEndian.Uint32(good[36+8*13:])
	for n := range int(last) {
		_, err := sdk.DecodeChunk(m, good[:n])
		assert.Error(t, err, "%d bytes", n)
	}
}

// FuzzDecode finds that what is accepted can be used in full.
func FuzzDecode(f *testing.F) {
	m := everything()
	f.Add(sdktest.Encode(m, sdktest.Options{Now: 1}, two()[0]))
	f.Add(sdktest.Encode(m, sdktest.Options{Longer: 8}, two()[0], sdktest.Record{}))
	d, err := sdk.NewDecoder(m)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := d.Decode(b)
		if err != nil {
			return
		}
		for i := range c.Len() {
			use(c.Record(i))
		}
		for i := range c.Resources() {
			_ = c.ResourceKey()[i]
		}
	})
}

func use(r sdk.Record) {
	_, _, _, _, _ = r.Time(), r.Severity(), r.BodyHash(), r.Template(), r.BodySize()
	_, _, _, _ = r.Needle(63), r.TraceID()[15], r.ResourceKey(), r.Index()
	for _, b := range [][]byte{r.Body(), r.EventName()} {
		if len(b) > 0 {
			_ = b[len(b)-1]
		}
	}
	r.Attr(sdk.Attr("http.route"))
	r.ResourceAttr(sdk.ResourceAttr("service.name"))
}
