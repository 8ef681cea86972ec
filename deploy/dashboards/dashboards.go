// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package dashboards is the source of the Grafana dashboards beside it: one table of
// panels for each. `go generate` writes their JSON.
//
// The queries are run against a real gateway, Prometheus, Loki and Tempo by test/e2e.
package dashboards

//go:generate go run ./generate

import (
	"fmt"
	"strings"
)

const docs = "https://github.com/sealgate/sealgate/blob/main/docs"

// All are the dashboards, in the order in which one reads them.
var All = []Dashboard{gateway, filtering, cloudLabels, sealing, fleet, kubernetesEvents}

// Dashboard is one page.
type Dashboard struct {
	UID         string // stable: links and bookmarks go by it
	Title       string
	Description string
	Variables   []Variable
	Rows        []Row
}

// File is the name of its JSON.
func (d Dashboard) File() string { return d.UID + ".json" }

// Panels returns the panels of all rows.
func (d Dashboard) Panels() []Panel {
	var all []Panel
	for _, row := range d.Rows {
		all = append(all, row.Panels...)
	}
	return all
}

// Row is a line of panels of equal width under a heading.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is one graph, number, table or list of log lines.
type Panel struct {
	Kind        Kind
	Title       string
	Description string // what it shows, and what to do about it
	Unit        string // by Grafana's names
	Queries     []Query
	Stack       bool     // what is shown adds up
	Min         *float64 // of the axis; nil for what the data has
	RedAt       float64  // where it turns red; 0 for never
	// OnlyWhenBroken says why a healthy gateway has no data for this panel; "" where it
	// has some.
	OnlyWhenBroken string
}

// Kind is Grafana's name of a visualisation.
type Kind string

// The kinds of panels.
const (
	TimeSeries Kind = "timeseries"
	Stat       Kind = "stat"
	Table      Kind = "table"
	Logs       Kind = "logs"
)

// Query is a question to one of the three backends.
type Query struct {
	From   Source
	Expr   string // PromQL, LogQL or TraceQL, with Grafana's variables
	Legend string
}

// Source is Grafana's name of a kind of data source, and ours of the variable that
// names which.
type Source string

// The sources.
const (
	Prometheus Source = "prometheus"
	Loki       Source = "loki"
	Tempo      Source = "tempo"
)

// Variable is what one chooses at the top of a dashboard. Nothing chosen is everything.
type Variable struct {
	Name, Label string
	Datasource  bool   // chooses a data source of the kind Name
	Query       string // lists its values, of Prometheus
	All         string // the regular expression that stands for all of them
}

func source(s Source, label string) Variable {
	return Variable{Name: string(s), Label: label, Datasource: true}
}

// ofGateways are the variables of every dashboard about gateways themselves.
var ofGateways = []Variable{
	source(Prometheus, "Prometheus"),
	{Name: "job", Label: "Job", Query: `label_values(otelcol_process_uptime, job)`, All: ".*"},
	{Name: "instance", Label: "Instance", Query: `label_values(otelcol_process_uptime{job=~"$job"}, instance)`, All: ".*"},
}

// selected restricts a metric to the gateways that are chosen.
const selected = `job=~"$job",instance=~"$instance"`

func prom(legend, expr string) Query { return Query{Prometheus, expr, legend} }

// rate is how fast a counter of the chosen gateways grows, summed by labels.
func rate(counter, by string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s{%s}[$__rate_interval]))", by, counter, selected)
}

// gauge is the sum of a gauge of the chosen gateways by labels.
func gauge(name, by string) string {
	return fmt.Sprintf("sum by (%s) (%s{%s})", by, name, selected)
}

// rateOfAll is how fast a counter of the chosen gateways grows, all of them together.
func rateOfAll(counter string) string {
	return fmt.Sprintf("sum(rate(%s{%s}[$__rate_interval]))", counter, selected)
}

// total is how much a counter of the chosen gateways grew in the time shown.
func total(counter string) string {
	return fmt.Sprintf("sum(increase(%s{%s}[$__range]))", counter, selected)
}

// ofSignals asks the same of each of the counters that are named by what they count.
func ofSignals(counter, legend string, ask func(counter string) string) []Query {
	var queries []Query
	for _, items := range []string{"spans", "log_records", "metric_points"} {
		queries = append(queries, prom(strings.TrimSpace(items+" "+legend), ask(counter+"_"+items)))
	}
	return queries
}

// by is rate for ofSignals.
func by(labels string) func(counter string) string {
	return func(counter string) string { return rate(counter, labels) }
}

// Units, by Grafana's names.
const (
	perSecond      = "cps"
	bytesPerSecond = "Bps"
	bytes          = "bytes"
	percent        = "percentunit"
	seconds        = "s"
	count          = "short"
)

var zero = new(float64)
