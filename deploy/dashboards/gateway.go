// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"fmt"
	"strings"
)

const detailed = " Needs `service.telemetry.metrics.level: detailed`."

var gateway = Dashboard{
	UID: "sealgate-gateway", Title: "Sealgate / Gateway",
	Description: "Is everything passing? Throughput, queues, refusals, failures and memory of each gateway.",
	Variables:   ofGateways,
	Rows: []Row{
		{"At a glance", []Panel{
			{Kind: Stat, Title: "Gateways", Unit: count,
				Description: "Gateways that are scraped. Fewer than you run: one is down, or Prometheus does not reach it.",
				Queries:     []Query{prom("", `count(otelcol_process_uptime{`+selected+`})`)}},
			{Kind: Stat, Title: "Received", Unit: perSecond,
				Description: "Spans, log records and datapoints taken in. A sudden drop is a sender that is away.",
				Queries:     ofSignals("otelcol_receiver_accepted", "", rateOfAll)},
			{Kind: Stat, Title: "Sent", Unit: perSecond,
				Description: "Items handed to backends; one that goes to two of them counts twice.",
				Queries:     ofSignals("otelcol_exporter_sent", "", rateOfAll)},
			{Kind: Stat, Title: "Refused", Unit: count, RedAt: 1,
				Description: "Items refused in the time shown. Senders were told and try again; see Refusals below.",
				Queries:     ofSignals("otelcol_receiver_refused", "", total)},
			{Kind: Stat, Title: "Given up", Unit: count, RedAt: 1,
				Description:    "Items lost in the time shown: a backend refused them for good. The gateway's log says why.",
				OnlyWhenBroken: "an exporter counts failures from the first one on",
				Queries:        ofSignals("otelcol_exporter_send_failed", "", total)},
			{Kind: Stat, Title: "Not accounted for", Unit: count,
				Description: "Items accepted and neither sent nor counted as lost since the start. They wait in the queue or are under way; with an empty queue it is 0.",
				Queries:     unaccounted()},
			{Kind: Stat, Title: "Alerts", Unit: count, RedAt: 1,
				Description: "Alerts of deploy/alerts that fire. Each has a paragraph on what to do in its README.",
				Queries:     []Query{prom("", `count(ALERTS{alertname=~"Sealgate.+",alertstate="firing"}) or vector(0)`)}},
		}},
		{"Throughput", []Panel{
			{Kind: TimeSeries, Title: "Received", Unit: perSecond, Min: zero,
				Description: "What each receiver took in. Compare with Sent: what is not sent is dropped by a filter or waits in a queue.",
				Queries:     ofSignals("otelcol_receiver_accepted", "{{receiver}}", by("receiver"))},
			{Kind: TimeSeries, Title: "Through processors", Unit: perSecond, Min: zero,
				Description: "What came out of each processor. Filters have a dashboard of their own.",
				Queries:     []Query{prom("{{otel_signal}} {{processor}}", rate("otelcol_processor_outgoing_items", "otel_signal, processor"))}},
			{Kind: TimeSeries, Title: "Sent", Unit: perSecond, Min: zero,
				Description: "What each exporter handed to its backend. Zero while the queue grows: the backend is away.",
				Queries:     ofSignals("otelcol_exporter_sent", "{{exporter}}", by("exporter"))},
		}},
		{"Refusals: senders were told, and try again", []Panel{
			{Kind: TimeSeries, Title: "Refused on arrival, for good", Unit: perSecond, Min: zero,
				Description:    "Items that no backend takes, by reason. Senders were told in `partial_success` and do not try again: look for the sender.",
				OnlyWhenBroken: "the processor counts refusals from the first one on",
				Queries:        []Query{prom("{{signal}} {{reason}}", rate("otelcol_processor_admission_refused", "signal, reason"))}},
			{Kind: TimeSeries, Title: "Refused by receivers", Unit: perSecond, Min: zero,
				Description: "Items refused, for whatever reason is to the right. All zero is as it should be. If it lasts, senders' own queues fill up.",
				Queries:     ofSignals("otelcol_receiver_refused", "{{receiver}}", by("receiver"))},
			{Kind: TimeSeries, Title: "Refused by the memory limiter", Unit: perSecond, Min: zero,
				Description:    "The gateway is at its memory limit: add memory or gateways, or look for a backend that is slow.",
				OnlyWhenBroken: "the limiter counts refusals from the first one on",
				Queries:        ofSignals("otelcol_processor_memory_limiter_refused", "{{processor}}", by("processor"))},
			{Kind: TimeSeries, Title: "Not taken by a full queue", Unit: perSecond, Min: zero,
				Description:    "The backend is too slow or away for longer than the queue lasts: mend it, or raise `sending_queue.queue_size`.",
				OnlyWhenBroken: "an exporter counts what its queue does not take from the first one on",
				Queries:        ofSignals("otelcol_exporter_enqueue_failed", "{{exporter}}", by("exporter"))},
			{Kind: TimeSeries, Title: "Faults of receivers", Unit: perSecond, Min: zero,
				Description: "Items that a receiver itself failed on: malformed requests, for the most part. The gateway's log says which.",
				Queries:     ofSignals("otelcol_receiver_failed", "{{receiver}}", by("receiver"))},
		}},
		{"Queues", []Panel{
			{Kind: TimeSeries, Title: "Queue in use", Unit: percent, Min: zero, RedAt: 0.8,
				Description: "Share of each queue that is taken. It grows while a backend is slower than what comes in; at 100% senders are refused.",
				Queries:     []Query{prom("{{exporter}} {{data_type}}", `max by (exporter, data_type) (otelcol_exporter_queue_size{`+selected+`} / otelcol_exporter_queue_capacity{`+selected+`})`)}},
			{Kind: TimeSeries, Title: "Waiting", Unit: bytes, Min: zero,
				Description: "What waits in each queue, all gateways together. In bytes, as the embedded configurations have `sizer: bytes`.",
				Queries:     []Query{prom("{{exporter}} {{data_type}}", gauge("otelcol_exporter_queue_size", "exporter, data_type"))}},
			{Kind: TimeSeries, Title: "Being sent", Unit: count, Min: zero,
				Description: "Requests under way to each backend. At `num_consumers` for long: the backend is what limits; raise it if the backend can take more.",
				Queries:     []Query{prom("{{exporter}} {{data_type}}", gauge("otelcol_exporter_in_flight_requests", "exporter, data_type"))}},
		}},
		{"Backends", []Panel{
			{Kind: TimeSeries, Title: "Refused by a backend, for good", Unit: perSecond, Min: zero,
				Description:    "Items that a backend refused alone, while their neighbours were delivered, by reason. They are part of Given up.",
				OnlyWhenBroken: "the extension counts refusals from the first one on",
				Queries:        []Query{prom("{{backend}} {{signal}} {{reason}}", rate("otelcol_extension_divide_refused", "backend, signal, reason"))}},
			{Kind: TimeSeries, Title: "Given up", Unit: perSecond, Min: zero,
				Description:    "Lost: the backend refused it for good, or `retry_on_failure` ran out. The gateway's log says why.",
				OnlyWhenBroken: "an exporter counts failures from the first one on",
				Queries:        ofSignals("otelcol_exporter_send_failed", "{{exporter}}", by("exporter"))},
			{Kind: TimeSeries, Title: "Latency over gRPC, 99th percentile", Unit: seconds, Min: zero,
				Description: "How long a backend takes to answer, by service and status. Over a second: look at the backend." + detailed,
				Queries:     []Query{prom(eitherLegend("rpc.method", "rpc.response.status_code"), latency("rpc.client.call.duration", "rpc.method", "rpc.response.status_code"))}},
			{Kind: TimeSeries, Title: "Latency over HTTP, 99th percentile", Unit: seconds, Min: zero,
				Description: "How long a backend takes to answer, by address and status. Over a second: look at the backend." + detailed,
				Queries:     []Query{prom(eitherLegend("server.address", "server.port", "http.response.status_code"), latency("http.client.request.duration", "server.address", "server.port", "http.response.status_code"))}},
			{Kind: TimeSeries, Title: "Size of requests", Unit: bytes, Min: zero,
				Description: "Mean size before compression. Small ones cost more each: raise `sending_queue.batch.min_size`." + detailed,
				Queries: []Query{prom("{{exporter}}", rate("otelcol_exporter_queue_batch_send_size_bytes_sum", "exporter")+
					" / "+rate("otelcol_exporter_queue_batch_send_size_bytes_count", "exporter"))}},
		}},
		{"Process", []Panel{
			{Kind: TimeSeries, Title: "Memory", Unit: bytes, Min: zero,
				Description: "Resident memory, and Go's heap in it. The memory limiter refuses at its limit; what grows without end is a fault worth reporting.",
				Queries: []Query{
					prom("resident {{instance}}", gauge("otelcol_process_memory_rss", "instance")),
					prom("heap {{instance}}", gauge("otelcol_process_runtime_heap_alloc_bytes", "instance")),
				}},
			{Kind: TimeSeries, Title: "Processor time", Unit: count, Min: zero,
				Description: "Cores in use. Near what a gateway may have: add gateways, or drop more with a filter.",
				Queries:     []Query{prom("{{instance}}", rate("otelcol_process_cpu_seconds", "instance"))}},
			{Kind: TimeSeries, Title: "Uptime", Unit: seconds, Min: zero,
				Description: "A fall to zero is a restart. Restarts that nobody ordered: look for the kernel's out-of-memory killer.",
				Queries:     []Query{prom("{{instance}}", `max by (instance) (otelcol_process_uptime{`+selected+`})`)}},
		}},
	},
}

