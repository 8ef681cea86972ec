// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost/columns"
)

// filter is an ideal one: it keeps what is WARN or worse, and the first record of each key in a window.
type filter struct {
	name   string
	key    func(*Record) any
	opened map[any]time.Time

	records, bytes int // kept
	lost           []string
}

const window = time.Minute

func (f *filter) judge(r *Record, key any) {
	opened, ok := f.opened[key]
	if !ok || r.Time.Sub(opened) >= window {
		f.opened[key] = r.Time
	} else if r.Severity < plog.SeverityNumberWarn {
		if r.Truth.Matters {
			f.lost = append(f.lost, r.Truth.Template)
		}
		return
	}
	f.records++
	f.bytes += len(r.Body)
}

// One who knows the templates drops more than 86% of an hour, so that 83% can be reached without knowing them; and with
// the templates that the host finds they are.
func TestAnHourIsAsRedundantAsTheReferenceFigureNeeds(t *testing.T) {
	var m columns.Masker
	type key struct {
		of       any
		severity plog.SeverityNumber
		template any
	}
	program := func(r *Record) any { return attribute(r.Resource, "service.name") }
	filters := []*filter{
		{name: "oracle, by pod", key: func(r *Record) any { return key{r.Resource, r.Severity, r.Truth.Template} }},
		{name: "oracle", key: func(r *Record) any { return key{nil, r.Severity, r.Truth.Template} }},
		{name: "masked, by pod", key: func(r *Record) any { return key{r.Resource, r.Severity, m.ID(r.Body)} }},
		{name: "masked, by program", key: func(r *Record) any { return key{program(r), r.Severity, m.ID(r.Body)} }},
		{name: "masked", key: func(r *Record) any { return key{nil, r.Severity, m.ID(r.Body)} }},
		{name: "masked, without severity", key: func(r *Record) any { return key{nil, 0, m.ID(r.Body)} }},
	}
	for _, f := range filters {
		f.opened = make(map[any]time.Time)
	}
	records, bytes := 0, 0
	for r := range newNode(t, Options{Seed: 1}).All() {
		records++
		bytes += len(r.Body)
		for _, f := range filters {
			f.judge(&r, f.key(&r))
		}
	}
	for i, f := range filters {
		ofRecords, ofBytes := dropped(f.records, records), dropped(f.bytes, bytes)
		t.Logf("%-26s dropped %.2f%% of %d records, %.2f%% of %d bytes", f.name, ofRecords, records, ofBytes, bytes)
		least := 83.0
		if i < 2 {
			least = 86
		}
		assert.GreaterOrEqual(t, ofRecords, least, f.name)
		assert.GreaterOrEqual(t, ofBytes, least, f.name)
		assert.Empty(t, f.lost, "%s drops what matters", f.name)
	}
}

func dropped(kept, of int) float64 { return 100 * (1 - float64(kept)/float64(of)) }

// A template of the host may be a part of one in truth, but never of two: then one would hide the other.
func TestNoTemplateOfTheHostHidesAnother(t *testing.T) {
	var m columns.Masker
	of, split := make(map[uint64]string), make(map[string]map[string]bool)
	for seed := range uint64(2) {
		for r := range newNode(t, Options{Seed: seed}).All() {
			text, id := m.Append(nil, r.Body)
			if other, ok := of[id]; ok && other != r.Truth.Template {
				t.Errorf("%s hides %s: %s", other, r.Truth.Template, text)
			}
			of[id] = r.Truth.Template
			if split[r.Truth.Template] == nil {
				split[r.Truth.Template] = make(map[string]bool)
			}
			split[r.Truth.Template][string(text)] = true
		}
	}
	t.Logf("%d templates, masked: %d", len(split), len(of))
	if os.Getenv("SEALGATE_REPLAY") != "diagnose" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(split)) {
		if texts := slices.Sorted(maps.Keys(split[name])); len(texts) > 1 {
			t.Logf("SPLIT %s into %d\n  %.200s\n  %.200s", name, len(texts), texts[0], texts[len(texts)-1])
		}
	}
}
