// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plain is the value as encoding/json has it, with numbers as they are written.
func plain(v *Value) any {
	switch v.Kind {
	case Bool:
		return v.Bool
	case Number:
		return json.Number(v.Text)
	case String:
		return v.Text
	case List:
		out := []any{}
		for i := range v.List {
			out = append(out, plain(&v.List[i]))
		}
		return out
	case Object:
		out := map[string]any{}
		for i := range v.Members {
			out[v.Members[i].Key] = plain(&v.Members[i].Value)
		}
		return out
	}
	return nil
}

var good = []string{
	`{}`, ` [ ] `, `null`, `true`, `false`, `"a"`, `0`, `-0`, `-1.5e+10`, `1E5`, `{"a":[1,{"b":null}],"c":""}`,
	`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\ud83d"`, `"\ud83d\u0041"`, `"\ude00x"`, "\"é😀\x7f\"", "\t{\n\"a\" : 1 }\r\n", `"\u0000"`,
}

func TestJSONIsReadAsEncodingJSONReadsIt(t *testing.T) {
	for _, s := range good {
		v, err := Parse([]byte(s))
		require.NoError(t, err, s)
		assert.Equal(t, standard(t, s), plain(&v), s)
	}
}

func standard(t *testing.T, s string) (out any) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	require.NoError(t, d.Decode(&out))
	return out
}

func TestWhatIsNotJSONIsRefusedWithItsPlace(t *testing.T) {
	for _, s := range []string{
		``, ` `, `{`, `[`, `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `tru`, `nul`, `01`, `-`, `1.`, `.5`, `1e`, `+1`,
		`"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", `{} {}`, "\x00", "{}\x00", "'a'", `{"a":1 "b":2}`, `NaN`,
	} {
		_, err := Parse([]byte(s))
		require.Error(t, err, s)
		assert.Contains(t, err.Error(), "at byte", s)
	}
}

func TestWhatIsDoubtfulIsRefused(t *testing.T) {
	for s, want := range map[string]string{
		"\"\xff\"":                 "not UTF-8",
		`{"a":1,"b":2,"a":3}`:      `key "a" is there twice`,
		strings.Repeat("[", 1<<20): "nested deeper than 64",
	} {
		_, err := Parse([]byte(s))
		require.ErrorContains(t, err, want)
	}
}

func TestValuesAreTakenForWhatTheyAre(t *testing.T) {
	v, err := Parse([]byte(`{"t":"x","l":["x","y"],"e":[],"m":["x",1],"n":7,"f":7.5,"big":99999999999999999999,"b":true}`))
	require.NoError(t, err)
	texts, err := v.Get("l").AsTexts()
	require.NoError(t, err)
	assert.Equal(t, []string{"x", "y"}, texts)
	texts, err = v.Get("t").AsTexts()
	require.NoError(t, err)
	assert.Equal(t, []string{"x"}, texts)
	n, err := v.Get("n").AsUint(7)
	require.NoError(t, err)
	assert.EqualValues(t, 7, n)
	b, err := v.Get("b").AsBool()
	require.NoError(t, err)
	assert.True(t, b)
	assert.Nil(t, v.Get("none"))

	_, err = v.Get("e").AsTexts()
	require.ErrorContains(t, err, "not empty")
	_, err = v.Get("m").AsTexts()
	require.ErrorContains(t, err, "entry 2: it is a number, must be a text")
	_, err = v.Get("n").AsUint(6)
	require.ErrorContains(t, err, "from 0 to 6")
	for _, key := range []string{"f", "big", "t"} {
		_, err = v.Get(key).AsUint(1 << 62)
		require.Error(t, err, key)
	}
	_, err = v.Get("n").AsBool()
	require.ErrorContains(t, err, "it is a number")
}

// FuzzParse finds that Parse agrees with encoding/json, but where it is stricter.
func FuzzParse(f *testing.F) {
	for _, s := range good {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b)
		if err == nil {
			assert.Equal(t, standard(t, string(b)), plain(&v))
			return
		}
		stricter := strings.Contains(err.Error(), "twice") || strings.Contains(err.Error(), "nested")
		assert.True(t, stricter || !utf8.Valid(b) || !json.Valid(b), "refused: %v", err)
	})
}
