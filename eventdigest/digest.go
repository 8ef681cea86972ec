// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmhost/columns"
)

// Options are the limits of a [Digest]. All are positive.
type Options struct {
	Window      time.Duration
	WorseFactor uint64 // at least 2
	WorseLeast  uint64
	Examples    int // objects that a record names
	MaxKinds    int
	MaxBytes    int // of all kinds, with their messages
	MaxEvents   int // Event objects whose counts are remembered; some 48 bytes each
}

// Stats are totals since the Digest was made, and the number of kinds now.
type Stats struct {
	Occurrences uint64 // counted
	Inexact     uint64 // changes that counted once because the object's earlier count was not remembered
	Kinds       int
	Bytes       int // that the kinds take
}

// Digest counts events by kind. It is not safe for concurrent use.
type Digest struct {
	options Options
	ledger  *lru.Table[seen]
	kinds   map[kindKey]*kind
	queue   []*kind // all kinds, in the order in which their windows end
	stats   Stats

	masker columns.Masker
	text   []byte // reused
}

// seen is what is remembered of an Event object. Its key in the ledger is a hash of namespace and name.
type seen struct {
	uid   uint64 // a hash
	count uint64
}

type kindKey [16]byte

// kind is what is remembered of the events of a kind.
type kind struct {
	key    kindKey
	end    int64  // of its window, nanoseconds since 1970
	before uint64 // repeats in the window before
	window uint64 // repeats in this window
	worse  uint64 // is reported at once when window reaches it
	owed   owed
	sample []byte // the latest event, packed
}

// owed are occurrences that were counted and not reported yet.
type owed struct {
	count       uint64
	first, last int64 // nanoseconds since 1970
	objects     []string
}

// kindBytes is what a kind takes beside its sample and examples.
const kindBytes = 240

// New returns an empty Digest.
func New(o Options) *Digest {
	return &Digest{options: o, ledger: lru.New[seen](o.MaxEvents), kinds: map[kindKey]*kind{}}
}

// Stats returns the totals.
func (d *Digest) Stats() Stats {
	d.stats.Kinds = len(d.kinds)
	return d.stats
}

// Arrival says how the caller learned of an event.
type Arrival bool

// The arrivals.
const (
	Added    Arrival = false // the object is new, or comes from a list
	Modified Arrival = true
)

// Add takes an event that arrived now. It reports whether there is a record to pass on at once.
func (d *Digest) Add(e *Event, as Arrival, now time.Time) (Record, bool) {
	n := d.occurrences(e, as)
	if n == 0 {
		return Record{}, false
	}
	d.stats.Occurrences += n
	key := d.keyOf(e)
	first, last := times(e, n, now)
	k := d.kinds[key]
	if k == nil {
		cause := First
		if !d.remember(key, e, now) {
			cause = Untracked
		}
		return Record{
			Event: *e, Owner: OwnerOf(e.Object), Cause: cause, Count: n, First: first, Last: last, Objects: []string{e.Object.String()},
		}, true
	}
	d.count(k, e, n, first.UnixNano(), last.UnixNano())
	if k.window < k.worse {
		return Record{}, false
	}
	d.raise(k)
	return d.report(k, Worse), true
}

// occurrences returns by how much an event object grew, and remembers its count.
func (d *Digest) occurrences(e *Event, as Arrival) uint64 {
	key, uid := hash64(e.Namespace, e.Name), hash64(e.UID)
	count := max(e.Count, 1)
	s := d.ledger.Use(key)
	if s == nil {
		d.ledger.Add(key, seen{uid, count})
		if as == Modified {
			d.stats.Inexact++
			return 1
		}
		return count
	}
	known := *s
	if known.uid == uid {
		s.count = max(known.count, count)
		return s.count - known.count
	}
	*s = seen{uid, count}
	if count > known.count { // created again by a component that goes on counting
		return count - known.count
	}
	return count
}

// keyOf returns the key of an event's kind.
func (d *Digest) keyOf(e *Event) kindKey {
	owner := OwnerOf(e.Object)
	b := d.text[:0]
	for _, part := range []string{e.Namespace, owner.Kind, owner.Name, e.Type, e.Reason} {
		b = appendText(b, part)
	}
	// What client-go's recorder puts before the message of similar events that it reports as one.
	message := strings.TrimPrefix(e.Message, "(combined from similar events): ")
	d.text, _ = d.masker.Append(b, withOwner(message, owner.Name))
	sum := sha256.Sum256(d.text)
	return kindKey(sum[:16])
}

