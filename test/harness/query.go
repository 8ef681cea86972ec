// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// searchLimit is more than any test sends.
const searchLimit = "5000"

// Fetch returns the body of an answer that has to be 200, or says what was answered
// instead. Header lists names and values in turn.
func Fetch(ctx context.Context, url string, header ...string) ([]byte, error) {
	status, body, err := get(ctx, url, header...)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d: %s", url, status, bytes.TrimSpace(body))
	}
	return body, nil
}

// asTenant returns the header that names a tenant, if there is one.
func asTenant(tenant string) []string {
	if tenant == "" {
		return nil
	}
	return []string{"X-Scope-OrgID", tenant}
}

// getJSON decodes the answer of a query API.
func getJSON(ctx context.Context, base string, params url.Values, into any, header ...string) error {
	full := base
	if len(params) > 0 {
		full += "?" + params.Encode()
	}
	body, err := Fetch(ctx, full, header...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answered what is not JSON: %w", full, err)
	}
	return nil
}

// Window is the time in which to search.
type Window struct{ From, To time.Time }

// Around returns a window of an hour around t.
func Around(t time.Time) Window {
	return Window{From: t.Add(-30 * time.Minute), To: t.Add(30 * time.Minute)}
}

// SearchURL returns the URL that Search asks.
func (t *Tempo) SearchURL(traceQL string, w Window) string {
	return t.URL + "/api/search?" + url.Values{
		"q":     {traceQL},
		"start": {strconv.FormatInt(w.From.Unix(), 10)},
		"end":   {strconv.FormatInt(w.To.Unix(), 10)},
		"limit": {searchLimit},
	}.Encode()
}

// Search returns the ids of the traces that a TraceQL query finds, in the usual
// 32 hexadecimal digits, each with the name of its root.
func (t *Tempo) Search(ctx context.Context, traceQL string, w Window) (map[string]string, error) {
	var answer struct {
		Traces []struct {
			TraceID       string `json:"traceID"`
			RootTraceName string `json:"rootTraceName"`
		} `json:"traces"`
	}
	if err := getJSON(ctx, t.SearchURL(traceQL, w), nil, &answer, asTenant(t.Tenant)...); err != nil {
		return nil, err
	}
	found := make(map[string]string, len(answer.Traces))
	for _, tr := range answer.Traces {
		// Tempo leaves leading zeros out.
		id := strings.Repeat("0", max(0, 32-len(tr.TraceID))) + tr.TraceID
		found[id] = tr.RootTraceName
	}
	return found, nil
}

// Highest returns the highest value of a TraceQL metric in a window; 0 if there is none.
func (t *Tempo) Highest(ctx context.Context, traceQL string, w Window) (float64, error) {
	var answer struct {
		Series []struct {
			Samples []struct {
				Value float64 `json:"value"`
			} `json:"samples"`
		} `json:"series"`
	}
	err := getJSON(ctx, t.URL+"/api/metrics/query_range", url.Values{
		"q":     {traceQL},
		"start": {strconv.FormatInt(w.From.Unix(), 10)},
		"end":   {strconv.FormatInt(w.To.Unix(), 10)},
		"step":  {"10s"},
	}, &answer, asTenant(t.Tenant)...)
	highest := 0.0
	for _, series := range answer.Series {
		for _, sample := range series.Samples {
			highest = max(highest, sample.Value)
		}
	}
	return highest, err
}

// TraceURL returns the URL of a whole trace.
func (t *Tempo) TraceURL(id string) string { return t.URL + "/api/traces/" + id }

