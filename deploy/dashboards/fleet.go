// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

// What is chosen, for each backend. Each has a matcher that an empty value cannot
// make empty: the backends refuse queries without one.
const (
	chosenSeries = `{__name__!="",cloud_provider=~"$cloud_provider",k8s_cluster_name=~"$cluster"}`
	chosenLines  = `{service_name=~".+",cloud_provider=~"$cloud_provider",k8s_cluster_name=~"$cluster"}`
	chosenSpans  = `resource.cloud_provider=~"$cloud_provider"`
)

const generator = " Needs TraceQL metrics: Tempo's generator with `local-blocks`."

var fleet = Dashboard{
	UID: "sealgate-fleet", Title: "Sealgate / Fleet by cloud",
	Description: "Traces, logs and metrics of every cloud, side by side, by the labels that cloudlabels writes.",
	Variables: []Variable{
		source(Prometheus, "Prometheus"), source(Loki, "Loki"), source(Tempo, "Tempo"),
		{Name: "cloud_provider", Label: "Provider", Query: `label_values(cloud_provider)`, All: ".+"},
		{Name: "cluster", Label: "Cluster", Query: `label_values({cloud_provider=~"$cloud_provider",__name__!=""}, k8s_cluster_name)`, All: ".*"},
	},
	Rows: []Row{
		{"Traces (the cluster is not asked for)", []Panel{
			spans("Spans", perSecond, "By provider. A cloud that falls silent: look at its agents.", "", "rate()", "cloud_provider"),
			spans("Failed spans", perSecond, "Spans with an error, by provider. Of one cloud alone: it is that cloud, not the release.", " && status = error", "rate()", "cloud_provider"),
			spans("Latency, 95th percentile", seconds, "Of spans of servers, by provider and region.", " && kind = server", "quantile_over_time(duration, .95)", "cloud_provider, resource.cloud_region"),
		}},
		{"Traces to look at", []Panel{
			{Kind: Table, Title: "Failed traces",
				Description: "Newest first. Where spans are sealed, `sealctl unseal` reads them.",
				Queries:     []Query{{Tempo, `{ ` + chosenSpans + ` && status = error }`, ""}}},
			{Kind: Table, Title: "Slow traces",
				Description:    "Of more than a second, newest first.",
				OnlyWhenBroken: "no trace takes as long where all is well",
				Queries:        []Query{{Tempo, `{ ` + chosenSpans + ` && traceDuration > 1s }`, ""}}},
		}},
		{"Logs", []Panel{
			lines("Lines", "By provider. A cloud that falls silent: look at its agents.", "cloud_provider"),
			lines("Lines, by region", "Of each region and cluster: one that logs more than its neighbours, or nothing at all, is worth a look.", "cloud_region, k8s_cluster_name"),
			{Kind: TimeSeries, Title: "Warnings and worse", Unit: count, Min: zero, Stack: true,
				Description:    "By provider and level. Severities stay in the clear where logs are sealed.",
				OnlyWhenBroken: "nothing is worse than INFO where all is well",
				Queries: []Query{{Loki, `sum by (cloud_provider, detected_level) (count_over_time(` + chosenLines +
					` | detected_level=~"warn|error|critical|fatal" [$__auto]))`, "{{cloud_provider}} {{detected_level}}"}}},
			{Kind: TimeSeries, Title: "Bytes", Unit: bytes, Min: zero,
				Description: "Stored lines, by provider: what the filters and the senders should be asked about.",
				Queries:     []Query{{Loki, `sum by (cloud_provider) (bytes_over_time(` + chosenLines + ` [$__auto]))`, "{{cloud_provider}}"}}},
		}},
		{"Metrics", []Panel{
			{Kind: TimeSeries, Title: "Series", Unit: count, Min: zero,
				Description: "Active series, by provider: what Prometheus' memory is spent on.",
				Queries:     []Query{prom("{{cloud_provider}}", `count by (cloud_provider) (`+chosenSeries+`)`)}},
			{Kind: TimeSeries, Title: "Series, by region", Unit: count, Min: zero,
				Description: "Of each region and zone: one that grows alone has a label with too many values.",
				Queries:     []Query{prom("{{cloud_region}} {{cloud_availability_zone}}", `count by (cloud_region, cloud_availability_zone) (`+chosenSeries+`)`)}},
			{Kind: Table, Title: "Clusters", Unit: count,
				Description: "Series of each cluster, with its cloud, platform and region. A cluster that is missing sends no metrics.",
				Queries:     []Query{prom("", `sort_desc(count by (cloud_provider, cloud_platform, cloud_region, k8s_cluster_name) (`+chosenSeries+`))`)}},
		}},
	},
}

// spans is a graph of a TraceQL metric of the spans that also match more.
func spans(title, unit, description, more, metric, by string) Panel {
	return Panel{
		Kind: TimeSeries, Title: title, Unit: unit, Min: zero, Description: description + generator,
		Queries: []Query{{Tempo, `{ ` + chosenSpans + more + ` } | ` + metric + ` by (resource.` + by + `)`, ""}},
	}
}

// lines is a graph of how many log lines there are, by labels.
func lines(title, description, by string) Panel {
	return Panel{
		Kind: TimeSeries, Title: title, Unit: count, Min: zero, Description: description,
		Queries: []Query{{Loki, `sum by (` + by + `) (count_over_time(` + chosenLines + ` [$__auto]))`, ""}},
	}
}
