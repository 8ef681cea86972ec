// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo refuses each configuration, with its text, and has a state.
type echo struct{ name string }

func (f echo) Configure(config []byte) (Manifest, error) {
	return Manifest{}, errors.New(f.name + " got " + string(config))
}
func (echo) Judge(*Chunk, []Verdict)     {}
func (echo) Flush(uint64, bool) []Report { return []Report{{Count: 1}} }
func (echo) SaveState() []byte           { return []byte("state") }
func (echo) RestoreState([]byte) error   { return nil }

func two() Filter {
	return OneOf(map[string]func() Filter{
		"echo":  func() Filter { return echo{"echo"} },
		"plain": func() Filter { return Func(Manifest{Name: "plain"}, func(Record) Verdict { return Drop(0) }) },
	})
}

func TestTheConfigurationSelectsAFilterAndIsHandedOnAsItIs(t *testing.T) {
	for config, want := range map[string]string{
		string(ConfigOf("echo", []byte(`{"a:b": "}"}`))): `echo got {"a:b": "}"}`,
		" { \"echo\" : [ ] } \n":                         "echo got  [ ] ",
		`{"echo":}`:                                      "echo got ",
		`{"echo":1,"plain":2}`:                           `echo got 1,"plain":2`,
	} {
		_, err := two().Configure([]byte(config))
		assert.EqualError(t, err, want, config)
	}
}

func TestAConfigurationThatSelectsNoFilterIsAnsweredWithTheirNames(t *testing.T) {
	for _, config := range []string{"", "{}", "{", "null", "[]", `"echo"`, `{"echo"}`, `{echo:1}`, `{"ecco":{}}`, `{"":{}}`, `"echo":{}`, `{":1}`} {
		_, err := two().Configure([]byte(config))
		assert.ErrorContains(t, err, "there are: echo, plain", config)
	}
}

func TestOneOfDoesWhatTheSelectedFilterDoes(t *testing.T) {
	f := two().(*oneOf)
	_, _ = f.Configure(ConfigOf("echo", nil))
	assert.Len(t, f.Flush(1, true), 1)
	assert.Equal(t, "state", string(f.SaveState()))
	assert.NoError(t, f.RestoreState(nil))

	m, err := f.Configure(ConfigOf("plain", nil))
	require.NoError(t, err)
	assert.Equal(t, "plain", m.Name)
	assert.Nil(t, f.Flush(1, true))
	assert.Nil(t, f.SaveState())
	assert.Error(t, f.RestoreState(nil))
	v := []Verdict{Keep}
	f.Judge(&Chunk{}, v)
	assert.Equal(t, []Verdict{Drop(0)}, v)
}
