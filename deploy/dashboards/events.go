// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

// digest is a metric of the receiver k8s_event_digest.
func digest(name string) string { return "otelcol_receiver_k8s_event_digest_" + name }

// eventRecords selects the records of Kubernetes events in Loki.
const eventRecords = `{service_name="k8s-events"}`

var kubernetesEvents = Dashboard{
	UID: "sealgate-events", Title: "Sealgate / Kubernetes events",
	Description: "What the receiver k8s_event_digest follows, how much of it was suppressed, and the events themselves, from Loki.",
	Variables:   append(ofGateways[:len(ofGateways):len(ofGateways)], source(Loki, "Loki")),
	Rows: []Row{
		{"At a glance", []Panel{
			{Kind: Stat, Title: "Following", Unit: count,
				Description: "Gateways that follow the events of a cluster: one for each cluster. None: nobody holds the lease, or the receiver is not configured.",
				Queries:     []Query{prom("", "sum("+digest("active")+"{"+selected+"})")}},
			{Kind: Stat, Title: "Occurrences", Unit: count,
				Description: "Occurrences of events in the time shown. Each is in the count of a record.",
				Queries:     []Query{prom("", total(digest("occurrences")))}},
			{Kind: Stat, Title: "Records", Unit: count,
				Description: "Records in the time shown that stand for these occurrences.",
				Queries:     []Query{prom("", total(digest("records")))}},
			{Kind: Stat, Title: "Suppressed", Unit: percent,
				Description: "The part of the occurrences that needed no record of its own. It is low where nothing repeats.",
				Queries:     []Query{prom("", "1 - "+total(digest("records"))+" / "+total(digest("occurrences")))}},
			{Kind: Stat, Title: "Lost", Unit: count, RedAt: 1,
				Description:    "Records that the next component refused for good in the time shown. The gateway's log says why.",
				OnlyWhenBroken: "the receiver counts them from the first one on",
				Queries:        []Query{prom("", total(digest("lost")))}},
		}},
		{"What comes and what goes", []Panel{
			{Kind: TimeSeries, Title: "Occurrences", Unit: perSecond, Min: zero,
				Description: "Occurrences of events, by type. A storm is a steep rise; the table of kinds below names it.",
				Queries:     []Query{prom("{{type}}", rate(digest("occurrences"), "type"))}},
			{Kind: TimeSeries, Title: "Records", Unit: perSecond, Min: zero, Stack: true,
				Description: "Records by cause. `worse`: a kind got much worse within its window. `untracked`: there are more kinds than `max_kinds` or `max_kind_bytes`; raise them.",
				Queries:     []Query{prom("{{cause}}", rate(digest("records"), "cause"))}},
			{Kind: TimeSeries, Title: "Kinds", Unit: count, Min: zero,
				Description: "Kinds of events that are remembered. At `max_kinds` the events of further kinds pass one by one.",
				Queries:     []Query{prom("{{instance}}", gauge(digest("kinds"), "instance"))}},
		}},
		{"What somebody should look at", []Panel{
			{Kind: TimeSeries, Title: "Waiting", Unit: count, Min: zero,
				Description: "Records that the next component refuses. If they stay, look at the queues of the gateway.",
				Queries:     []Query{prom("{{instance}}", gauge(digest("waiting"), "instance"))}},
			{Kind: TimeSeries, Title: "Failures", Unit: perSecond, Min: zero,
				Description:    "Lists and watches that failed. `forbidden`: the permission is missing, see the gateway's log. `expired`: the API server was away for long, all events are listed again.",
				OnlyWhenBroken: "lists and watches succeed where all is well",
				Queries:        []Query{prom("{{reason}}", rate(digest("failures"), "reason"))}},
			{Kind: TimeSeries, Title: "Counted once", Unit: perSecond, Min: zero,
				Description:    "Changes of events whose earlier count was no longer remembered, so that they counted once. Raise `max_events`.",
				OnlyWhenBroken: "all counts are remembered where all is well",
				Queries:        []Query{prom("{{instance}}", rate(digest("inexact"), "instance"))}},
		}},
		{"The events", []Panel{
			{Kind: Table, Title: "Kinds with the most occurrences", Unit: count,
				Description: "What happened most in the time shown, by owner and reason. Where logs are sealed, `k8s.event.*` has to be on `seal.keep`.",
				Queries: []Query{{Loki, `topk(20, sum by (k8s_namespace_name, k8s_event_owner, k8s_event_reason) (sum_over_time(` + eventRecords +
					` | unwrap k8s_event_count [$__range])))`, ""}}},
			{Kind: Logs, Title: "Warnings",
				Description: "Events of the type Warning: the first of each kind at once, its repeats once a window.",
				Queries:     []Query{{Loki, eventRecords + ` | severity_text="Warning"`, ""}}},
		}},
	},
}
