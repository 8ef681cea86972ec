// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal/archive"
)

// timeFlags select a time range.
type timeFlags struct {
	from, to string
	byIndex  bool
}

func (t *timeFlags) register(fs *flag.FlagSet) {
	const forms = "2026-01-31T15:04:05Z; 2026-01-31T15:04:05, in UTC; 2026-01-31, its first moment in UTC; or an age such as 90m or 24h"
	fs.StringVar(&t.from, "from", "", "only what is of this `TIME` or later: "+forms)
	fs.StringVar(&t.to, "to", "", "only what is of this `TIME` or earlier, in the same forms")
	fs.BoolVar(&t.byIndex, "by-index", false, "with a time range, skip frames that the index of a finished file places outside of it: faster, but items without a time in them are not found")
}

func (t *timeFlags) between(now time.Time) (timeRange, error) {
	from, err := parseTime("from", t.from, now)
	if err != nil {
		return timeRange{}, err
	}
	to, err := parseTime("to", t.to, now)
	if err != nil {
		return timeRange{}, err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return timeRange{}, usagef("--to %s is before --from %s; exchange them", t.to, t.from)
	}
	return timeRange{from: from, to: to, byIndex: t.byIndex}, nil
}

func parseTime(name, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		// Beyond these years a time has no nanoseconds since 1970 in 64 bits.
		if at.Year() < 1970 || at.Year() > 2261 {
			return time.Time{}, usagef("--%s %s: the year must be 1970 to 2261", name, text)
		}
		return at, nil
	}
	return time.Time{}, usagef("--%s %q is no time; write 2026-01-31T15:04:05Z, 2026-01-31, or an age such as 90m", name, text)
}

// timeRange is a range of time, both ends included. A zero end is open.
type timeRange struct {
	from, to time.Time
	byIndex  bool // the index of a file chooses the frames
}

func (r timeRange) all() bool { return r.from.IsZero() && r.to.IsZero() }

// frames returns which frames to read. The index does not name items without a time, which are
// of every range, so all frames are read unless the index is asked for.
func (r timeRange) frames() archive.Between {
	if !r.byIndex {
		return archive.Between{}
	}
	return archive.Between{From: r.from, To: r.to}
}

// overlaps tells whether something that lasts from start to end is in the range.
// What has no time is: nobody can tell that it is not.
func (r timeRange) overlaps(start, end pcommon.Timestamp) bool {
	if start == 0 && end == 0 {
		return true
	}
	if start == 0 {
		start = end
	}
	end = max(start, end)
	return (r.to.IsZero() || start <= pcommon.NewTimestampFromTime(r.to)) &&
		(r.from.IsZero() || end >= pcommon.NewTimestampFromTime(r.from))
}

func (r timeRange) has(at pcommon.Timestamp) bool { return r.overlaps(at, at) }

// String is how the state of a replay names the range.
func (r timeRange) String() string {
	show := func(t time.Time) string {
		if t.IsZero() {
			return "open"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%s to %s", show(r.from), show(r.to))
}
