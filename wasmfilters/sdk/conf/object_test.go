// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadCallsSetWithEachKeyAndSaysWhereAnErrorIs(t *testing.T) {
	var got []string
	set := func(key string, v *Value) error {
		got = append(got, key+"="+v.Text)
		if v.Text == "bad" {
			return errors.New("it is bad")
		}
		return nil
	}
	known := []string{"a", "b", "c"}
	require.NoError(t, Read([]byte(`{"b":"1","a":2}`), known, set))
	assert.Equal(t, []string{"b=1", "a=2"}, got)
	for config, want := range map[string]string{
		`{"b":"bad"}`: "`b`: it is bad",
		`{"d":1}`:     "key `d` is not known; `a`, `b` and `c` are",
		`[]`:          "configuration: it is a list, must be an object with the keys `a`, `b` and `c`",
		`{`:           "configuration: not JSON at byte 1, where a key should be",
	} {
		assert.EqualError(t, Read([]byte(config), known, set), want)
	}
}

func TestDurations(t *testing.T) {
	read := func(s string) (uint64, error) {
		return (&Value{Kind: String, Text: s}).AsDuration(Millisecond, 24*Hour)
	}
	for text, want := range map[string]uint64{
		"1ms": Millisecond, "60s": Minute, "1m": Minute, "1h30m": 90 * Minute, "1m5s250ms": Minute + 5*Second + 250*Millisecond, "24h": 24 * Hour,
		"007s": 7 * Second,
	} {
		d, err := read(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, d, text)
	}
	for _, text := range []string{"", "1", "s", "-1s", "1.5s", "1 s", "1s1s", "1s1m", "1d", "0s", "25h", "99999999999999999999h", "9999999999999h", "1ms1s"} {
		_, err := read(text)
		assert.EqualError(t, err, "it must be a duration such as \"1h30m\", of whole numbers of h, m, s and ms, from 1ms to 24h", text)
	}
	_, err := (&Value{Kind: Number, Text: "60"}).AsDuration(0, Hour)
	assert.ErrorContains(t, err, "it must be a duration")
}