// unaccounted asks what was accepted and is neither sent nor counted as lost.
func unaccounted() []Query {
	var queries []Query
	for _, of := range []struct{ items, signal string }{{"spans", "traces"}, {"log_records", "logs"}, {"metric_points", "metrics"}} {
		lost := []string{"otelcol_exporter_sent_" + of.items + "{" + selected + "}", "otelcol_exporter_send_failed_" + of.items + "{" + selected + "}",
			fmt.Sprintf("otelcol_processor_admission_refused{%s,signal=%q}", selected, of.signal)}
		if of.signal == "logs" {
			lost = append(lost, "otelcol_processor_wasmfilter_dropped{"+selected+"}", "otelcol_processor_wasmfilter_represented{"+selected+"}")
		}
		expr := "sum(otelcol_receiver_accepted_" + of.items + "{" + selected + "})"
		for _, metric := range lost {
			expr += " - (sum(" + metric + ") or vector(0))"
		}
		queries = append(queries, prom(of.items, expr))
	}
	return queries
}

// latency is the 99th percentile of one of the histograms of the semantic conventions,
// by attributes. Prometheus 3 has their names with dots, unless it is told to escape
// them; a dot in a regular expression finds both.
func latency(histogram string, attributes ...string) string {
	by := "le"
	for _, a := range attributes {
		by += fmt.Sprintf(", %q, %s", a, strings.ReplaceAll(a, ".", "_"))
	}
	return fmt.Sprintf("histogram_quantile(0.99, sum by (%s) (rate({__name__=~%q,%s}[$__rate_interval])))", by, histogram+"_bucket", selected)
}

// eitherLegend has the values of attributes, whichever way their names are written.
func eitherLegend(attributes ...string) string {
	var legend []string
	for _, a := range attributes {
		legend = append(legend, fmt.Sprintf("{{%s}}{{%s}}", a, strings.ReplaceAll(a, ".", "_")))
	}
	return strings.Join(legend, " ")
}
