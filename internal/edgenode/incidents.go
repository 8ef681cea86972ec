// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import "time"

// incident is a script of what goes wrong.
type incident struct {
	name   string
	at     int // when it begins and how long it lasts, in thousandths of the run
	length int
	down   string // a program that does nothing else meanwhile
	acts   []act  // the first one is the incident's first record
}

// act is a statement or a flow that an incident adds to what happens anyway.
type act struct {
	after   int // thousandths of the incident
	says    string
	flow    string // instead of says
	perHour int    // 0: once; else until the incident ends
}

var incidents = []incident{
	// The first record is an INFO of the kubelet.
	{name: "disk pressure", at: 180, length: 90, down: "notifier", acts: []act{
		{0, "kubelet/evict-attempt", "", 0},
		{4, "kubelet/evict-attempt", "", 360},
		{3, "kubelet/disk-usage", "", 240},
		{5, "kubelet/disk-pressure", "", 0},
		{5, "containerd/no-space", "", 300},
		{8, "storefront/enospc", "", 900},
		{20, "node-problem-detector/disk", "", 240},
		{30, "kubelet/evict-must", "", 0},
		{31, "kubelet/evict-ranked", "", 0},
		{32, "containerd/kill-evicted", "", 0},
		{33, "notifier/terminating", "", 0},
		{60, "kubelet/evicted", "", 0},
		{80, "kubelet/not-admitted", "", 240},
		{100, "kubelet/evict-critical", "", 180},
		{200, "kubelet/image-gc-failed", "", 120},
		// Programs whose records have no severity.
		{6, "mongodb/write-failed", "", 720},
		{9, "billing/failed", "", 360},
		{12, "scheduler/finished 2", "", 240},
		{14, "order-cn/lost", "", 300},
		{999, "kubelet/no-disk-pressure", "", 0},
	}},
	// The first record is an ERROR of one service.
	{name: "bank timeouts", at: 460, length: 85, acts: []act{
		{0, "", "order without bank", 0},
		{1, "", "order without bank", 1800},
		{100, "payment/not-ready", "", 360},
		{120, "kubelet/probe-503", "", 360},
		{150, "checkout/breaker", "", 0},
		{105, "pay-cn/charge-failed", "", 720},
		{106, "bff/failed", "", 480},
		{108, "haproxy/access 503", "", 480},
		{110, "recommender/access 500", "", 240},
		{130, "media/probe 503", "", 240},
		{970, "payment/bank-back", "", 0},
		{985, "checkout/breaker-closed", "", 0},
	}},
	// The first record is a stack trace without a severity.
	{name: "expired certificate", at: 730, length: 110, down: "edge-sync", acts: []act{
		{0, "edge-sync/certificate-expired", "", 0},
		{3, "", "crash", 180},
		{10, "meters/failed", "", 360},
		{12, "sensors/gone", "", 360},
		{14, "istio-proxy/csr", "", 240},
		{16, "catalogue/failed", "", 240},
		{18, "tomcat/servlet", "", 240},
		{20, "reviews/lost", "", 240},
		{999, "edge-sync/renewed", "", 0},
	}},
}

// down says whether an incident keeps the program of an event from what it would do otherwise.
func (r *run) down(e *event) bool {
	if e.incident > 0 || e.line == nil {
		return false
	}
	at := r.options.Start.Add(e.at)
	for i := range r.incidents {
		if incidents[i].down == e.line.by.name && at.After(r.incidents[i].Start) && at.Before(r.incidents[i].End) {
			return true
		}
	}
	return false
}

// plan puts an incident on the agenda.
func (r *run) plan(number int, i *incident) {
	whole := r.options.Duration
	start := whole*time.Duration(i.at)/1000 + r.upTo(whole/50)
	length := whole * time.Duration(i.length) / 1000
	r.incidents = append(r.incidents, Incident{number, i.name, r.options.Start.Add(start), r.options.Start.Add(start + length)})
	for n, a := range i.acts {
		e := event{at: start + length*time.Duration(a.after)/1000, incident: number, first: n == 0, until: start + length}
		if a.flow != "" {
			e.flow = r.book.flow(a.flow)
		} else {
			e.line = r.book.line(a.says)
		}
		if a.perHour > 0 {
			e.every = time.Hour / time.Duration(a.perHour)
		}
		r.agenda.add(e)
	}
}
