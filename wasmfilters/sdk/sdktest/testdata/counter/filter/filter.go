// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package filter is a filter for the tests of the SDK that uses all of it.
package filter

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// counter drops all that is below INFO, and tells of it once a flush.
type counter struct {
	report sdk.Report
	out    [1]sdk.Report
}

// New makes one.
func New() sdk.Filter { return &counter{} }

func (f *counter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{
		Name: "counter", Version: "1.2.3", Rules: []string{"unimportant"},
		Columns: []string{sdk.ColumnSeverity, sdk.ColumnTime, sdk.ColumnBody, sdk.Attr("crash")},
	}
	if string(config) == `"refuse"` {
		return m, errors.New("configuration: \"refuse\" is refused")
	}
	return m, nil
}

func (f *counter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	for i, s := range c.Severity() {
		f.misbehave(c.Record(i))
		if s == 0 || s >= 9 {
			continue
		}
		v[i] = sdk.Count(1)
		f.count(c.Time()[i])
	}
}

func (f *counter) count(at uint64) {
	r := &f.report
	if r.Count == 0 {
		*r = sdk.Report{Key: 42, First: at, Rule: 1, Text: "unimportant records"}
	}
	r.Count++
	r.First, r.Last = min(r.First, at), max(r.Last, at)
}

// misbehave does what a test asks for in an attribute.
func (f *counter) misbehave(r sdk.Record) {
	switch how, _ := r.Attr("attr:crash"); string(how) {
	case "panic":
		panic("as asked for")
	case "loop":
		for {
			f.report.Key++
		}
	}
}

func (f *counter) Flush(uint64, bool) []sdk.Report {
	if f.report.Count == 0 {
		return nil
	}
	f.out[0] = f.report
	f.report = sdk.Report{}
	return f.out[:]
}

func (f *counter) SaveState() []byte {
	b := binary.LittleEndian.AppendUint64(nil, f.report.Count)
	b = binary.LittleEndian.AppendUint64(b, f.report.First)
	return binary.LittleEndian.AppendUint64(b, f.report.Last)
}

func (f *counter) RestoreState(b []byte) error {
	if len(b) != 24 {
		return errors.New("state: it is not this filter's")
	}
	word := binary.LittleEndian.Uint64
	f.report = sdk.Report{Key: 42, Count: word(b), First: word(b[8:]), Last: word(b[16:]), Rule: 1, Text: "unimportant records"}
	return nil
}
