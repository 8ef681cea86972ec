// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

// Labels of what the exporter sm4 counts.
const (
	ofExporter     = "exporter, signal"
	exporterLegend = "{{exporter}} {{signal}}"
)

var sealing = Dashboard{
	UID: "sealgate-sealing", Title: "Sealgate / Sealing",
	Description: "What is sealed with SM4, under which keys, what that costs, and what was refused rather than stored in the clear.",
	Variables:   ofGateways,
	Rows: []Row{
		{"At a glance", []Panel{
			{Kind: Stat, Title: "Sealed", Unit: perSecond,
				Description: "Spans, log records and datapoints that were sealed.",
				Queries:     []Query{prom("", rateOfAll("otelcol_exporter_sm4_items"))}},
			{Kind: Stat, Title: "Refused", Unit: count, RedAt: 1,
				Description:    "Items refused in the time shown, rather than stored in the clear; see below.",
				OnlyWhenBroken: "the exporter counts refusals from the first one on",
				Queries:        []Query{prom("", total("otelcol_exporter_sm4_refused_items"))}},
			{Kind: Stat, Title: "Key failures", Unit: count, RedAt: 1,
				Description:    "Failures to have a new data key in the time shown. Mend it before `keys.max_age`.",
				OnlyWhenBroken: "the exporter counts failures from the first one on",
				Queries:        []Query{prom("", total("otelcol_exporter_sm4_key_failures"))}},
			{Kind: Stat, Title: "Oldest data key", Unit: seconds, RedAt: 7200,
				Description: "Well above `keys.rotate_after`, 1 h by default: no new key can be had.",
				Queries:     []Query{prom("", `max(otelcol_exporter_sm4_key_age{`+selected+`})`)}},
		}},
		{"Throughput", []Panel{
			{Kind: TimeSeries, Title: "Sealed items", Unit: perSecond, Min: zero,
				Description: "Compare with what receivers accepted, on the dashboard of the gateway, less what filters dropped.",
				Queries:     []Query{prom(exporterLegend, rate("otelcol_exporter_sm4_items", ofExporter))}},
			{Kind: TimeSeries, Title: "Bytes", Unit: bytesPerSecond, Min: zero,
				Description: "Encoded, compressed and sealed. Sealed is what goes to the disk, or, as text, to the backend.",
				Queries: []Query{
					prom("plain "+exporterLegend, rate("otelcol_exporter_sm4_plain_bytes", ofExporter)),
					prom("compressed "+exporterLegend, rate("otelcol_exporter_sm4_compressed_bytes", ofExporter)),
					prom("sealed "+exporterLegend, rate("otelcol_exporter_sm4_sealed_bytes", ofExporter)),
				}},
			{Kind: TimeSeries, Title: "Sealed size of an item", Unit: bytes, Min: zero,
				Description: "What an item takes where it is stored. It grows where batches get small.",
				Queries: []Query{prom(exporterLegend, rate("otelcol_exporter_sm4_sealed_bytes", ofExporter)+
					" / "+rate("otelcol_exporter_sm4_items", ofExporter))}},
			{Kind: TimeSeries, Title: "Time to seal an item", Unit: seconds, Min: zero,
				Description: "Compressing and sealing. Some microseconds are usual.",
				Queries: []Query{prom(exporterLegend, rate("otelcol_exporter_sm4_seal_time", ofExporter)+
					" / "+rate("otelcol_exporter_sm4_items", ofExporter))}},
		}},
		{"Keys", []Panel{
			{Kind: TimeSeries, Title: "Age of the data key", Unit: seconds, Min: zero,
				Description: "It saws between zero and `keys.rotate_after`. Above that no new key can be had; at `keys.max_age` data is refused.",
				Queries:     []Query{prom(exporterLegend+" {{instance}}", `max by (exporter, signal, instance) (otelcol_exporter_sm4_key_age{`+selected+`})`)}},
			{Kind: TimeSeries, Title: "Seals under the data key", Unit: count, Min: zero,
				Description: "At half of `keys.max_seals` a new key is made, at all of it data is refused.",
				Queries:     []Query{prom(exporterLegend+" {{instance}}", `max by (exporter, signal, instance) (otelcol_exporter_sm4_key_seals{`+selected+`})`)}},
			{Kind: TimeSeries, Title: "Failures to have a new key", Unit: count, Min: zero,
				Description:    "Since the start. The gateway's log says why: a file, a mode, a program.",
				OnlyWhenBroken: "the exporter counts failures from the first one on",
				Queries:        []Query{prom(exporterLegend, gauge("otelcol_exporter_sm4_key_failures", ofExporter))}},
			{Kind: TimeSeries, Title: "Refused, by reason", Unit: perSecond, Min: zero,
				Description:    "`key`: the data key reached its limit. `budget`: the archive is full. `disk`: it fails. `too_large`: over 64 MiB, lost. `canceled`: the sender gave up first.",
				OnlyWhenBroken: "the exporter counts refusals from the first one on",
				Queries:        []Query{prom("{{exporter}} {{reason}}", rate("otelcol_exporter_sm4_refused_items", "exporter, reason"))}},
		}},
		{"Archive", []Panel{
			{Kind: TimeSeries, Title: "Frames", Unit: perSecond, Min: zero,
				Description: "Each is one sync of the disk where `fsync: frame`.",
				Queries:     []Query{prom(exporterLegend, rate("otelcol_exporter_sm4_frames", ofExporter))}},
			{Kind: TimeSeries, Title: "Items of a frame", Unit: count, Min: zero,
				Description: "Few: senders wait for each sync. Send larger batches, or more at once.",
				Queries: []Query{prom(exporterLegend, rate("otelcol_exporter_sm4_items", ofExporter)+
					" / "+rate("otelcol_exporter_sm4_frames", ofExporter))}},
			{Kind: TimeSeries, Title: "Files begun", Unit: count, Min: zero,
				Description: "Since the start. Many: `archive.max_file_age` or `max_file_mib` is small.",
				Queries:     []Query{prom(exporterLegend, gauge("otelcol_exporter_sm4_files", ofExporter))}},
		}},
	},
}
