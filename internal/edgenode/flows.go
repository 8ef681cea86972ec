// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// flow is a sequence of records with one cause: a request, or the run of a job.
type flow struct {
	name    string
	perHour int
	routes  []route  // one is taken; none: it is not a request
	job     *program // runs in a new pod each time; nil: in the pods that are there
	steps   []step
}

// step is one record of a flow, some time after the one before it.
type step struct {
	after time.Duration // on average
	says  string        // program/statement
}

// route is what can be asked of the shop. Its path has values in «».
type route struct{ method, path, upstream string }

// request is what the records of one request have in common.
type request struct {
	*route
	path    []part
	agent   string
	client  string
	order   int
	replica int // of each program that has a part in it
	trace   pcommon.TraceID
}

const ms = time.Millisecond

var (
	assets = []route{
		{"GET", "/assets/app.«int 1000 9999».js", "storefront"},
		{"GET", "/assets/img/«order».webp", "storefront"},
		{"GET", "/assets/img/«order»-small.webp", "storefront"},
		{"GET", "/favicon.ico", "storefront"},
	}
	pages = []route{
		{"GET", "/", "storefront"},
		{"GET", "/products/«order»", "storefront"},
		{"GET", "/search?q=«tea|rice|phone|lamp»&page=«int 1 20»", "storefront"},
		{"GET", "/api/products/«order»", "storefront"},
		{"GET", "/api/stock/«order»", "storefront"},
	}
	probes = []route{ // by those who look for holes
		{"GET", "/.env", "storefront"},
		{"GET", "/wp-login.php", "storefront"},
		{"POST", "/cgi-bin/«hex 8».cgi", "storefront"},
		{"GET", "/.git/config", "storefront"},
		{"GET", "/actuator/env", "storefront"},
	}
	orders = []route{{"POST", "/api/orders/«order»", "storefront"}}
)

var flows = []flow{
	{name: "asset", perHour: 30_000, routes: assets, steps: []step{{0, "controller/access 200"}}},
	{name: "cached asset", perHour: 9_000, routes: assets, steps: []step{{0, "controller/access 304"}}},
	{name: "page", perHour: 17_000, routes: pages, steps: []step{
		{0, "storefront/incoming"}, {20 * ms, "inventory/access"}, {30 * ms, "storefront/completed"}, {2 * ms, "controller/access 200"},
	}},
	{name: "page not found", perHour: 1_200, routes: pages, steps: []step{{0, "storefront/incoming"}, {5 * ms, "controller/access 404"}}},
	{name: "page given up", perHour: 100, routes: pages, steps: []step{{0, "storefront/incoming"}, {900 * ms, "controller/access 499"}}},
	{name: "order", perHour: 3_500, routes: orders, steps: []step{
		{0, "storefront/incoming"}, {4 * ms, "checkout/placing"}, {3 * ms, "checkout/priced"}, {9 * ms, "inventory/reserve"}, {4 * ms, "checkout/reserved"},
		{5 * ms, "payment/authorising"}, {200 * ms, "payment/authorised"}, {3 * ms, "payment/ledger"}, {3 * ms, "checkout/placed"},
		{2 * ms, "notifier/queued"}, {2 * ms, "storefront/completed"}, {1 * ms, "controller/access 201"},
	}},
	{name: "scanner", perHour: 3_000, routes: probes, steps: []step{{0, "controller/access 404"}}},
	{name: "report", perHour: 80, job: &report, steps: []step{
		{0, "kubelet/add"}, {2 * ms, "kubelet/topology"}, {ms, "kubelet/stale-memory"}, {ms, "kubelet/stale-cpu"}, {5 * ms, "systemd/slice"},
		{30 * ms, "kubelet/verify-volume"}, {100 * ms, "kubelet/mount"}, {100 * ms, "kubelet/no-sandbox"}, {5 * ms, "containerd/run-sandbox"},
		{40 * ms, "kernel/veth-enter"}, {ms, "kernel/promiscuous"}, {5 * ms, "kernel/link-ready"}, {ms, "kernel/veth-forward"},
		{50 * ms, "containerd/connect-shim"}, {50 * ms, "systemd/scope-started"}, {30 * ms, "containerd/sandbox-id"}, {5 * ms, "containerd/create"},
		{30 * ms, "containerd/create-id"}, {ms, "containerd/start"}, {60 * ms, "containerd/started"}, {500 * ms, "kubelet/pleg Started"},
		{200 * ms, "report/starts"}, {100 * ms, "kubelet/startup"}, {time.Second, "report/read"}, {20 * time.Second, "report/written"}, {ms, "report/done"},
		{90 * ms, "systemd/scope-gone"}, {ms, "systemd/scope-cpu"}, {20 * ms, "containerd/event"}, {20 * ms, "containerd/shim-disconnected"},
		{ms, "containerd/clean-shim"}, {500 * ms, "kubelet/pleg Died"}, {5 * ms, "containerd/stop"}, {10 * ms, "kernel/veth-disabled"}, {20 * ms, "systemd/netns"},
		{20 * ms, "containerd/teardown"}, {500 * ms, "kubelet/unmount"}, {100 * ms, "kubelet/detached"}, {30 * time.Second, "kubelet/delete"},
		{5 * ms, "kubelet/remove"}, {100 * ms, "kubelet/remove-container"}, {5 * ms, "containerd/remove-container"}, {ms, "kubelet/container-not-found"},
		{5 * ms, "containerd/removed"}, {500 * ms, "kubelet/pleg Removed"}, {time.Second, "kubelet/orphaned"}, {ms, "systemd/slice-gone"},
	}},
	// Incidents.
	{name: "order without bank", routes: orders, steps: []step{
		{0, "payment/bank-timeout"}, {2 * ms, "checkout/payment-timeout"}, {3 * ms, "storefront/gateway-timeout"},
		{ms, "controller/upstream-timeout"}, {ms, "controller/access 504"},
	}},
	{name: "crash", steps: []step{
		{0, "edge-sync/starting"}, {900 * ms, "edge-sync/certificate-expired"}, {2 * ms, "edge-sync/cannot-connect"}, {90 * ms, "containerd/exit-1"},
		{20 * ms, "kubelet/backoff"},
	}},
}

var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; 23127PN0CC) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.60",
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"ShopApp/7.3.1 (Android 15; SM-S921B)", "ShopApp/7.2.0 (iOS 18.5; iPhone16,2)", "okhttp/4.12.0",
}

// begin puts the records of a flow on the agenda.
func (r *run) begin(e *event) {
	at, about := e.at, (*pod)(nil)
	r.now = e.at
	if e.flow.job != nil {
		about = r.addPod(e.flow.job, 0)
	}
	req := r.request(e.flow.routes)
	for i, s := range e.flow.steps {
		at += s.after/2 + r.upTo(s.after)
		r.agenda.add(event{at: at, line: r.book.line(s.says), about: about, req: req, incident: e.incident, first: e.first && i == 0})
	}
}

func (r *run) request(routes []route) *request {
	if len(routes) == 0 {
		return nil
	}
	req := &request{route: &routes[r.popular(len(routes))], order: r.rng.IntN(100_000_000), replica: r.rng.IntN(1 << 16)}
	req.path, req.agent = r.book.paths[req.route.path], agents[r.popular(len(agents))]
	req.client = r.text(values["ip"])
	r.fill(req.trace[:])
	return req
}

// popular is an index below n, the lower the more often.
func (r *run) popular(n int) int { return min(r.rng.IntN(n), r.rng.IntN(n)) }
