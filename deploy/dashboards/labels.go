// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

var cloudLabels = Dashboard{
	UID: "sealgate-labels", Title: "Sealgate / Cloud labels",
	Description: "What the processor cloudlabels changed, inferred and repaired, and what needs somebody to look at it.",
	Variables:   append(ofGateways[:len(ofGateways):len(ofGateways)], source(Loki, "Loki")),
	Rows: []Row{
		{"What it does", []Panel{
			byKey("Changed", "normalized", "Labels whose key or value was brought to the vocabulary. At zero the processor has nothing to do.", ""),
			{Kind: TimeSeries, Title: "Inferred", Unit: perSecond, Min: zero,
				Description: "Labels that a resource lacked and that evidence gave away, a providerID, say. Nothing to do.",
				Queries:     []Query{prom("{{key}} {{confidence}}", rate("otelcol_processor_cloudlabels_inferred", "key, confidence"))}},
			byKey("Repaired", "repaired", "Labels that could not be as they were, such as a region and a zone that were swapped. Nothing to do.", ""),
		}},
		{"What somebody should look at", []Panel{
			byKey("Unknown", "unknown", "Providers and platforms that no vocabulary knows. Find them in Providers below, and name them under `aliases`.",
				"every value is known where all is well"),
			byKey("Conflicts", "conflicts", "Two spellings of a label carried different values: two sources describe one resource, often a resource detector that stamps its own cloud on others' data.",
				"labels agree where all is well"),
			byKey("Disagreements", "disagreements", "Evidence contradicted itself, or the label. For `cloud.provider`, look for a resource detector; a `static` rule settles what cannot be helped.",
				"evidence agrees where all is well"),
			byKey("Implausible", "implausible", "Labels that their neighbours contradict, and that were left, such as a zone of another region. Find the sender, or set the label with a `static` rule.",
				"labels fit together where all is well"),
		}},
		{"Where it ends up", []Panel{
			{Kind: TimeSeries, Title: "Without a tenant", Unit: perSecond, Min: zero,
				Description:    "Resources that went to the default tenant. `missing`: an attribute of `tenant.from` is not there. `invalid`: the id is none that Loki and Tempo take.",
				OnlyWhenBroken: "every resource has a tenant where all is well, or there are no tenants",
				Queries:        []Query{prom("{{reason}}", rate("otelcol_processor_cloudlabels_tenant_defaults", "reason"))}},
			{Kind: Table, Title: "Providers", Unit: count,
				Description: "Series of each provider in Prometheus. A name that is none: add it to `aliases`.",
				Queries:     []Query{prom("", `sort_desc(count by (cloud_provider) ({cloud_provider!=""}))`)}},
			{Kind: Table, Title: "Logs without a provider", Unit: count,
				Description:    "Lines of each service in the time shown that have no cloud label: give its cluster a `static` rule, or the agent a resource detector.",
				OnlyWhenBroken: "every line has a provider where all is well",
				Queries:        []Query{{Loki, `topk(20, sum by (service_name) (count_over_time({service_name=~".+", cloud_provider=""} [$__range])))`, ""}}},
		}},
	},
}

// byKey is a panel of a counter of the processor, by the label's key.
func byKey(title, counter, description, onlyWhenBroken string) Panel {
	return Panel{
		Kind: TimeSeries, Title: title, Unit: perSecond, Min: zero, Description: description, OnlyWhenBroken: onlyWhenBroken,
		Queries: []Query{prom("{{key}}", rate("otelcol_processor_cloudlabels_"+counter, "key"))},
	}
}
