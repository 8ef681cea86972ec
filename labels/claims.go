// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

// Claims gathers what the attributes of one set say of each label. The zero
// value is empty; Reset empties it for the next set.
type Claims struct {
	seen     keySet
	claims   [NumKeys]claim
	evidence evidence
	// matched has the values of the keys that static rules match on. It is
	// allocated once and then kept.
	matched []matchedValue
	matches int // how many of them are set
}

// claim is the best claim on a label so far, and what the others did to it.
type claim struct {
	value   string // what it becomes
	pos     int32  // of the attribute that says so; -1 is none
	rank    uint8
	quality quality
	flags   claimFlags
	cloud   cloud // that the value names, or belongs to
	rule    Rule  // noRule for what an attribute claims
}

// quality orders claims before their spelling does.
type quality uint8

const (
	empty   quality = iota // the empty string: nothing is said
	opaque                 // not a string
	unknown                // in no vocabulary
	known
)

type claimFlags uint8

const (
	rewritten claimFlags = 1 << iota // the winning value is not what it was
	misplaced                        // the winning key is not the table's own
	several                          // there was more than one claim
	conflict                         // two claims differ
	disagree                         // two known values differ
	repaired                         // the winning value was implausible
	longZone                         // it is a zone with the path to it, see zonePath
)

// keySet is a set of labels, one bit each.
type keySet uint16

func (s keySet) has(k Key) bool { return s&(1<<k) != 0 }

// Reset empties c.
func (c *Claims) Reset() {
	if c.matches > 0 {
		clear(c.matched)
	}
	*c = Claims{matched: c.matched}
}

// Empty tells that no attribute meant anything.
func (c *Claims) Empty() bool { return c.seen == 0 && !c.evidence.any && c.matches == 0 }

// Claim puts a string attribute forward: its key was found to be the spelling
// s, pos is its position in the set.
func (t *Table) Claim(c *Claims, s Spelling, pos int, value string) {
	m, ok := t.meaning(s.Key, value)
	n := claim{value: m.text, pos: int32(pos), rank: s.rank, quality: known, cloud: m.cloud}
	switch {
	case value == "":
		n.quality = empty
	case !ok:
		n.quality = unknown
	}
	if s.Key == AvailabilityZone {
		t.shortenZone(c, &n)
	}
	if s.Key == Region && t.checks() && isAzureEnvironment(value) {
		n.quality = unknown // a region of any other name is better
	}
	if n.value != value {
		n.flags |= rewritten
	}
	t.offer(c, s, &n)
}

// ClaimOpaque puts forward an attribute that is not a string. Its value is
// kept as it is, and yields to any that is one.
func (t *Table) ClaimOpaque(c *Claims, s Spelling, pos int) {
	t.offer(c, s, &claim{pos: int32(pos), rank: s.rank, quality: opaque})
}

func (t *Table) offer(c *Claims, s Spelling, n *claim) {
	if !s.final {
		n.flags |= misplaced
	}
	if s.vendor != 0 {
		c.evidence.addPassing(vendors[s.vendor-1].finding(""), n.pos)
	}
	best := &c.claims[s.Key]
	if !c.seen.has(s.Key) {
		c.seen |= 1 << s.Key
		// Field by field: a claim that is copied as a whole waits for its small
		// stores to become one large load.
		best.value, best.pos, best.rank, best.quality, best.flags, best.cloud = n.value, n.pos, n.rank, n.quality, n.flags, n.cloud
		return
	}
	t.contest(best, n)
}

// contest puts a further claim against the best so far.
func (t *Table) contest(best, n *claim) {
	shared := best.flags&(conflict|disagree) | several
	if n.quality != empty && best.quality != empty && n.differs(best) {
		shared |= conflict
		if n.quality == known && best.quality == known {
			shared |= disagree
		}
	}
	if t.better(n, best) {
		*best = *n
	}
	best.flags |= shared
}

// differs tells claims apart. Values that are not strings are not compared:
// they differ from everything.
func (n *claim) differs(o *claim) bool {
	return n.quality == opaque || o.quality == opaque || n.value != o.value
}

