// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package labelbackends knows what Prometheus, Loki and Tempo have to be told about
// the cloud labels that a gateway writes, and what they call them.
package labelbackends

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor"
)

// The backends.
const (
	Prometheus = "prometheus"
	Loki       = "loki"
	Tempo      = "tempo"
)

// Names returns the names of all backends.
func Names() []string { return []string{Prometheus, Loki, Tempo} }

// places are the labels that tell where something runs. Each has few values; those
// that are left out identify one machine, or nearly.
var places = []labels.Key{
	labels.Provider, labels.Platform, labels.Region, labels.AvailabilityZone, labels.AccountID, labels.HostType,
}

// common are the other attributes of a resource that a backend should find things by.
var common = []string{"service.name", "k8s.cluster.name", "k8s.namespace.name"}

// nodes are the attributes that tell metrics of one node from those of another. A node has no
// service.name, so Prometheus gives its series neither job nor instance: without these labels
// those of two nodes that no cloud names would be one.
var nodes = []string{"k8s.node.name", "host.name"}

// Gateway is what the backends have to know of a gateway's configuration.
type Gateway struct {
	traces, metrics, logs *labels.Table
	promote               bool
}

// New returns what is to be known of a gateway with a processor of that
// configuration. Its errors are those of the processor's validation.
func New(cfg *cloudlabelsprocessor.Config) (*Gateway, error) {
	if err := confmap.Validate(cfg); err != nil {
		return nil, err
	}
	g := &Gateway{promote: cfg.Promote}
	for _, s := range []struct {
		table  **labels.Table
		signal cloudlabelsprocessor.SignalConfig
	}{{&g.traces, cfg.Traces}, {&g.metrics, cfg.Metrics}, {&g.logs, cfg.Logs}} {
		table, err := cfg.Table(s.signal)
		if err != nil {
			return nil, err
		}
		*s.table = table
	}
	return g, nil
}

// Table returns the table for traces. Those of the other signals decide alike, and
// may write other keys.
func (g *Gateway) Table() *labels.Table { return g.traces }

// Fragment returns the part of a backend's configuration that suits the gateway, as
// YAML with comments.
func (g *Gateway) Fragment(backend string) (string, error) {
	switch backend {
	case Prometheus:
		return g.prometheus(), nil
	case Loki:
		return g.loki(), nil
	case Tempo:
		return g.tempo(), nil
	}
	return "", fmt.Errorf("%q is none of %s", backend, strings.Join(Names(), ", "))
}

func (g *Gateway) prometheus() string {
	attributes := slices.Concat(common, nodes)
	about := `# The gateway copies the cloud labels onto every datapoint (promote: true), so they
# need no promotion here. All of them are on target_info besides.`
	if !g.promote {
		attributes = slices.Concat(common, nodes, written(g.metrics))
		about = `# The gateway leaves the cloud labels on resources (promote: false): those that are
# listed here become labels of every series, the others are on target_info alone.`
	}
	return fmt.Sprintf(`# For Prometheus: merge it into prometheus.yml, and start it with
# --web.enable-otlp-receiver.
%s
#
#   sum by (%s) (rate(http_server_request_duration_seconds_count[5m]))
otlp:
  promote_resource_attributes:
%s`, about, Label(g.metrics.Name(labels.Provider)), items("    ", attributes))
}

func (g *Gateway) loki() string {
	return fmt.Sprintf(`# For Loki: merge it into its configuration. What is not listed is structured metadata
# of every line. A series has at most 15 labels, and every value makes a stream of its
# own: what identifies one machine is better left out.
#
#   {%s=%q} | %s="i-bp15hr53jws84akg4gkd"
limits_config:
  otlp_config:
    resource_attributes:
      ignore_defaults: true
      attributes_config:
        - action: index_label
          attributes:
%s`, Label(g.logs.Name(labels.Provider)), alibaba(g.logs), Label(g.logs.Name(labels.HostID)), items("            ", slices.Concat(common, written(g.logs))))
}

func (g *Gateway) tempo() string {
	var columns []string
	for _, name := range written(g.traces) {
		columns = append(columns, fmt.Sprintf("{scope: resource, name: %s, type: string}", name))
	}
	return fmt.Sprintf(`# For Tempo: merge it into its configuration. A column of its own makes a search for a
# label read little. Tempo keeps keys as they are, so a search names the key that is
# written.
#
#   { resource.%s = %q && status = error }
storage:
  trace:
    block:
      version: vParquet4
      parquet_dedicated_columns:
%s`, g.traces.Name(labels.Provider), alibaba(g.traces), items("        ", columns))
}

// written returns the keys under which a table writes the places.
func written(t *labels.Table) []string {
	names := make([]string, len(places))
	for i, k := range places {
		names[i] = t.Name(k)
	}
	return names
}

// alibaba is what a table calls the provider in examples.
func alibaba(t *labels.Table) string {
	name, _ := t.Value(labels.Provider, "alibaba")
	return name
}

func items(indent string, all []string) string {
	var b strings.Builder
	for _, item := range all {
		fmt.Fprintf(&b, "%s- %s\n", indent, item)
	}
	return b.String()
}

// Label returns the label that Prometheus and Loki make of an attribute, by what
// they make it with; "" where they refuse it.
func Label(attribute string) string {
	namer := otlptranslator.LabelNamer{}
	label, err := namer.Build(attribute)
	if err != nil {
		return ""
	}
	return label
}

// Finding tells how a label is found in a backend whose configuration has the
// fragment.
type Finding struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// Find tells how a label is found in a backend.
func (g *Gateway) Find(backend string, k labels.Key) Finding {
	place := slices.Contains(places, k)
	switch backend {
	case Prometheus:
		return Finding{Label(g.metrics.Name(k)), either(g.promote || place, "label", "label of target_info")}
	case Loki:
		return Finding{Label(g.logs.Name(k)), either(place, "index label", "structured metadata")}
	default:
		return Finding{"resource." + g.traces.Name(k), either(place, "column", "attribute")}
	}
}

func either(which bool, one, other string) string {
	if which {
		return one
	}
	return other
}
