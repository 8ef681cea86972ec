// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/processor/admissionprocessor"
)

func limitsCommand() command {
	return command{
		name:    "limits",
		args:    "--for prometheus|loki|tempo [--config CONFIG]",
		summary: "print the limits that a backend needs, so that it takes what the gateway sends",
		about: `
The fragment is YAML, to be merged into the configuration of the backend. It suits the
gateway whose configuration is given, or embedded:gateway.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			var configs list
			fs.Var(&configs, "config", "the gateway's `CONFIG`, as it takes it: a file, or embedded:NAME, yaml:..., env:VARIABLE; later ones override earlier ones")
			backend := fs.String("for", "", "`BACKEND` to print the limits for: "+strings.Join(labelbackends.Names(), ", "))
			return func(ctx context.Context, e *env, args []string) error {
				if len(args) > 0 {
					return usagef("it takes no arguments but flags; there is %q", args[0])
				}
				if !slices.Contains(labelbackends.Names(), *backend) {
					return usagef("--for %q must be one of %s", *backend, strings.Join(labelbackends.Names(), ", "))
				}
				if len(configs) == 0 {
					configs = list{"embedded:gateway"}
				}
				l, err := readLimits(ctx, configs)
				if err != nil {
					return err
				}
				return e.printf("%s", l.fragment(*backend))
			}
		},
	}
}

// limits are what a gateway's configuration says about the size of what it sends.
type limits struct {
	request int  // bytes of the largest request
	sealed  bool // items are sealed
	admits  admissionprocessor.Config
}

func readLimits(ctx context.Context, configs list) (limits, error) {
	l := limits{admits: *admissionprocessor.NewFactory().CreateDefaultConfig().(*admissionprocessor.Config)}
	conf, err := resolve(ctx, configs)
	if err != nil {
		return l, err
	}
	whole := conf.ToStringMap()
	exporters, _ := whole["exporters"].(map[string]any)
	for name, exporter := range exporters {
		l.request = max(l.request, maxSize(exporter))
		l.sealed = l.sealed || kindOf(name) == "sm4"
	}
	processors, _ := whole["processors"].(map[string]any)
	for name := range processors {
		if kindOf(name) != "admission" {
			continue
		}
		at := "processors" + confmap.KeyDelimiter + name
		settings, err := conf.Sub(at)
		if err == nil {
			err = settings.Unmarshal(&l.admits)
		}
		if err == nil {
			err = confmap.Validate(&l.admits)
		}
		if err != nil {
			return l, fmt.Errorf("%s: %w", at, err)
		}
		break
	}
	l.request = cmp.Or(l.request, l.admits.MaxItemBytes)
	return l, nil
}

func kindOf(name string) string {
	var id component.ID
	if id.UnmarshalText([]byte(name)) != nil {
		return ""
	}
	return id.Type().String()
}

// maxSize returns the largest max_size of the batches in a part of a configuration.
func maxSize(part any) (largest int) {
	settings, _ := part.(map[string]any)
	for key, value := range settings {
		if n, ok := value.(int); ok && key == "max_size" {
			largest = max(largest, n)
		}
		largest = max(largest, maxSize(value))
	}
	return largest
}

func (l limits) fragment(backend string) string {
	switch backend {
	case labelbackends.Tempo:
		return l.tempo()
	case labelbackends.Loki:
		return l.loki()
	}
	return prometheusLimits
}

const prometheusLimits = `# For Prometheus: merge it into prometheus.yml, and start it with
# --web.enable-otlp-receiver. Requests of several gateways, and those that were tried
# again, arrive in any order.
storage:
  tsdb:
    out_of_order_time_window: 30m
`

// draining is how fast a queue may be drained into a backend, in bytes a second.
const draining = 30_000_000

func (l limits) tempo() string {
	text := fmt.Sprintf(`# For Tempo: merge it into its configuration. After an outage gateways send what is in
# their queues, as fast as Tempo takes it.
distributor:
  retry_after_on_resource_exhausted: 1s # tells senders to try again, where it would make others drop
`)
	if l.request > 4<<20 {
		text += fmt.Sprintf(`  receivers:
    otlp:
      protocols:
        grpc:
          max_recv_msg_size_mib: %d # a request has up to %d bytes
`, l.request>>20+1, l.request)
	}
	return text + fmt.Sprintf(`overrides:
  defaults:
    ingestion:
      rate_limit_bytes: %d # a second
      burst_size_bytes: %d # more than one request, which has up to %d
      max_traces_per_user: 0 # Tempo drops traces beyond this number, and answers success
    global:
      max_bytes_per_trace: 50000000 # and spans beyond this size of a trace
`, draining, max(draining, 2*l.request), l.request)
}

func (l limits) loki() string {
	logs := l.admits.Logs
	line, metadata := cmp.Or(logs.MaxLineBytes, 256<<10), cmp.Or(logs.MaxResourceBytes, 64<<10)
	note := ""
	if l.sealed {
		line, metadata = line*3/2, metadata*3/2
		note = "\n# A sealed record is up to a third larger than what it holds."
	}
	text := fmt.Sprintf(`# For Loki: merge it into its configuration. If the gateway's admission processor has
# limits of log records, both have to agree.%s
limits_config:
`, note)
	if logs.MaxAge > 0 {
		text += fmt.Sprintf("  reject_old_samples: true\n  reject_old_samples_max_age: %s\n", logs.MaxAge)
	}
	if logs.MaxAhead > 0 {
		text += fmt.Sprintf("  creation_grace_period: %s\n", logs.MaxAhead)
	}
	const mb = 1_000_000
	return text + fmt.Sprintf(`  max_line_size: %dB
  max_structured_metadata_size: %dB
  max_structured_metadata_entries_count: %d
  ingestion_rate_mb: %d # a second
  ingestion_burst_size_mb: %d # more than one request, which has up to %d bytes
  per_stream_rate_limit: %dMB
  per_stream_rate_limit_burst: %dMB
`, line, metadata, cmp.Or(logs.MaxAttributes, 128), draining/mb, max(draining, 2*l.request)/mb, l.request, draining/2/mb, max(draining, 2*l.request)/mb)
}