// better orders two claims on one label: a known value first, then the spelling
// that OnConflict prefers, then the order of the table.
func (t *Table) better(n, best *claim) bool {
	if n.quality != best.quality {
		return n.quality > best.quality
	}
	if a, b := isCanonical(n.rank), isCanonical(best.rank); a != b {
		return a == (t.opts.OnConflict != PreferAlias)
	}
	return n.rank < best.rank
}

// Stats counts, for each label, what normalising came upon.
type Stats struct {
	Normalized [NumKeys]int64 // labels whose key or value changed
	Unknown    [NumKeys]int64 // values in no vocabulary
	Conflicts  [NumKeys]int64 // labels whose spellings carried different values

	// Of resources alone, but for zones that are repaired wherever they are, see
	// zonePath:
	InferredStrong [NumKeys]int64 // labels that were missing, from strong evidence
	InferredWeak   [NumKeys]int64 // from weak evidence
	Disagreements  [NumKeys]int64 // pieces of evidence contradicted each other, or the label
	Repaired       [NumKeys]int64 // implausible values that were put right
	Implausible    [NumKeys]int64 // implausible values that were left
}

// SettleResource is Settle for the attributes of a resource: static rules
// apply, missing labels are inferred, implausible ones repaired.
func (t *Table) SettleResource(c *Claims, st *Stats) Changes {
	t.applyStatic(c)
	provider := noCloud
	if !t.opts.NoInference {
		t.infer(c, st)
	}
	if cl := &c.claims[Provider]; !t.missing(c, Provider) {
		provider = cl.cloud
	}
	if t.checks() {
		t.checkPlausible(c, provider, st)
	}
	if !t.opts.NoInference {
		t.inferRegion(c, provider, st)
	}
	return t.Settle(c, st)
}

// Settle decides every label, adds to st, and tells what has to change. It is
// called once, after the last claim.
func (t *Table) Settle(c *Claims, st *Stats) Changes {
	ch := Changes{claims: &c.claims}
	for s, k := c.seen, Key(0); s != 0; s, k = s>>1, k+1 {
		if s&1 != 0 {
			t.settle(&ch, k, st)
		}
	}
	return ch
}

func (t *Table) settle(ch *Changes, k Key, st *Stats) {
	cl := &ch.claims[k]
	unheard := k.isEnum() && cl.quality != known
	if unheard {
		st.Unknown[k]++
	}
	if cl.flags&conflict != 0 {
		st.Conflicts[k]++
	}
	if cl.flags&repaired != 0 {
		st.Repaired[k]++
	}
	drop := unheard && t.opts.OnUnknown == DropUnknown ||
		cl.flags&disagree != 0 && t.opts.OnConflict == DropConflict
	if !drop && cl.flags&(rewritten|misplaced|several) == 0 {
		return // as it should be
	}
	ch.remove |= 1 << k
	if drop {
		return
	}
	ch.keep |= 1 << k
	if cl.rule != ByStrong && cl.rule != ByWeak {
		st.Normalized[k]++
	}
}

// Changes says what has to be done to an attribute set: remove every spelling
// of some labels, then write back those that stay.
type Changes struct {
	remove, keep keySet
	claims       *[NumKeys]claim
}

// None tells that the set is normal already.
func (ch *Changes) None() bool { return ch.remove == 0 }

// Remove tells that every spelling of k has to go. Those labels that stay
// come back under their own name, see Keep.
func (ch *Changes) Remove(k Key) bool { return ch.remove.has(k) }

// Keep tells that k stays. pos is the position of the attribute whose value it
// keeps; where that is a string, value is what it becomes, and rewritten tells
// whether it differs from what it was.
func (ch *Changes) Keep(k Key) (pos int, value string, rewrite, ok bool) {
	if !ch.keep.has(k) {
		return 0, "", false, false
	}
	cl := &ch.claims[k]
	return int(cl.pos), cl.value, cl.flags&rewritten != 0, true
}
