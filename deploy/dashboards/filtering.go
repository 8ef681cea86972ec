// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

// suppressed finds the summaries of what filters dropped and counted.
const suppressed = `{service_name=~".+"} | sealgate_suppressed_count != ""`

const readable = " Where logs are sealed, their attributes can be read here only with `sealgate.*` on `seal.keep`."

var filtering = Dashboard{
	UID: "sealgate-filtering", Title: "Sealgate / Filtering",
	Description: "What the filters of log records drop, by rule, what that costs, and whether they work.",
	Variables:   append(ofGateways[:len(ofGateways):len(ofGateways)], source(Loki, "Loki")),
	Rows: []Row{
		{"At a glance", []Panel{
			{Kind: Stat, Title: "Dropped", Unit: percent,
				Description: "Share of log records that filters dropped in the time shown, those that a summary counts included.",
				Queries:     []Query{prom("", "1 - "+total("otelcol_processor_wasmfilter_kept")+" / "+total("otelcol_processor_wasmfilter_in"))}},
			{Kind: Stat, Title: "Failed calls", Unit: count, RedAt: 1,
				Description: "Calls of a filter that failed in the time shown; see Health below.",
				Queries:     []Query{prom("", total("otelcol_processor_wasmfilter_errors"))}},
			{Kind: Stat, Title: "Kept unasked", Unit: count, RedAt: 1,
				Description: "Records passed on in the time shown since the filter failed: nothing is lost, but nothing is saved.",
				Queries:     []Query{prom("", total("otelcol_processor_wasmfilter_passed"))}},
			{Kind: Stat, Title: "Refused swaps", Unit: count, RedAt: 1,
				Description: "New modules that were not taken in the time shown. The old one works on; the gateway's log says why.",
				Queries:     []Query{prom("", `sum(increase(otelcol_processor_wasmfilter_swaps{outcome="refused",`+selected+`}[$__range]))`)}},
		}},
		{"Decisions", []Panel{
			{Kind: TimeSeries, Title: "In, kept, dropped, represented", Unit: perSecond, Min: zero,
				Description: "In is kept and dropped and represented together, always. A filter that drops what it did not yesterday: look at the rules to the right.",
				Queries: []Query{
					prom("in {{processor}}", rate("otelcol_processor_wasmfilter_in", "processor")),
					prom("kept {{processor}}", rate("otelcol_processor_wasmfilter_kept", "processor")),
					prom("dropped {{processor}}", rate("otelcol_processor_wasmfilter_dropped", "processor")),
					prom("represented {{processor}}", rate("otelcol_processor_wasmfilter_represented", "processor")),
				}},
			{Kind: TimeSeries, Title: "Dropped, by rule", Unit: perSecond, Min: zero, Stack: true,
				Description: "Dropped for good, and dropped but counted in a summary. One rule that drops nearly all: look at samples with `audit_one_in`.",
				Queries: []Query{
					prom("{{processor}} {{rule}}", rate("otelcol_processor_wasmfilter_dropped", "processor, rule")),
					prom("{{processor}} {{rule}}, counted", rate("otelcol_processor_wasmfilter_represented", "processor, rule")),
				}},
			{Kind: TimeSeries, Title: "Share dropped", Unit: percent, Min: zero,
				Description: "Of what came into each filter. A sudden change without a new module: the logs changed.",
				Queries: []Query{prom("{{processor}}", `1 - `+rate("otelcol_processor_wasmfilter_kept", "processor")+
					" / "+rate("otelcol_processor_wasmfilter_in", "processor"))}},
			{Kind: TimeSeries, Title: "Kept against the filter", Unit: perSecond, Min: zero,
				Description: "Protected: kept by `never_drop`; many mean that it and the filter's configuration contradict each other. Samples: kept by `audit_one_in`.",
				Queries: []Query{
					prom("protected {{processor}}", rate("otelcol_processor_wasmfilter_protected", "processor")),
					prom("samples {{processor}} {{rule}}", rate("otelcol_processor_wasmfilter_audited", "processor, rule")),
				}},
		}},
		{"Health", []Panel{
			{Kind: TimeSeries, Title: "Failed calls, by kind", Unit: perSecond, Min: zero,
				Description: "`fuel`: it loops, or `fuel_per_record` is too little. Anything else is a fault of the filter: go back to the last module.",
				Queries:     []Query{prom("{{processor}} {{kind}}", rate("otelcol_processor_wasmfilter_errors", "processor, kind"))}},
			{Kind: TimeSeries, Title: "Passed or refused unasked", Unit: perSecond, Min: zero,
				Description: "Records that a failing filter did not judge, passed on or refused as `on_error` says.",
				Queries: []Query{
					prom("passed {{processor}}", rate("otelcol_processor_wasmfilter_passed", "processor")),
					prom("refused {{processor}}", rate("otelcol_processor_wasmfilter_refused", "processor")),
				}},
			{Kind: TimeSeries, Title: "Swaps", Unit: count, Min: zero,
				Description: "Swaps to a new module since the start. `refused`: the gateway's log says why.",
				Queries:     []Query{prom("{{processor}} {{outcome}}", gauge("otelcol_processor_wasmfilter_swaps", "processor, outcome"))}},
			{Kind: TimeSeries, Title: "Instances", Unit: count, Min: zero,
				Description: "`interpreter`: executable memory is forbidden to the gateway, and filters are some fifty times slower; allow it (`MemoryDenyWriteExecute=no`).",
				Queries:     []Query{prom("{{processor}} {{engine}}", gauge("otelcol_processor_wasmfilter_instances", "processor, engine"))}},
		}},
		{"Cost", []Panel{
			{Kind: TimeSeries, Title: "Fuel of a record", Unit: count, Min: zero,
				Description: "Iterations and calls for each record. Near `fuel_per_record`, calls begin to fail.",
				Queries: []Query{prom("{{processor}}", rate("otelcol_processor_wasmfilter_fuel", "processor")+
					" / "+rate("otelcol_processor_wasmfilter_in", "processor"))}},
			{Kind: TimeSeries, Title: "Time of a record", Unit: seconds, Min: zero,
				Description: "In the guest. Over some microseconds: the filter asks for text where needles or hashes would do.",
				Queries: []Query{prom("{{processor}}", rate("otelcol_processor_wasmfilter_time", "processor")+
					" / "+rate("otelcol_processor_wasmfilter_in", "processor"))}},
			{Kind: TimeSeries, Title: "Cores in guests", Unit: count, Min: zero,
				Description: "Processor time that filters take, all gateways together.",
				Queries:     []Query{prom("{{processor}}", rate("otelcol_processor_wasmfilter_time", "processor"))}},
		}},
		{"Summaries of what was dropped and counted", []Panel{
			{Kind: TimeSeries, Title: "Represented and reported", Unit: count, Min: zero,
				Description: "Records in summaries, owed and given, since the start. They part for a window and `flush_interval` at most.",
				Queries: []Query{
					prom("represented {{processor}}", gauge("otelcol_processor_wasmfilter_represented", "processor")),
					prom("reported {{processor}}", gauge("otelcol_processor_wasmfilter_reported", "processor")),
				}},
			{Kind: TimeSeries, Title: "Records in Loki's summaries, by rule", Unit: count, Min: zero,
				Description: "What summaries in Loki account for." + readable,
				Queries: []Query{{Loki, `sum by (sealgate_suppressed_rule) (sum_over_time(` + suppressed +
					` | unwrap sealgate_suppressed_count [$__auto]))`, "{{sealgate_suppressed_rule}}"}}},
			{Kind: Table, Title: "What is logged most", Unit: count,
				Description: "The templates that were suppressed most in the time shown: better not logged at all." + readable,
				Queries: []Query{{Loki, `topk(20, sum by (log_record_template) (sum_over_time(` + suppressed +
					` | unwrap sealgate_suppressed_count [$__range])))`, ""}}},
		}},
		{"Summaries", []Panel{
			{Kind: Logs, Title: "Summaries",
				Description: "Each accounts for the records of one template or rule: how many, the first, the last." + readable,
				Queries:     []Query{{Loki, suppressed, ""}}},
		}},
	},
}
