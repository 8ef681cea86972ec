// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// record returns the record that write makes.
func record(write func(e *Encoder)) []byte {
	e := NewEncoder()
	write(e)
	return e.AppendRecord(nil)
}

func decoder(t testing.TB, record []byte) *Decoder {
	d, err := NewDecoder(record)
	require.NoError(t, err)
	return d
}

var strs = []string{
	"", "0", "7", "8", "255", "256", "007", "00", "8080", "65536", "9223372036854775808", "9999999999999999999", "10000000000000000000",
	"18446744073709551615", "18446744073709551616", "-1", "1.5", "+7", "1e3",
	"abcdef01", "ABCDEF01", "abcdef0", "abcdef0g", "deadbeef", "4bf92f3577b34da6a3ce929d0e0e4736", "00000000", "0123456789abcdef",
	"550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000", "550e8400-e29b-41d4-a716-44665544000", "550e8400e29b-41d4-a716-446655440000-",
	"550e8400-e29b-41d4-a716-4466554400-0", "-50e8400-e29b-41d4-a716-446655440000",
	"10.0.0.1", "010.0.0.1", "256.1.1.1", "1.1.1", "1.1.1.1.1", "1..1.1", ".1.1.1", "1.1.1.", "255.255.255.255", "0.0.0.0", "0.0.0.00", "...",
	"GET", "get", "https", "a", "-", ".", "--------", "\x00", "\xff\xfe invalid", "日本語のテキスト", "数据库连接池已满", "a\x00b",
	strings.Repeat("x", 14), strings.Repeat("x", 15), strings.Repeat("y", 16), strings.Repeat("z", 300), strings.Repeat("ab", 70000),
	"SELECT * FROM orders WHERE id = $1 ORDER BY created_at DESC LIMIT 100",
}

func TestStringsComeBackExactly(t *testing.T) {
	for _, s := range strs {
		d := decoder(t, record(func(e *Encoder) { e.Str(s) }))
		got, err := d.Str()
		require.NoError(t, err)
		assert.Equal(t, s, got)
		assert.NoError(t, d.Done())
	}
}

func TestAllStringsTogetherComeBackExactly(t *testing.T) {
	d := decoder(t, record(func(e *Encoder) {
		for _, s := range strs {
			e.Key(KeyOf(s), s)
			e.Str(s)
		}
		e.End()
	}))
	for _, s := range strs {
		key, ok, err := d.Key()
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, s, key)
		got, err := d.Str()
		require.NoError(t, err)
		assert.Equal(t, s, got)
	}
	_, ok, err := d.Key()
	assert.NoError(t, err)
	assert.False(t, ok)
	assert.NoError(t, d.Done())
}

func TestIntegersComeBackExactly(t *testing.T) {
	for _, v := range []int64{0, 1, 7, 8, 255, 256, 65535, 65536, 1<<24 - 1, 1 << 24, 1 << 32, 1 << 40, 1 << 56, math.MaxInt64, -1, -8, -9, -256, -257, math.MinInt64} {
		d := decoder(t, record(func(e *Encoder) { e.Int(v) }))
		got, err := d.Value()
		require.NoError(t, err)
		assert.Equal(t, Value{Kind: KindInt, Int: v}, got)
		assert.NoError(t, d.Done())
	}
}

func TestDoublesKeepTheirBits(t *testing.T) {
	for _, v := range []float64{
		0, math.Copysign(0, -1), 1, -1, 0.5, 0.1, -0.1, 1e300, -1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, 1<<53 - 1, -(1 << 53), 1e15 + 0.5,
		math.Inf(1), math.Inf(-1), math.NaN(), math.Float64frombits(0x7ff8000000000123), math.Float64frombits(0xfff0000000000001), 3.4028234663852886e38, 1e-45,
	} {
		d := decoder(t, record(func(e *Encoder) { e.Double(v) }))
		got, err := d.Value()
		require.NoError(t, err)
		assert.Equal(t, KindDouble, got.Kind)
		assert.Equal(t, math.Float64bits(v), math.Float64bits(got.Double), "%g", v)
	}
}

func TestOtherValuesComeBack(t *testing.T) {
	d := decoder(t, record(func(e *Encoder) {
		e.Bool(true)
		e.Bool(false)
		e.Empty()
		e.BytesLen(3)
		for _, b := range []byte{0, 1, 255} {
			e.AppendByte(b)
		}
		e.List(2)
		e.Map(1)
		e.Key(TextKey, "k")
		e.Int(1)
		e.Empty()
		e.Uint(300)
		e.Fixed([]byte("ab"))
	}))
	for _, want := range []Value{
		{Kind: KindBool, Bool: true}, {Kind: KindBool}, {Kind: KindEmpty}, {Kind: KindBytes, Bytes: []byte{0, 1, 255}}, {Kind: KindList, Len: 2}, {Kind: KindMap, Len: 1},
	} {
		got, err := d.Value()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	key, ok, err := d.Key()
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "k", key)
	for range 2 {
		_, err = d.Value()
		require.NoError(t, err)
	}
	n, err := d.Uint()
	require.NoError(t, err)
	assert.Equal(t, uint64(300), n)
	b, err := d.Fixed(2)
	require.NoError(t, err)
	assert.Equal(t, "ab", string(b))
	assert.NoError(t, d.Done())
}

func TestARecordDoesNotDependOnTheOnesBefore(t *testing.T) {
	write := func(e *Encoder, s string) string {
		e.Reset()
		e.Str(s)
		return string(e.AppendRecord(nil))
	}
	used := NewEncoder()
	for i := range 3000 {
		s := fmt.Sprintf("the customer %d of the shop has %d orders and the order of the shop is %d", i, i*7, i*31)
		require.Equal(t, write(NewEncoder(), s), write(used, s))
	}
}

