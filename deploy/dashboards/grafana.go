// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"encoding/json"
	"fmt"
	"strings"
)

// schemaVersion is that of Grafana's classic JSON; Grafana 11 and later read it.
const schemaVersion = 39

// The grid is 24 columns wide.
const (
	gridWidth   = 24
	panelHeight = 8
	statHeight  = 5
)

// tag is on every dashboard: the links between them go by it.
const tag = "sealgate"

// JSON returns the dashboard as Grafana imports it.
func (d Dashboard) JSON() ([]byte, error) {
	out := grafanaDashboard{
		UID: d.UID, Title: d.Title, Description: d.Description,
		Tags: []string{tag}, SchemaVersion: schemaVersion, Editable: true,
		GraphTooltip: 1, // a shared crosshair
		Refresh:      "30s", Timezone: "browser", Time: timeRange{From: "now-1h", To: "now"},
		Links: []link{
			{Type: "dashboards", Title: "Sealgate", Tags: []string{tag}, AsDropdown: true, IncludeVars: true, KeepTime: true},
			{Type: "link", Title: "What each metric means", URL: docs + "/metrics.md", Tags: []string{}, TargetBlank: true},
		},
	}
	for _, v := range d.Variables {
		out.Templating.List = append(out.Templating.List, v.json())
	}
	y, id := 0, 0
	for _, row := range d.Rows {
		id++
		out.Panels = append(out.Panels, rowPanel(id, y, row.Title))
		y++
		height := row.height()
		width := gridWidth / len(row.Panels)
		for i, p := range row.Panels {
			id++
			out.Panels = append(out.Panels, p.json(id, gridPos{X: i * width, Y: y, W: width, H: height}))
		}
		y += height
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(out)
	return []byte(b.String()), err
}

func (r Row) height() int {
	for _, p := range r.Panels {
		if p.Kind != Stat {
			return panelHeight
		}
	}
	return statHeight
}

func (v Variable) json() variable {
	out := variable{Name: v.Name, Label: v.Label, Options: []any{}}
	if v.Datasource {
		out.Type, out.Query, out.Refresh = "datasource", v.Name, 1
		return out
	}
	ds := Prometheus.datasource()
	out.Type, out.Datasource = "query", &ds
	out.Query, out.Definition = variableQuery{Query: v.Query, RefID: v.Name}, v.Query
	out.Refresh, out.Sort = 2, 1 // anew with the time range; by name
	out.IncludeAll, out.Multi, out.AllValue = true, true, v.All
	out.Current = &current{Text: []string{"All"}, Value: []string{"$__all"}}
	return out
}

func rowPanel(id, y int, title string) panel {
	return panel{ID: id, Type: "row", Title: title, GridPos: gridPos{Y: y, W: gridWidth, H: 1}, Panels: &[]panel{}}
}

func (p Panel) json(id int, at gridPos) panel {
	ds := p.Queries[0].From.datasource()
	out := panel{
		ID: id, Type: string(p.Kind), Title: p.Title, Description: p.Description, GridPos: at, Datasource: &ds,
		FieldConfig: &fieldConfig{Defaults: fieldDefaults{Unit: p.Unit, Min: p.Min, Thresholds: p.thresholds()}, Overrides: []any{}},
	}
	if p.OnlyWhenBroken != "" {
		out.FieldConfig.Defaults.NoValue = "none"
	}
	switch p.Kind {
	case TimeSeries:
		out.Options = map[string]any{"legend": map[string]any{"displayMode": "list", "placement": "bottom"}, "tooltip": map[string]any{"mode": "multi", "sort": "desc"}}
		out.FieldConfig.Defaults.Custom = p.style()
	case Stat:
		out.Options = map[string]any{"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "area"}
	case Logs:
		out.Options = map[string]any{"showTime": true, "sortOrder": "Descending", "enableLogDetails": true}
	}
	for i, q := range p.Queries {
		out.Targets = append(out.Targets, q.json(string(rune('A'+i)), p.Kind))
	}
	return out
}

func (p Panel) thresholds() *thresholds {
	steps := []step{{Color: "green"}}
	if p.RedAt > 0 {
		steps = append(steps, step{Color: "red", Value: &p.RedAt})
	}
	return &thresholds{Mode: "absolute", Steps: steps}
}

func (p Panel) style() *style {
	s := &style{LineWidth: 1, FillOpacity: 10}
	if p.Stack {
		s.FillOpacity, s.Stacking = 60, &stacking{Mode: "normal", Group: "A"}
	}
	if p.RedAt > 0 {
		s.Thresholds = &thresholdsStyle{Mode: "line"}
	}
	return s
}

func (q Query) json(ref string, kind Kind) target {
	t := target{RefID: ref, Datasource: q.From.datasource()}
	switch q.From {
	case Tempo:
		t.QueryType, t.Query, t.Limit, t.TableType = "traceql", q.Expr, 20, "traces"
	case Loki:
		t.QueryType, t.Expr, t.Legend = "range", q.Expr, q.Legend
		if kind == Table {
			t.QueryType = "instant"
		}
	case Prometheus:
		t.Expr, t.Legend, t.EditorMode = q.Expr, q.Legend, "code"
		if kind == Table {
			t.Instant, t.Format = true, "table"
		} else {
			t.Range = true
		}
	}
	return t
}

func (s Source) datasource() datasource {
	return datasource{Type: string(s), UID: fmt.Sprintf("${%s}", s)}
}

type grafanaDashboard struct {
	UID           string    `json:"uid"`
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Tags          []string  `json:"tags"`
	SchemaVersion int       `json:"schemaVersion"`
	Editable      bool      `json:"editable"`
	GraphTooltip  int       `json:"graphTooltip"`
	Refresh       string    `json:"refresh"`
	Timezone      string    `json:"timezone"`
	Time          timeRange `json:"time"`
	Links         []link    `json:"links"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type link struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	URL         string   `json:"url,omitempty"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"`
	Datasource *datasource `json:"datasource,omitempty"`
	Query      any         `json:"query"` // text, or a variableQuery
	Definition string      `json:"definition,omitempty"`
	Refresh    int         `json:"refresh"`
	Sort       int         `json:"sort"`
	IncludeAll bool        `json:"includeAll"`
	Multi      bool        `json:"multi"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    *current    `json:"current,omitempty"`
	Options    []any       `json:"options"`
}

type variableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

type current struct {
	Text  []string `json:"text"`
	Value []string `json:"value"`
}

type gridPos struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type panel struct {
	ID          int            `json:"id"`
	Type        string         `json:"type"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	GridPos     gridPos        `json:"gridPos"`
	Datasource  *datasource    `json:"datasource,omitempty"`
	FieldConfig *fieldConfig   `json:"fieldConfig,omitempty"`
	Options     map[string]any `json:"options,omitempty"`
	Targets     []target       `json:"targets,omitempty"`
	Panels      *[]panel       `json:"panels,omitempty"` // of a row
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []any         `json:"overrides"`
}

type fieldDefaults struct {
	Unit       string      `json:"unit,omitempty"`
	Min        *float64    `json:"min,omitempty"`
	NoValue    string      `json:"noValue,omitempty"`
	Thresholds *thresholds `json:"thresholds,omitempty"`
	Custom     *style      `json:"custom,omitempty"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type style struct {
	LineWidth   int              `json:"lineWidth"`
	FillOpacity int              `json:"fillOpacity"`
	Stacking    *stacking        `json:"stacking,omitempty"`
	Thresholds  *thresholdsStyle `json:"thresholdsStyle,omitempty"`
}

type stacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

type thresholdsStyle struct {
	Mode string `json:"mode"`
}

type target struct {
	RefID      string     `json:"refId"`
	Datasource datasource `json:"datasource"`
	Expr       string     `json:"expr,omitempty"`
	Query      string     `json:"query,omitempty"` // TraceQL
	QueryType  string     `json:"queryType,omitempty"`
	Legend     string     `json:"legendFormat,omitempty"`
	EditorMode string     `json:"editorMode,omitempty"`
	Format     string     `json:"format,omitempty"`
	TableType  string     `json:"tableType,omitempty"`
	Limit      int        `json:"limit,omitempty"`
	Instant    bool       `json:"instant,omitempty"`
	Range      bool       `json:"range,omitempty"`
}
