// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// level is a severity number, and the bit severe.
type level uint16

const severe level = 1 << 8

func (l level) rule() uint16 { return ruleRepeats + uint16(l>>8) }

// columns are those of a chunk.
type columns struct {
	now        uint64
	times      []uint64
	severities []uint8
	identities []uint64
	protected  []uint8
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	f.arrived = c.Now()
	k := columns{now: c.Now(), times: c.Time(), severities: c.Severity(), identities: c.Identity(), protected: c.Protected()}
	for i := 0; i < len(v); i++ {
		if i = f.count(&k, v, i); i < len(v) {
			v[i] = f.look(&k, i)
		}
	}
}

// count judges records from i up to one that is not simply kept or one more of a known template, and
// returns which one that is. It calls nothing that is not inlined: in a module made by Go, a loop with a
// call in it takes twice as long.
func (f *filter) count(k *columns, v []sdk.Verdict, i int) int {
	for ; i < len(v); i++ {
		l := f.level(k, i)
		if f.exempt(k, i, l) {
			continue
		}
		now := f.now(k, i)
		place := f.entries.Find(k.identities[i])
		if place == 0 {
			return i
		}
		e := f.entries.At(place)
		if e.kept < f.keepFirst || f.over(e.since, now) {
			return i
		}
		f.latest = now
		if e.touched != f.period {
			e.touched = f.period
			f.entries.Touch(place)
		}
		e.owed.Add(debt.Time(k.times[i], now))
		v[i] = sdk.Count(l.rule())
	}
	return i
}

// look judges record i, and remembers it.
func (f *filter) look(k *columns, i int) sdk.Verdict {
	id := k.identities[i]
	f.latest = f.now(k, i)
	e := f.entries.Use(id)
	if e == nil {
		f.remember(entry{identity: id, since: f.latest, kept: 1, level: f.level(k, i)})
		return sdk.Keep
	}
	if f.over(e.since, f.latest) {
		e.since, e.kept, e.due = f.latest, 0, e.owed.Count > 0
	}
	e.kept++
	return sdk.Keep
}

func (f *filter) level(k *columns, i int) level {
	l := level(k.severities[i])
	if l > conf.MaxSeverity {
		l = 0
	}
	if l >= level(f.severe) {
		l |= severe
	}
	return l
}

// exempt says whether a record is kept without further ado.
func (f *filter) exempt(k *columns, i int, l level) bool {
	return k.protected[i] != 0 || l >= severe && !f.thinSevere
}

// now is the time by which windows go.
func (f *filter) now(k *columns, i int) uint64 {
	if !f.recordClock {
		return k.now
	}
	if t := k.times[i]; t != 0 {
		return t
	}
	if f.latest != 0 {
		return f.latest
	}
	return k.now
}

// over says whether a window that began at since has ended. A clock that was set back by a window or more
// ends it too: what comes then is kept rather than lost.
func (f *filter) over(since, now uint64) bool {
	return max(since, now)-min(since, now) >= f.window
}

// remember adds an entry, unless the one that would make room for it owes a report and nothing
// more can be put off: then records of its template go through until the next flush.
func (f *filter) remember(e entry) {
	if f.entries.Full() {
		if oldest := f.entries.Oldest(); oldest.owed.Count > 0 {
			if len(f.evicted) == maxEvicted {
				return
			}
			f.evicted = append(f.evicted, *oldest)
		}
	}
	f.period++
	e.touched = f.period
	f.entries.Add(e.identity, e)
}
