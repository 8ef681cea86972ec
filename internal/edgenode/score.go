// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Score compares the verdicts of a filter with the truth. Records are added in the order of their time.
type Score struct {
	Records, Bytes               int // of all records; bytes are those of bodies
	DroppedRecords, DroppedBytes int

	Matters int            // records that no filter may drop
	Lost    map[string]int // by event: records that matter and were dropped
	Hidden  map[string]int // by event: dropped records for which no record of the same event and resource stands

	window time.Duration
	stands map[occurrence]time.Time // the last kept record
}

type occurrence struct {
	of    *Resource
	event string
}

// NewScore returns an empty score. A kept record stands for those of its event and resource for the time of a window.
func NewScore(window time.Duration) *Score {
	return &Score{Lost: map[string]int{}, Hidden: map[string]int{}, window: window, stands: map[occurrence]time.Time{}}
}

// Add counts a record that was kept or dropped.
func (s *Score) Add(r *Record, kept bool) {
	s.Records++
	s.Bytes += len(r.Body)
	if r.Truth.Matters {
		s.Matters++
	}
	key := occurrence{r.Resource, r.Truth.Event}
	if kept {
		s.stands[key] = r.Time
		return
	}
	s.DroppedRecords++
	s.DroppedBytes += len(r.Body)
	if r.Truth.Matters {
		s.Lost[r.Truth.Event]++
	}
	if last, ok := s.stands[key]; !ok || r.Time.Sub(last) > s.window {
		s.Hidden[r.Truth.Event]++
	}
}

// Dropped returns the shares of records and bytes that were dropped, from 0 to 1.
func (s *Score) Dropped() (records, bytes float64) {
	return share(s.DroppedRecords, s.Records), share(s.DroppedBytes, s.Bytes)
}

// Levels compares severities that were inferred with those that the lines have. ERROR and FATAL are one level: programs do
// not agree on where one ends.
type Levels struct {
	Right, Wrong, Invented, Missed int // invented: the line has no level

	Severe, SevereFound, SevereInvented int // records that matter by what they say

	Misjudged map[string]int // by event: records of which the level or the guard is not right
}

// NewLevels returns an empty comparison.
func NewLevels() *Levels { return &Levels{Misjudged: map[string]int{}} }

// Add counts what was inferred of a record without a severity: a number of OTLP, 0 where no level was found, and whether the
// guard keeps the record.
func (l *Levels) Add(r *Record, number plog.SeverityNumber, guarded bool) {
	truth, found := levelOf(r.Truth.Severity), levelOf(number)
	if truth == 0 && r.Truth.Severe && found == levelOf(bad) {
		truth = found // a crash has no level, and is an error
	}
	if truth != found || guarded != r.Truth.Severe {
		l.Misjudged[r.Truth.Event]++
	}
	switch {
	case truth == found:
		if truth != 0 {
			l.Right++
		}
	case found == 0:
		l.Missed++
	case truth == 0:
		l.Invented++
	default:
		l.Wrong++
	}
	switch {
	case r.Truth.Severe && guarded:
		l.Severe++
		l.SevereFound++
	case r.Truth.Severe:
		l.Severe++
	case guarded:
		l.SevereInvented++
	}
}

// Levels returns the share of the levels found that are right, and the share of the levels there that were found.
func (l *Levels) Levels() (precision, recall float64) {
	return share(l.Right, l.Right+l.Wrong+l.Invented), share(l.Right, l.Right+l.Wrong+l.Missed)
}

// Guard returns the share of the guarded records that are severe, and the share of the severe records that are guarded.
func (l *Levels) Guard() (precision, recall float64) {
	return share(l.SevereFound, l.SevereFound+l.SevereInvented), share(l.SevereFound, l.Severe)
}

// levelOf is 0 for none, and 1 for TRACE to 5 for ERROR and FATAL.
func levelOf(n plog.SeverityNumber) int { return min(int(n+3)/4, 5) }

func share(part, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(part) / float64(of)
}
