// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Check is one thing that the ABI demands of every module.
type Check struct {
	Name string
	// Run tries it with a configuration that the filter accepts.
	Run func(m Module, config []byte) error
}

// Checks are what a module must pass. Exports, imports and the version of the
// ABI are checked by Load and New already.
var Checks = []Check{
	{"the configuration is accepted with a manifest that the host can serve", checkManifest},
	{"an empty configuration is accepted or refused, without a trap", checkEmptyConfig},
	{"a configuration that is not JSON is accepted or refused, without a trap", checkBadConfig},
	{"one record gets one verdict", checkOne},
	{"65535 records get as many verdicts", checkMost},
	{"texts of a megabyte, cut at 64 KiB, are judged", checkLong},
	{"a record that has nothing, and a severity that nobody knows, are judged", checkStrange},
	{"texts that are not UTF-8 are judged", checkBinary},
	{"a chunk for a trial, at an earlier time, with a longer head, is judged", checkGrown},
	{"a chunk that is none ends in an error, not in an endless loop", checkGarbage},
	{"what is counted is represented or reported, each once, and nothing twice", checkConservation},
	{"the state is taken by a successor, and garbage is not taken for one", checkState},
}

// Conformance runs all checks as subtests, with each of the configurations.
func Conformance(t *testing.T, m Module, configs ...string) {
	t.Helper()
	for i, config := range configs {
		for _, check := range Checks {
			t.Run(fmt.Sprintf("configuration %d: %s", i+1, check.Name), func(t *testing.T) {
				if err := check.Run(m, []byte(config)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// with runs f with a new, configured instance.
func with(m Module, config []byte, f func(Driver, *sdk.Manifest) error) error {
	d, err := m.New()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	manifest, err := d.Configure(config)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return f(d, &manifest)
}

// judge returns the verdicts of records, which are as many and valid.
func judge(d Driver, m *sdk.Manifest, o Options, records []Record) ([]sdk.Verdict, error) {
	v, err := d.Filter(Encode(m, o, records...))
	if err != nil {
		return nil, err
	}
	if len(v) != len(records) {
		return nil, fmt.Errorf("%d verdicts for %d records", len(v), len(records))
	}
	var counted, represented uint64
	for i, v := range v {
		if !v.Valid(len(m.Rules)) {
			return nil, fmt.Errorf("record %d: %#x is not a verdict of a filter with %d rules", i, uint64(v), len(m.Rules))
		}
		if v.Action() == sdk.ActionCount {
			counted++
		}
		represented += uint64(v.Represents())
	}
	if represented > counted {
		return nil, fmt.Errorf("%d records are represented in a chunk where %d are counted", represented, counted)
	}
	return v, checkPatches(d, m, records)
}

func judgeOnly(records ...Record) func(Driver, *sdk.Manifest) error {
	return func(d Driver, m *sdk.Manifest) error {
		_, err := judge(d, m, Options{Now: 1}, records)
		return err
	}
}

func checkManifest(m Module, config []byte) error {
	return with(m, config, func(_ Driver, m *sdk.Manifest) error {
		if m.Name == "" || m.Version == "" {
			return errors.New("manifest: name and version must say what this is")
		}
		_, err := sdk.NewDecoder(m)
		return err
	})
}

func checkEmptyConfig(m Module, _ []byte) error { return configureOnly(m, "{}") }

func checkBadConfig(m Module, _ []byte) error {
	for _, c := range []string{"", "null", "[]", `"x"`, "{", "\x00\xff", `{"a":{"b":[1,2,{}]}}`, strings.Repeat("[", 1<<20)} {
		if err := configureOnly(m, c); err != nil {
			return fmt.Errorf("%.20q: %w", c, err)
		}
	}
	return nil
}

func configureOnly(m Module, config string) error {
	d, err := m.New()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Configure([]byte(config)); errors.Is(err, ErrTrap) {
		return err
	}
	return nil
}

func sample(i int) Record {
	return Record{
		Time: uint64(1e9 + i), Severity: uint8(i % 25), Body: fmt.Sprintf("GET /healthz%d took %d ms", i%7, i),
		EventName: "request", TraceID: [16]byte{byte(i), byte(i >> 8), 1},
		Attrs:    map[string]string{"http.route": "/healthz", "log.level": "debug"},
		Resource: map[string]string{"service.name": fmt.Sprint("service", i%3)},
		Matches:  []Match{{i % 7, "4111111111111111"}, {1, "jo@example.com"}}[:i%3],
	}
}

func samples(n int) []Record { return allSamples()[:n] }

var allSamples = sync.OnceValue(func() []Record {
	out := make([]Record, 65535)
	for i := range out {
		out[i] = sample(i)
	}
	return out
})

func checkOne(m Module, config []byte) error { return with(m, config, judgeOnly(sample(1))) }

func checkMost(m Module, config []byte) error { return with(m, config, judgeOnly(samples(65535)...)) }

func checkLong(m Module, config []byte) error {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	return with(m, config, judgeOnly(
		Record{Matches: []Match{{0, long}, {1, long}}, Body: long, EventName: long, Attrs: map[string]string{"http.route": long}},
		Record{Body: long[:1<<16], Resource: map[string]string{"service.name": long}},
		sample(1),
	))
}

func checkStrange(m Module, config []byte) error {
	var records []Record
	for severity := range 256 {
		records = append(records, Record{Severity: uint8(severity)})
	}
	return with(m, config, judgeOnly(records...))
}

func checkBinary(m Module, config []byte) error {
	return with(m, config, judgeOnly(
		Record{Matches: []Match{{0, "\xff"}, {1, ""}, {2, "\xf0\x90"}}, Body: "\xff\xfe\x00\xc3\x28", EventName: "\x80", Attrs: map[string]string{"http.route": "\xf0\x90"}},
		Record{Body: "\x00"},
	))
}

func checkGrown(m Module, config []byte) error {
	return with(m, config, func(d Driver, m *sdk.Manifest) error {
		for _, o := range []Options{{Now: 1 << 62}, {Now: 1 << 62, Trial: true}, {Now: 5}, {Now: 6, Longer: 16}} {
			if _, err := judge(d, m, o, samples(9)); err != nil {
				return fmt.Errorf("%+v: %w", o, err)
			}
		}
		return nil
	})
}