// times returns those of the first and the last of n new occurrences.
func times(e *Event, n uint64, now time.Time) (first, last time.Time) {
	last = e.Last
	if !representable(last) {
		last = now
	}
	if n < e.Count || !representable(e.First) || e.First.After(last) { // some were counted before, or clocks differ
		return last, last
	}
	return e.First, last
}

// representable says whether a time is set and is one of [time.Time.UnixNano].
func representable(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2262 }

// remember adds a kind and reports whether it fits.
func (d *Digest) remember(key kindKey, e *Event, now time.Time) bool {
	sample := pack(nil, e)
	if len(d.kinds) >= d.options.MaxKinds || d.stats.Bytes+kindBytes+len(sample) > d.options.MaxBytes {
		return false
	}
	k := &kind{key: key, sample: sample}
	d.begin(k, now)
	d.kinds[key] = k
	d.stats.Bytes += kindBytes + len(sample)
	return true
}

// begin begins a window of a kind.
func (d *Digest) begin(k *kind, now time.Time) {
	k.end = now.Add(d.options.Window).UnixNano()
	k.before, k.window, k.worse = k.window, 0, 0
	d.raise(k)
	d.queue = append(d.queue, k)
}

// raise sets the number of repeats at which a kind is worse than it is now.
func (d *Digest) raise(k *kind) {
	if k.worse == 0 {
		k.worse = max(d.options.WorseLeast, saturate(k.before, d.options.WorseFactor))
	}
	for k.worse <= k.window && k.worse < most {
		k.worse = saturate(k.worse, d.options.WorseFactor)
	}
}

// count adds n occurrences to what a kind is owed.
func (d *Digest) count(k *kind, e *Event, n uint64, first, last int64) {
	if k.owed.count == 0 {
		k.owed.first, k.owed.last = first, last
	}
	k.owed.first, k.owed.last = min(k.owed.first, first), max(k.owed.last, last)
	k.owed.count += n
	k.window += n
	if len(k.owed.objects) < d.options.Examples {
		d.addExample(k, e.Object.String())
	}
	d.text = pack(d.text[:0], e)
	if more := len(d.text) - len(k.sample); more <= 0 || d.room(more) {
		d.stats.Bytes += more
		k.sample = append(k.sample[:0], d.text...)
	}
}

func (d *Digest) addExample(k *kind, object string) {
	if !slices.Contains(k.owed.objects, object) && d.room(len(object)) {
		k.owed.objects = append(k.owed.objects, object)
		d.stats.Bytes += len(object)
	}
}

func (d *Digest) room(bytes int) bool { return d.stats.Bytes+bytes <= d.options.MaxBytes }

// report returns a record of what a kind is owed, and clears it.
func (d *Digest) report(k *kind, cause Cause) Record {
	e := unpack(k.sample)
	r := Record{
		Event: e, Owner: OwnerOf(e.Object), Cause: cause, Count: k.owed.count,
		First: time.Unix(0, k.owed.first), Last: time.Unix(0, k.owed.last), Objects: k.owed.objects,
	}
	for _, object := range k.owed.objects {
		d.stats.Bytes -= len(object)
	}
	k.owed = owed{}
	return r
}

// Due returns a record of a window that has ended. It reports false when there is none; a caller asks until then.
func (d *Digest) Due(now time.Time) (Record, bool) {
	for len(d.queue) > 0 {
		k := d.queue[0]
		// A window that ends later than one that begins now is of a clock that was set back.
		if at := now.UnixNano(); k.end > at && k.end <= now.Add(d.options.Window).UnixNano() {
			return Record{}, false
		}
		d.queue[0] = nil
		d.queue = d.queue[1:]
		if k.window == 0 {
			delete(d.kinds, k.key)
			d.stats.Bytes -= kindBytes + len(k.sample)
			continue
		}
		d.begin(k, now)
		if k.owed.count > 0 {
			return d.report(k, Repeats), true
		}
	}
	return Record{}, false
}

// Next returns the time at which the next window ends, and false where there is none.
func (d *Digest) Next() (time.Time, bool) {
	if len(d.queue) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, d.queue[0].end), true
}

// Drain yields a record of each kind that is owed one, before its window ends. Windows go on.
func (d *Digest) Drain() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, k := range d.queue {
			if k.owed.count > 0 && !yield(d.report(k, Repeats)) {
				return
			}
		}
	}
}

// most is where counts stop growing.
const most = 1 << 62

// saturate multiplies without overflow.
func saturate(n, by uint64) uint64 {
	if n > most/by {
		return most
	}
	return n * by
}

// hash64 is 64 bits of a cryptographic hash: nobody can name an event so that it is taken for another.
func hash64(parts ...string) uint64 {
	var space [512]byte
	b := space[:0]
	for _, part := range parts {
		b = appendText(b, part)
	}
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}
