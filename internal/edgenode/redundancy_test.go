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

// filter is an ideal one: it keeps what is severe in truth, and the first record of each key in a window.
type filter struct {
	name   string
	key    func(*Record) any
	opened map[any]time.Time
	score  *Score
}

const window = time.Minute

func (f *filter) judge(r *Record) {
	key := f.key(r)
	opened, ok := f.opened[key]
	first := !ok || r.Time.Sub(opened) >= window
	if first {
		f.opened[key] = r.Time
	}
	f.score.Add(r, first || r.Truth.Severe)
}

// A filter that knows each event drops more than 83% of an hour although it keeps all that matters; and so does one that
// knows the templates that the host finds. Neither hides an event.
func TestAnHourIsAsRedundantAsTheReferenceFigureNeeds(t *testing.T) {
	var m columns.Masker
	type key struct {
		of       any
		severity plog.SeverityNumber
		kind     any
	}
	filters := []*filter{
		{name: "oracle, by resource", key: func(r *Record) any { return key{r.Resource, r.Severity, r.Truth.Event} }},
		{name: "masked, by resource", key: func(r *Record) any { return key{r.Resource, r.Severity, m.ID(r.Body)} }},
	}
	for _, f := range filters {
		f.opened, f.score = make(map[any]time.Time), NewScore(window)
	}
	for r := range newNode(t, Options{Seed: 1}).All() {
		for _, f := range filters {
			f.judge(&r)
		}
	}
	for _, f := range filters {
		s := f.score
		records, bytes := s.Dropped()
		t.Logf("%s: dropped %.2f%% of %d records and %.2f%% of %d bytes; %d records matter", f.name, 100*records, s.Records, 100*bytes, s.Bytes, s.Matters)
		assert.GreaterOrEqual(t, records, 0.83, f.name)
		assert.GreaterOrEqual(t, bytes, 0.83, f.name)
		assert.Empty(t, s.Lost, "%s drops what matters", f.name)
		assert.Empty(t, s.Hidden, "%s hides an outcome", f.name)
	}
}

// A template of the host may be a part of an event, but never of two: then one would hide the other.
func TestNoTemplateOfTheHostHidesAnother(t *testing.T) {
	var m columns.Masker
	type kind struct {
		severity plog.SeverityNumber
		id       uint64
	}
	of, split, hides := make(map[kind]string), make(map[string]map[string]bool), make(map[string]string)
	for seed := range uint64(2) {
		for r := range newNode(t, Options{Seed: seed}).All() {
			text, id := m.Append(nil, r.Body)
			if other, ok := of[kind{r.Severity, id}]; ok && other != r.Truth.Event {
				hides[min(other, r.Truth.Event)+" and "+max(other, r.Truth.Event)] = string(text)
			}
			of[kind{r.Severity, id}] = r.Truth.Event
			if split[r.Truth.Event] == nil {
				split[r.Truth.Event] = make(map[string]bool)
			}
			split[r.Truth.Event][string(text)] = true
		}
	}
	for _, events := range slices.Sorted(maps.Keys(hides)) {
		t.Errorf("%s are one: %s", events, hides[events])
	}
	t.Logf("%d events, masked: %d", len(split), len(of))
	if os.Getenv("SEALGATE_REPLAY") != "diagnose" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(split)) {
		if texts := slices.Sorted(maps.Keys(split[name])); len(texts) > 1 {
			t.Logf("SPLIT %s into %d\n  %.200s\n  %.200s", name, len(texts), texts[0], texts[len(texts)-1])
		}
	}
}