func TestPositionsOfRecordsLongAgoAreForgotten(t *testing.T) {
	e := NewEncoder()
	e.match.base = 1<<31 - 1000
	for i := range 20 {
		e.Reset()
		s := fmt.Sprintf("%d the same text over and over, the same text over and over, the same", i)
		e.Str(s)
		got, err := decoder(t, e.AppendRecord(nil)).Str()
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	assert.Less(t, e.match.base, uint32(1<<31))
}

// What is written is DEFLATE: a decompressor that knows nothing of this package but
// the prelude and the dictionary reads it.
func TestTextIsDeflateForAnybody(t *testing.T) {
	text := strings.Repeat("GET https://www.example.com/api/v1/orders by Mozilla/5.0 ", 3) + "\x00\xff日本"
	rec := record(func(e *Encoder) { e.Key(TextKey, text) })
	require.EqualValues(t, methodDeflate, rec[0])
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(prelude), bytes.NewReader(rec[1:])), []byte(dictionary))
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
}

func TestTextThatDoesNotCompressIsStored(t *testing.T) {
	s := ""
	for i := range 200 {
		s += string(rune(0x80 + i*7%0x700))
	}
	rec := record(func(e *Encoder) { e.Str(s) })
	assert.EqualValues(t, methodStored, rec[0])
	assert.LessOrEqual(t, len(rec), len(s)+8)
}

func TestRecordsThatAreWrongAreRefused(t *testing.T) {
	huge := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}
	stored := func(tokens ...byte) []byte { return append([]byte{methodStored, 0}, tokens...) }
	for name, rec := range map[string][]byte{
		"empty":                   {},
		"method of the future":    {2, 0},
		"no length":               {methodStored},
		"text longer than record": {methodStored, 5, 'a'},
		"text of 2^63 bytes":      append([]byte{methodStored}, huge...),
		"DEFLATE cut short":       {methodDeflate},
		"no value":                stored(),
		"text that is not there":  stored(formText<<4 | 3),
		"static value of 2^63":    stored(append([]byte{formStatic<<4 | 15}, huge...)...),
		"static value 400":        stored(formStatic<<4|15, 0x81, 0x03),
		"hex that is not there":   stored(formHex << 4),
		"bytes of 2^63":           stored(append([]byte{formBytes<<4 | 15}, huge...)...),
		"list of 2^63":            stored(append([]byte{formList<<4 | 15}, huge...)...),
		"list of two, one there":  stored(formList<<4|2, 0),
		"map of one, half there":  stored(formMap<<4|1, 0),
		"number cut short":        stored(formInt<<4|15, 1),
		"integer above 2^63":      stored(formInt<<4|15, 0xFF, 0, 0, 0, 0, 0, 0, 0),
		"whole double above 2^53": stored(formDouble<<4|15, 0xFF, 0, 0, 0, 0, 0, 0, 0),
		"fixed form 9":            stored(formFixed<<4 | 9),
		"UUID cut short":          stored(formFixed<<4|fixedUUID, 1),
		"form 12":                 stored(0xC0),
		"form 15":                 stored(0xFF, 0),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := NewDecoder(rec)
			if err == nil {
				_, err = d.Value()
			}
			assert.Error(t, err)
		})
	}
}

func TestKeysThatAreWrongAreRefused(t *testing.T) {
	for name, tokens := range map[string][]byte{
		"none": {}, "two bytes, one there": {keyTwoBytes}, "out of the table": {keyTwoBytes + 14, 0xFF}, "text that is not there": {keyText + 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decoder(t, append([]byte{methodStored, 0}, tokens...)).Key()
			assert.Error(t, err)
		})
	}
}

func TestWhatIsBehindTheEndIsAnError(t *testing.T) {
	rec := record(func(e *Encoder) { e.Str("some text that is compressed, since it is in the dictionary: Mozilla/5.0") })
	d := decoder(t, append(rec, 0))
	_, err := d.Str()
	require.NoError(t, err)
	assert.Error(t, d.Done())
	assert.Error(t, decoder(t, []byte{methodStored, 1, 'a'}).Done())
}

// A bomb: little that decompresses to much.
func TestTextIsCapped(t *testing.T) {
	big := strings.Repeat("a", MaxText+1)
	e := NewEncoder()
	e.Key(TextKey, big)
	bomb := append([]byte{methodDeflate}, e.deflate(nil)...)
	assert.Less(t, len(bomb), 1<<20)
	_, err := NewDecoder(bomb)
	assert.ErrorContains(t, err, "longer than")

	name, _, err := decoder(t, e.AppendRecord(nil)).Key()
	require.NoError(t, err)
	assert.True(t, name == big, "text above the cap is stored, and so comes back")
}

func TestEncodingAllocatesNothing(t *testing.T) {
	e := NewEncoder()
	var out []byte
	write := func() {
		e.Reset()
		e.Key(TextKey, "custom.key")
		e.Str("SELECT id, name FROM accounts WHERE id = 1")
		e.Str("550e8400-e29b-41d4-a716-446655440000")
		e.Double(1.25)
		e.End()
		out = e.AppendRecord(out[:0])
	}
	write()
	assert.Zero(t, testing.AllocsPerRun(100, write))
}

func TestMemoryOfAHugeRecordIsNotKept(t *testing.T) {
	e := NewEncoder()
	e.Key(TextKey, strings.Repeat("b", 4<<20))
	e.Reset()
	assert.LessOrEqual(t, cap(e.window), maxKept)
	e.Key(TextKey, "after")
	name, _, err := decoder(t, e.AppendRecord(nil)).Key()
	require.NoError(t, err)
	assert.Equal(t, "after", name)
}
