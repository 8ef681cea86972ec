// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestAScoreFindsLostRecordsAndHiddenOutcomes(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one, other := &Resource{}, &Resource{Attributes: []Attribute{{"k8s.pod.name", "other"}}}
	s := NewScore(time.Minute)
	add := func(second int, of *Resource, event string, matters, kept bool) {
		s.Add(&Record{Time: start.Add(time.Duration(second) * time.Second), Resource: of, Body: "12345", Truth: Truth{Event: event, Matters: matters}}, kept)
	}
	add(0, one, "login/succeeded", false, true)
	add(1, one, "login/succeeded", false, false)
	add(2, one, "login/failed", false, false)
	add(3, other, "login/succeeded", false, false)
	add(60, one, "login/succeeded", false, false)
	add(61, one, "login/succeeded", false, false)
	add(62, one, "disk/broken", true, true)
	add(63, one, "disk/broken", true, false)
	assert.Equal(t, map[string]int{"login/failed": 1, "login/succeeded": 2}, s.Hidden)
	assert.Equal(t, map[string]int{"disk/broken": 1}, s.Lost)
	assert.Equal(t, 2, s.Matters)
	records, bytes := s.Dropped()
	assert.Equal(t, 0.75, records)
	assert.Equal(t, 0.75, bytes)
	assert.Equal(t, []int{8, 40, 6, 30}, []int{s.Records, s.Bytes, s.DroppedRecords, s.DroppedBytes})
}

func TestLevelsHavePrecisionAndRecall(t *testing.T) {
	l := NewLevels()
	add := func(truth plog.SeverityNumber, severe bool, found plog.SeverityNumber, guarded bool) {
		l.Add(&Record{Truth: Truth{Event: "program/event", Severity: truth, Severe: severe}}, found, guarded)
	}
	add(info, false, info+1, false) // INFO2 is INFO
	add(bad, true, fatal, true)
	add(none, true, bad, true) // a crash
	add(none, true, none, true)
	add(none, false, none, false)
	add(warn, true, none, false)
	add(none, false, bad, true)
	add(info, false, warn, true)
	assert.Equal(t, &Levels{Right: 3, Wrong: 1, Invented: 1, Missed: 1, Severe: 4, SevereFound: 3, SevereInvented: 2, Misjudged: map[string]int{"program/event": 3}}, l)
	precision, recall := l.Levels()
	assert.Equal(t, []float64{0.6, 0.6}, []float64{precision, recall})
	precision, recall = l.Guard()
	assert.Equal(t, []float64{0.6, 0.75}, []float64{precision, recall})
	precision, recall = (&Levels{}).Guard()
	assert.Equal(t, []float64{1, 1}, []float64{precision, recall}, "nothing was there to be found")
}
