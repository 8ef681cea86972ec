// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package debt counts records that were dropped and not yet reported.
package debt

import (
	"encoding/binary"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Debt is a number of records and when the first and the last of them were.
type Debt struct {
	Count       uint64
	First, Last uint64 // nanoseconds since 1970
}

// Add counts one record.
func (d *Debt) Add(time uint64) {
	if d.Count == 0 {
		d.First, d.Last = time, time
	}
	d.Count++
	d.First, d.Last = min(d.First, time), max(d.Last, time)
}

// Merge takes over a debt.
func (d *Debt) Merge(o Debt) {
	switch {
	case o.Count == 0:
	case d.Count == 0:
		*d = o
	default:
		d.Count += o.Count
		d.First, d.Last = min(d.First, o.First), max(d.Last, o.Last)
	}
}

// Settle appends a report of the debt, if there is one, and forgets it.
func (d *Debt) Settle(to []sdk.Report, r sdk.Report) []sdk.Report {
	if d.Count == 0 {
		return to
	}
	r.Count, r.First, r.Last = d.Count, d.First, d.Last
	*d = Debt{}
	return append(to, r)
}

// maxCrowded is the most reports that Crowded keeps apart.
const maxCrowded = 4096

// Crowded holds the debts of entries that made room for others, until the next flush. The zero value is
// ready for use.
type Crowded struct {
	Rest    Debt // of those that could not be kept apart
	reports []sdk.Report
}

// Add takes over the debt of an entry, which is reported like r.
func (c *Crowded) Add(d Debt, r sdk.Report) {
	if len(c.reports) >= maxCrowded {
		c.Rest.Merge(d)
		return
	}
	c.reports = d.Settle(c.reports, r)
}

// Settle appends the reports, and forgets them. The rest is reported like r.
func (c *Crowded) Settle(to []sdk.Report, r sdk.Report) []sdk.Report {
	to = append(to, c.reports...)
	c.reports = c.reports[:0]
	return c.Rest.Settle(to, r)
}

// Total is all that is owed.
func (c *Crowded) Total() Debt {
	all := c.Rest
	for _, r := range c.reports {
		all.Merge(Debt{r.Count, r.First, r.Last})
	}
	return all
}

// Len is the number of reports that Settle appends beside that of the rest.
func (c *Crowded) Len() int { return len(c.reports) }

// Size is how many bytes Append appends.
const Size = 24

// Append writes the debt to a state.
func (d *Debt) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, d.Count)
	b = binary.LittleEndian.AppendUint64(b, d.First)
	return binary.LittleEndian.AppendUint64(b, d.Last)
}

// Read reads what Append wrote, Size bytes at least, and says whether it can be a debt.
func Read(b []byte) (Debt, bool) {
	word := binary.LittleEndian.Uint64
	d := Debt{word(b), word(b[8:]), word(b[16:])}
	return d, d.First <= d.Last
}

// Time is the time of a record, or else that of its chunk.
func Time(record, now uint64) uint64 {
	if record == 0 {
		return now
	}
	return record
}
