// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

// AttrRoute is the routing attribute that a filter may set.
const AttrRoute = "sealgate.route"

// reserved is the prefix of attributes that a filter cannot set or delete.
const reserved = "sealgate."

// Limits of the patches of a record, in bytes.
const (
	maxKey    = 256
	maxRoute  = 256
	maxGrowth = 64 << 10
	maxKeys   = 128 // attributes that are set or deleted
)

// Refusal is why the patches of a record were refused.
type Refusal uint8

// The reasons.
const (
	accepted        Refusal = iota
	RefusedRange            // a range lies outside its text, or in a character
	RefusedOverlap          // two patches are for the same place
	RefusedMissing          // there is no such attribute to delete, or no body that is a string
	RefusedSize             // the record grows by more than 64 KiB, a key or a route is empty or too long, or there are too many keys
	RefusedUTF8             // a text is not UTF-8
	RefusedKey              // the key is reserved
	RefusedSeverity         // there is no such severity
)

var refusals = [...]string{"", "range", "overlap", "missing", "size", "utf8", "reserved_key", "severity"}

func (r Refusal) String() string { return refusals[r] }

// Patcher has the patches of a batch that was judged: a wasmhost.Pending.
type Patcher interface {
	Patches(visit func(record int, patches []wasmhost.Patch))
}

// Apply applies patches to the records that are kept, and counts them. It comes after Settle: up to then every record
// is seen as it came. Where one patch is refused, the whole record stays as it came.
func (b *Batch) Apply(p Patcher) *Counts {
	p.Patches(func(i int, patches []wasmhost.Patch) {
		if b.Verdicts[i].Action != keep {
			return
		}
		if why := b.patcher.apply(b.logs[i], patches); why != accepted {
			b.counts.PatchesRefused[why]++
			return
		}
		for k := range patches {
			b.counts.Patches.add(Rule(patches[k].Rule) + 1)
		}
	})
	b.patcher.reset() // which holds texts
	return &b.counts
}

// patcher checks and applies the patches of a record. It keeps its scratch for the next one.
type patcher struct {
	record   plog.LogRecord
	edits    []edit
	writes   []write
	keys     []string // of attributes that are set or deleted
	body     bool     // all of it is replaced
	severity bool     // it is set
	growth   int      // bytes
	buf      []byte
}

// edit puts another text in the place of a part of one.
type edit struct {
	text       int // as Texts counts them
	start, end int
	value      string
}

// write is the result of the edits of a text.
type write struct {
	to    pcommon.Value
	value string
}

func (a *patcher) reset() {
	clear(a.edits)
	clear(a.writes)
	clear(a.keys)
	*a = patcher{edits: a.edits[:0], writes: a.writes[:0], keys: a.keys[:0], buf: a.buf[:0]}
}

// apply changes nothing before everything has been checked.
func (a *patcher) apply(r plog.LogRecord, patches []wasmhost.Patch) Refusal {
	a.reset()
	a.record = r
	for k := range patches {
		if why := a.check(&patches[k]); why != accepted {
			return why
		}
	}
	if why := a.edit(); why != accepted {
		return why
	}
	if a.growth > maxGrowth {
		return RefusedSize
	}
	for _, w := range a.writes {
		w.to.SetStr(w.value)
	}
	for k := range patches {
		a.set(&patches[k])
	}
	return accepted
}

// check checks what can be told of a patch by itself, and gathers the edits.
func (a *patcher) check(p *wasmhost.Patch) Refusal {
	if !utf8.ValidString(p.Key) || !utf8.ValidString(p.Value) {
		return RefusedUTF8
	}
	a.growth += len(p.Value)
	switch p.Kind {
	case wasmhost.PatchMatch:
		a.edits = append(a.edits, edit{p.Text, p.Start, p.End, p.Value})
	case wasmhost.PatchBodyRange:
		if a.record.Body().Type() != pcommon.ValueTypeStr {
			return RefusedMissing
		}
		a.edits = append(a.edits, edit{0, p.Start, p.End, p.Value}) // a body that is a string is the first text
	case wasmhost.PatchBody:
		a.growth -= textSize(a.record.Body())
		return once(&a.body)
	case wasmhost.PatchSeverity:
		if p.Severity > uint8(plog.SeverityNumberFatal4) {
			return RefusedSeverity
		}
		return once(&a.severity)
	case wasmhost.PatchRoute:
		if len(p.Value) == 0 || len(p.Value) > maxRoute {
			return RefusedSize
		}
		return a.claim(AttrRoute)
	default:
		return a.checkKey(p)
	}
	return accepted
}

