// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// randomConfig is one that is accepted, over so few letters that texts are found.
func randomConfig(r *rand.Rand) string {
	config := map[string]any{}
	if r.IntN(4) > 0 {
		config["below"] = 1 + r.IntN(24)
	}
	if r.IntN(4) > 0 {
		texts := []string{}
		most := []int{0, 1, 3, maxTexts}[r.IntN(4)]
		for _, i := range r.Perm(maxTexts)[:r.IntN(most+1)] {
			texts = append(texts, word(i))
		}
		config["contains"] = texts
	}
	b, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// word is one for each number below 64, of three of four letters.
func word(i int) string {
	letters := [...]string{"a", "é", "\"", "\n"}
	return letters[i/16] + letters[i/4%4] + letters[i%4]
}

func randomRecord(r *rand.Rand) sdktest.Record {
	var body strings.Builder
	for range r.IntN(4) {
		body.WriteString(word(r.IntN(maxTexts)))
	}
	return sdktest.Record{
		Time: uint64(r.IntN(5)) * 1e9, Severity: uint8(r.IntN(27)), Body: body.String(), Protected: r.IntN(5) == 0,
	}
}

// play is all that a filter shows of a configuration and of records in three
// chunks, with a flush after the first and a successor after the second.
func play(t *testing.T, m sdktest.Module, config string, chunks [3][]sdktest.Record) string {
	var shown strings.Builder
	show := func(what any) { fmt.Fprintf(&shown, "%+v\n", what) }
	run := sdktest.Start(t, m, config)
	show(run.Manifest)
	for i, records := range chunks {
		run.Options.Now = uint64(i+1) * 3e9
		show(run.Judge(records...))
		switch i {
		case 0:
			show(run.Flush(run.Options.Now, false))
		case 1:
			state := saved(t, run)
			show(state)
			run = sdktest.Start(t, m, config)
			require.NoError(t, run.Driver.RestoreState(state))
		}
	}
	show(run.Flush(9e9, true))
	show(run.Flush(9e9, true))
	return shown.String()
}

func TestAllLanguagesDecideAlike(t *testing.T) {
	reference := native()
	for name, m := range all(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			for range 50 {
				config := randomConfig(r)
				var chunks [3][]sdktest.Record
				for i := range chunks {
					for range 1 + r.IntN(200) {
						chunks[i] = append(chunks[i], randomRecord(r))
					}
				}
				require.Equal(t, play(t, reference, config, chunks), play(t, m, config, chunks), config)
			}
		})
	}
}

// verdictOn is what a filter says of a configuration.
func verdictOn(t testing.TB, m sdktest.Module, config []byte) (manifest sdk.Manifest, refusal string) {
	d, err := m.New()
	require.NoError(t, err)
	defer d.Close()
	manifest, err = d.Configure(config)
	require.NotErrorIs(t, err, sdktest.ErrTrap)
	if err != nil {
		require.NotEmpty(t, err.Error())
		return sdk.Manifest{}, err.Error()
	}
	return manifest, ""
}

// requireAlike says that all accept a configuration, with the same manifest, or
// that all refuse it. Which of several mistakes is named may differ: the
// reference reads all of the JSON before it looks at a key.
func requireAlike(t testing.TB, modules map[string]sdktest.Module, config []byte) {
	want, refusal := verdictOn(t, native(), config)
	for name, m := range modules {
		got, why := verdictOn(t, m, config)
		require.Equal(t, refusal == "", why == "", "%s: %q\nGo: %s\n%s: %s", name, config, refusal, name, why)
		require.Equal(t, want, got, "%s: %q", name, config)
	}
}

func TestAllLanguagesRefuseAlike(t *testing.T) {
	modules := all(t)
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		config := []byte(randomConfig(r))
		for range 1 + r.IntN(3) {
			spoil(r, &config)
		}
		requireAlike(t, modules, config)
	}
}

// spoil changes a configuration at one place.
func spoil(r *rand.Rand, config *[]byte) {
	const bytes = "{}[]\",:\\u09 \x00\xc3\xa9\xed\xa0\x80e.-"
	at, c := r.IntN(len(*config)), bytes[r.IntN(len(bytes))]
	switch r.IntN(3) {
	case 0:
		(*config)[at] = c
	case 1:
		*config = append((*config)[:at:at], append([]byte{c}, (*config)[at:]...)...)
	default:
		*config = append((*config)[:at:at], (*config)[min(len(*config)-1, at+1):]...)
	}
}

// FuzzConfigure finds a configuration that not all languages read alike.
func FuzzConfigure(f *testing.F) {
	for _, tt := range refused {
		f.Add([]byte(tt.config))
	}
	for _, config := range []string{`{}`, textsOnly, severityOnly, `{"below":"INFO2","contains":["\ud83d\ude00"]}`} {
		f.Add([]byte(config))
	}
	modules := committed(f)
	f.Fuzz(func(t *testing.T, config []byte) {
		if len(config) <= sdk.MaxConfig {
			requireAlike(t, modules, config)
		}
	})
}

// FuzzFilter finds a chunk that makes a module trap, or be judged otherwise than
// the reference judges it.
func FuzzFilter(f *testing.F) {
	manifest := sdktest.Start(f, native(), textsOnly).Manifest
	for _, o := range []sdktest.Options{{Now: 1}, {Now: 2, Longer: 16}} {
		f.Add(sdktest.Encode(&manifest, o, sdktest.Record{Body: "GET z1", Time: 5, Severity: 9}, sdktest.Record{Severity: 1}))
	}
	modules := committed(f)
	f.Fuzz(func(t *testing.T, chunk []byte) {
		want, err := sdktest.Start(t, native(), textsOnly).Driver.Filter(chunk)
		if err != nil || len(chunk) > 1<<20 {
			return
		}
		for name, m := range modules {
			got, err := sdktest.Start(t, m, textsOnly).Driver.Filter(chunk)
			require.NoError(t, err, name)
			if len(want) > 0 { // the others do not look at what they do not use
				assert.Equal(t, want, got, name)
			}
		}
	})
}

// FuzzRestore finds a state that makes a module trap, or that not all take.
func FuzzRestore(f *testing.F) {
	run := sdktest.Start(f, native(), textsOnly)
	run.Judge(sdktest.Record{Body: "GET z1", Time: 5, Severity: 9})
	state, err := run.Driver.SaveState()
	require.NoError(f, err)
	f.Add(state)
	modules := committed(f)
	f.Fuzz(func(t *testing.T, state []byte) {
		want := sdktest.Start(t, native(), textsOnly)
		taken := want.Driver.RestoreState(state) == nil
		reports := want.Flush(1, true)
		for name, m := range modules {
			run := sdktest.Start(t, m, textsOnly)
			err := run.Driver.RestoreState(state)
			require.NotErrorIs(t, err, sdktest.ErrTrap, name)
			assert.Equal(t, taken, err == nil, name)
			got := run.Flush(1, true)
			assert.Equal(t, fmt.Sprint(reports), fmt.Sprint(got), name)
		}
	})
}