// Trace fetches a whole trace. It asks for protobuf: Tempo's JSON has ids in
// base64, which is not OTLP's.
func (t *Tempo) Trace(ctx context.Context, id string) (ptrace.Traces, error) {
	body, err := Fetch(ctx, t.TraceURL(id), "Accept", "application/protobuf")
	if err != nil {
		return ptrace.Traces{}, err
	}
	return (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
}

// Line is a log line with all that Loki knows of it: the labels of its stream
// and its structured metadata.
type Line struct {
	Text   string
	Labels map[string]string
}

// QueryURL returns the URL that Query asks.
func (l *Loki) QueryURL(logQL string, w Window) string {
	return l.URL + "/loki/api/v1/query_range?" + url.Values{
		"query": {logQL},
		"start": {strconv.FormatInt(w.From.UnixNano(), 10)},
		"end":   {strconv.FormatInt(w.To.UnixNano(), 10)},
		"limit": {searchLimit},
	}.Encode()
}

// Query returns the lines that a LogQL query finds.
func (l *Loki) Query(ctx context.Context, logQL string, w Window) ([]Line, error) {
	var answer streams
	if err := getJSON(ctx, l.QueryURL(logQL, w), nil, &answer, asTenant(l.Tenant)...); err != nil {
		return nil, err
	}
	return answer.lines()
}

// ParseLines returns the lines of an answer of Loki.
func ParseLines(answer []byte) ([]Line, error) {
	var parsed streams
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return nil, err
	}
	return parsed.lines()
}

// streams is Loki's answer to a query of lines.
type streams struct {
	Data struct {
		Result []struct {
			Stream map[string]string   `json:"stream"`
			Values [][]json.RawMessage `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

func (answer *streams) lines() ([]Line, error) {
	var lines []Line
	for _, stream := range answer.Data.Result {
		for _, v := range stream.Values {
			var text string
			if err := json.Unmarshal(v[1], &text); err != nil {
				return nil, fmt.Errorf("loki answered a line that is not a string: %w", err)
			}
			lines = append(lines, Line{Text: text, Labels: stream.Stream})
		}
	}
	return lines, nil
}

// Count returns what a LogQL query for a single number finds now; 0 if nothing.
func (l *Loki) Count(ctx context.Context, logQL string) (float64, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	err := getJSON(ctx, l.URL+"/loki/api/v1/query", url.Values{"query": {logQL}}, &answer)
	if err != nil || len(answer.Data.Result) == 0 {
		return 0, err
	}
	return strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
}

// Sample is one series of an instant query.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// QueryURL returns the URL that Query asks.
func (p *Prometheus) QueryURL(promQL string) string {
	return p.URL + "/api/v1/query?" + url.Values{"query": {promQL}}.Encode()
}

// Query returns what an instant PromQL query finds now.
func (p *Prometheus) Query(ctx context.Context, promQL string) ([]Sample, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := getJSON(ctx, p.QueryURL(promQL), nil, &answer); err != nil {
		return nil, err
	}
	samples := make([]Sample, len(answer.Data.Result))
	for i, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("prometheus answered %q for a number: %w", text, err)
		}
		samples[i] = Sample{Labels: r.Metric, Value: value}
	}
	return samples, nil
}

// LabelNames returns the names of all labels that Prometheus has.
func (p *Prometheus) LabelNames(ctx context.Context) ([]string, error) {
	var answer struct {
		Data []string `json:"data"`
	}
	err := getJSON(ctx, p.URL+"/api/v1/labels", nil, &answer)
	return answer.Data, err
}

// Scrape reads metrics in the Prometheus text format and adds up, by name, the
// samples that have the given labels, which are names and values in turn.
func Scrape(ctx context.Context, url string, labels ...string) (map[string]float64, error) {
	sums := make(map[string]float64)
	err := scrape(ctx, url, labels, func(name string, _ map[string]string, value float64) { sums[name] += value })
	return sums, err
}

// ScrapeLabels returns the labels of every series of a name that has the given
// ones, which are names and values in turn.
func ScrapeLabels(ctx context.Context, url, name string, labels ...string) ([]map[string]string, error) {
	var series []map[string]string
	err := scrape(ctx, url, labels, func(n string, l map[string]string, _ float64) {
		if n == name {
			series = append(series, l)
		}
	})
	return series, err
}

func scrape(ctx context.Context, url string, want []string, f func(name string, labels map[string]string, value float64)) error {
	status, body, err := get(ctx, url)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := make(map[string]string, len(m.GetLabel()))
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if hasAll(labels, want) {
				f(name, labels, m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue())
			}
		}
	}
	return nil
}

func hasAll(labels map[string]string, want []string) bool {
	for i := 0; i+1 < len(want); i += 2 {
		if labels[want[i]] != want[i+1] {
			return false
		}
	}
	return true
}