func (a *patcher) checkKey(p *wasmhost.Patch) Refusal {
	if len(p.Key) == 0 || len(p.Key) > maxKey {
		return RefusedSize
	}
	if strings.HasPrefix(p.Key, reserved) {
		return RefusedKey
	}
	if old, ok := a.record.Attributes().Get(p.Key); ok {
		a.growth -= textSize(old)
	} else if p.Kind == wasmhost.PatchDeleteAttribute {
		return RefusedMissing
	} else {
		a.growth += len(p.Key)
	}
	return a.claim(p.Key)
}

// claim refuses a second patch of an attribute.
func (a *patcher) claim(key string) Refusal {
	if slices.Contains(a.keys, key) {
		return RefusedOverlap
	}
	if len(a.keys) == maxKeys {
		return RefusedSize
	}
	a.keys = append(a.keys, key)
	return accepted
}

func once(done *bool) Refusal {
	if *done {
		return RefusedOverlap
	}
	*done = true
	return accepted
}

// textSize is the size of a text; of other values it is not looked for.
func textSize(v pcommon.Value) int {
	if v.Type() == pcommon.ValueTypeStr {
		return len(v.Str())
	}
	return 0
}

// edit makes the texts that the edits result in.
func (a *patcher) edit() Refusal {
	if len(a.edits) == 0 {
		return accepted
	}
	slices.SortStableFunc(a.edits, func(x, y edit) int {
		return cmp.Or(cmp.Compare(x.text, y.text), cmp.Compare(x.start, y.start))
	})
	if a.edits[0].text < 0 {
		return RefusedRange
	}
	if body := a.record.Body(); body.Type() == pcommon.ValueTypeStr && a.edits[len(a.edits)-1].text == 0 { // nearly always
		if a.body {
			return RefusedOverlap
		}
		return a.splice(body, a.edits)
	}
	text, left, why := 0, a.edits, accepted
	visit := func(v pcommon.Value, replaced bool) {
		n := 0
		for n < len(left) && left[n].text == text {
			n++
		}
		text++
		switch {
		case n == 0 || why != accepted:
		case replaced:
			why = RefusedOverlap
		default:
			why = a.splice(v, left[:n])
		}
		left = left[n:]
	}
	eachText("", a.record.Body(), func(_ string, v pcommon.Value) { visit(v, a.body) })
	for name, v := range a.record.Attributes().All() {
		if len(left) == 0 {
			break
		}
		eachText(name, v, func(_ string, v pcommon.Value) { visit(v, slices.Contains(a.keys, name)) })
	}
	if why == accepted && len(left) > 0 {
		return RefusedRange
	}
	return why
}

// splice makes the text that the edits of one text result in, which are in their order.
func (a *patcher) splice(v pcommon.Value, edits []edit) Refusal {
	old, at := numberOrText(v), 0
	a.buf = a.buf[:0]
	for _, e := range edits {
		switch {
		case e.start < 0 || e.end < e.start || e.end > len(old) || !isBoundary(old, e.start) || !isBoundary(old, e.end):
			return RefusedRange
		case e.start < at:
			return RefusedOverlap
		}
		a.buf = append(append(a.buf, old[at:e.start]...), e.value...)
		at = e.end
		a.growth -= e.end - e.start
	}
	a.buf = append(a.buf, old[at:]...)
	a.writes = append(a.writes, write{v, string(a.buf)})
	return accepted
}

// isBoundary reports whether no character is cut at i.
func isBoundary(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }

// set applies a patch that is no edit.
func (a *patcher) set(p *wasmhost.Patch) {
	r := a.record
	switch p.Kind {
	case wasmhost.PatchBody:
		r.Body().SetStr(p.Value)
	case wasmhost.PatchSetAttribute:
		r.Attributes().PutStr(p.Key, p.Value)
	case wasmhost.PatchDeleteAttribute:
		r.Attributes().Remove(p.Key)
	case wasmhost.PatchRoute:
		r.Attributes().PutStr(AttrRoute, p.Value)
	case wasmhost.PatchSeverity:
		r.SetSeverityNumber(plog.SeverityNumber(p.Severity))
		r.SetSeverityText("") // it names another one
	}
}
