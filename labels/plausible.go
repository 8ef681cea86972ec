// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

// checks tells that implausible labels are of interest.
func (t *Table) checks() bool { return t.opts.Plausibility != IgnoreImplausible }

// shortenZone takes a zone with the path to it: Google's, with its project.
func (t *Table) shortenZone(c *Claims, n *claim) {
	if len(n.value) < len("projects/") || !t.checks() {
		return
	}
	project, zone, ok := zonePath(n.value)
	if !ok {
		return
	}
	n.flags |= longZone
	if t.opts.Plausibility != RepairImplausible {
		return
	}
	n.value = zone
	n.flags |= repaired
	f := of(gcp)
	if !isDigits(project) { // its number is not its id
		f.account = project
	}
	c.evidence.addPassing(f, n.pos)
}

// checkPlausible looks for labels that their neighbours contradict, and repairs
// those for which there is one answer.
func (t *Table) checkPlausible(c *Claims, provider cloud, st *Stats) {
	if cl := &c.claims[AvailabilityZone]; c.seen.has(AvailabilityZone) && cl.flags&(longZone|repaired) == longZone {
		st.Implausible[AvailabilityZone]++
	}
	t.checkPlatform(c, provider, st)
	if c.claims[Region].rule == ByStatic || c.claims[AvailabilityZone].rule == ByStatic {
		return // somebody knows better
	}
	if provider == tencent {
		t.modernise(c, Region, st)
		t.modernise(c, AvailabilityZone, st)
	}
	region, zone := t.text(c, Region), t.text(c, AvailabilityZone)
	switch {
	case isAzureEnvironment(region):
		answer := ""
		if provider == azure {
			if answer = azure.regionOf(zone); answer == "" {
				answer = c.evidence.region(azure)
			}
		}
		t.repair(c, Region, answer, st)
	case region == "" || zone == "" || extends(zone, region):
	case provider == azure && isAzureZone(zone) && isAlnums(region) && isPlace(region):
		t.repair(c, AvailabilityZone, region+"-"+zone, st)
	case provider.swapped(region, zone):
		t.repair(c, Region, zone, st)
		t.repair(c, AvailabilityZone, region, st)
	default:
		t.checkZone(c, provider, region, zone, st)
	}
}

// checkPlatform looks for the platform of another provider.
func (t *Table) checkPlatform(c *Claims, provider cloud, st *Stats) {
	if cl := &c.claims[Platform]; t.missing(c, Platform) || cl.cloud == noCloud || provider == noCloud || cl.cloud == provider {
		return
	}
	answer := ""
	if g := &c.evidence.guesses[Platform]; g.owner == provider && g.sure != weakly && !g.disputed && c.claims[Platform].rule != ByStatic {
		answer = g.value
	}
	t.repair(c, Platform, answer, st)
}

// checkZone looks for a zone that lies in another region. If evidence names one
// of the two, the other is wrong.
func (t *Table) checkZone(c *Claims, provider cloud, region, zone string, st *Stats) {
	in := provider.regionOf(zone)
	if in == "" || in == region {
		return
	}
	switch c.evidence.region(provider) {
	case in:
		t.repair(c, Region, in, st)
	case region:
		answer := ""
		if g := &c.evidence.guesses[AvailabilityZone]; g.owner == provider && !g.disputed && provider.regionOf(g.value) == region {
			answer = g.value
		}
		t.repair(c, AvailabilityZone, answer, st)
	default:
		t.repair(c, AvailabilityZone, "", st)
	}
}

// extends tells the usual case, whatever the cloud: a zone that is its region
// and a letter or a digit.
func extends(zone, region string) bool {
	more := len(zone) - len(region)
	return (more == 1 || more == 2) && zone[:len(region)] == region
}

// modernise replaces an old name of Tencent's.
func (t *Table) modernise(c *Claims, k Key, st *Stats) {
	if name, ok := modernTencent(t.text(c, k)); ok {
		t.repair(c, k, name, st)
	}
}

// repair makes answer the value of an implausible label; without an answer it
// stays, and is counted.
func (t *Table) repair(c *Claims, k Key, answer string, st *Stats) {
	if answer == "" || t.opts.Plausibility != RepairImplausible {
		st.Implausible[k]++
		return
	}
	cl := &c.claims[k]
	m, _ := t.meaning(k, answer)
	cl.value, cl.cloud, cl.quality = m.text, m.cloud, known
	cl.flags |= rewritten | repaired
}

// region returns the region that strong evidence of the cloud gives away, "" if
// none does.
func (e *evidence) region(in cloud) string {
	if g := &e.guesses[Region]; (g.owner == in || g.owner == noCloud) && !g.disputed {
		return g.value
	}
	return ""
}
