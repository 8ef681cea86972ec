// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

// missing tells that the record does not say what k is, or that what it says
// will not stay.
func (t *Table) missing(c *Claims, k Key) bool {
	if !c.seen.has(k) {
		return true
	}
	cl := &c.claims[k]
	return cl.quality == empty || k.isEnum() && cl.quality != known ||
		cl.flags&disagree != 0 && t.opts.OnConflict == DropConflict
}

// text returns the value of a label that is text and stays, else "".
func (t *Table) text(c *Claims, k Key) string {
	if t.missing(c, k) || c.claims[k].quality == opaque {
		return ""
	}
	return c.claims[k].value
}

// decide makes value the claim on k, by a rule that is not an attribute's.
func (c *Claims) decide(k Key, m meaning, pos int32, rule Rule) {
	cl := &c.claims[k]
	*cl = claim{value: m.text, cloud: m.cloud, pos: pos, quality: known, rule: rule, flags: cl.flags&conflict | rewritten}
	c.seen |= 1 << k
}

// infer fills in what is missing and evidence gives away: first what holds
// wherever the resource is, then the provider, then what holds in it.
//
// The order is what makes the second time change nothing: each step sees the
// labels that the ones before filled in as if they had come with the record.
func (t *Table) infer(c *Claims, st *Stats) {
	for _, k := range [...]Key{Region, AvailabilityZone, HostType} {
		t.fill(c, k, noCloud, strongly, st)
	}
	t.witnessLabels(c)
	provider, sure := t.inferProvider(c, st)
	if c.evidence.any && provider != noCloud {
		for _, k := range [...]Key{Platform, Region, AvailabilityZone, AccountID, HostID} {
			t.fill(c, k, provider, sure, st)
		}
	}
	if c.evidence.k3s != 0 && t.missing(c, Platform) {
		t.put(c, Platform, "k3s", c.evidence.k3s-1, strongly, st)
	}
}

// witnessLabels takes what the labels themselves give away.
func (t *Table) witnessLabels(c *Claims) {
	e := &c.evidence
	if v := t.text(c, ResourceID); v != "" {
		e.add(parseResourceID(v), c.claims[ResourceID].pos)
	}
	if v := t.text(c, HostType); v != "" {
		e.add(parseInstanceType(v), c.claims[HostType].pos)
	}
	if !t.missing(c, Provider) {
		return
	}
	if cl := &c.claims[Platform]; !t.missing(c, Platform) && cl.cloud != noCloud {
		e.add(of(cl.cloud), cl.pos)
	}
	if cl := &c.claims[Provider]; cl.quality == unknown && cl.value == "ecs" && t.opts.OnUnknown == KeepUnknown {
		// Beats' name for Alibaba, and a service of AWS.
		e.add(finding{clouds: clouds(alibaba, aws), sure: strongly}, cl.pos)
	}
	if cl := &c.claims[Region]; c.seen.has(Region) && cl.quality == unknown {
		e.add(of(azure), cl.pos) // see isAzureEnvironment
	}
	if t.opts.MinConfidence != Weak {
		return
	}
	for _, k := range [...]Key{Region, AvailabilityZone} {
		if set := cloudsOf(t.text(c, k)); set != 0 {
			e.add(finding{clouds: set, sure: weakly}, c.claims[k].pos)
		}
	}
}

// inferProvider returns the provider, and how sure it is. It decides the label
// if that is missing and evidence leaves one cloud.
func (t *Table) inferProvider(c *Claims, st *Stats) (cloud, certainty) {
	e, cl := &c.evidence, &c.claims[Provider]
	strong := e.strong.left()
	if !t.missing(c, Provider) {
		if cl.rule != ByStatic && cl.cloud != noCloud && !strong.has(cl.cloud) && !e.away {
			st.Disagreements[Provider]++
		}
		return cl.cloud, strongly
	}
	if !e.any || e.away {
		return noCloud, 0
	}
	if strong == 0 {
		st.Disagreements[Provider]++
		return noCloud, 0
	}
	if p := strong.only(); p != noCloud {
		return t.believe(c, p, e.strong.pos-1, strongly, st)
	}
	if p := (strong & e.passing.left()).only(); p != noCloud {
		return t.believe(c, p, e.passing.pos-1, strongly, st)
	} else if e.passing.left()&strong == 0 {
		st.Disagreements[Provider]++
	}
	if t.opts.MinConfidence != Weak || e.weak.pos == 0 {
		return noCloud, 0
	}
	return t.believe(c, (strong & e.weak.left()).only(), e.weak.pos-1, weakly, st)
}

// believe makes p the provider, unless it is none, or nobody's cloud: where a
// record comes from a hypervisor the hypervisor may be rented.
func (t *Table) believe(c *Claims, p cloud, pos int32, sure certainty, st *Stats) (cloud, certainty) {
	if p == noCloud || p == onPremises {
		return noCloud, 0
	}
	t.put(c, Provider, t.providers[p], pos, sure, st)
	return p, sure
}

// fill makes the guess at k its label if that is missing and the guess holds in
// the cloud. It is at most as sure as the cloud is.
func (t *Table) fill(c *Claims, k Key, in cloud, sure certainty, st *Stats) {
	g := &c.evidence.guesses[k]
	if g.value == "" || g.owner != in {
		return
	}
	missing := t.missing(c, k)
	if g.disputed {
		if missing {
			st.Disagreements[k]++
		}
		return
	}
	if !missing {
		if cl := &c.claims[k]; k == Region && cl.quality == known && cl.value != g.value && cl.rule != ByStatic {
			st.Disagreements[k]++
		}
		return
	}
	if sure = min(sure, g.sure); sure != weakly || t.opts.MinConfidence == Weak {
		t.put(c, k, g.value, g.pos, sure, st)
	}
}

// put makes value, which evidence gave away, the label k.
func (t *Table) put(c *Claims, k Key, value string, pos int32, sure certainty, st *Stats) {
	if k.isEnum() && c.seen.has(k) && c.claims[k].quality != known {
		st.Unknown[k]++ // what the record said instead
	}
	rule, count := ByStrong, &st.InferredStrong
	if sure == weakly {
		rule, count = ByWeak, &st.InferredWeak
	}
	count[k]++
	m, _ := t.meaning(k, value)
	c.decide(k, m, pos, rule)
}

// inferRegion fills in a region that a zone gives away.
func (t *Table) inferRegion(c *Claims, provider cloud, st *Stats) {
	if !t.missing(c, Region) || provider == noCloud {
		return
	}
	zone := &c.claims[AvailabilityZone]
	if region := provider.regionOf(t.text(c, AvailabilityZone)); region != "" {
		sure := strongly
		if zone.rule == ByWeak || c.claims[Provider].rule == ByWeak {
			sure = weakly
		}
		t.put(c, Region, region, zone.pos, sure, st)
	}
}
