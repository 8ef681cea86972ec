// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// kinds are the sections of a configuration that hold components.
var kinds = []string{"extensions", "receivers", "processors", "exporters", "connectors"}

// settings is a merged configuration, as the checks look at it.
type settings struct {
	conf       *confmap.Conf
	components []setting // all, in order of their paths
	extensions []string  // service::extensions
	pipelines  map[string]pipeline
}

// setting is a value somewhere in the configuration.
type setting struct {
	path  string // such as exporters::otlp_http/loki::endpoint
	key   string // the last part of path
	value any
	in    map[string]any // the map that holds the value
	owner *component
}

// component is what a setting belongs to.
type component struct {
	kind, id, typ string
	used          bool // by a pipeline, or as an extension of the service: it is started
}

type pipeline struct{ receivers, processors, exporters []string }

func newSettings(conf *confmap.Conf) *settings {
	root := conf.ToStringMap()
	service := mapAt(root, "service")
	s := &settings{conf: conf, extensions: texts(service["extensions"]), pipelines: map[string]pipeline{}}
	used := map[string]bool{}
	use := func(ids []string, kinds ...string) []string {
		for _, id := range ids {
			for _, kind := range kinds {
				used[kind+"::"+id] = true
			}
		}
		return ids
	}
	use(s.extensions, "extensions")
	for name := range mapAt(service, "pipelines") {
		p := mapAt(mapAt(service, "pipelines"), name)
		s.pipelines[name] = pipeline{
			receivers:  use(texts(p["receivers"]), "receivers", "connectors"),
			processors: use(texts(p["processors"]), "processors"),
			exporters:  use(texts(p["exporters"]), "exporters", "connectors"),
		}
	}
	for _, kind := range kinds {
		section := mapAt(root, kind)
		for _, id := range slices.Sorted(maps.Keys(section)) {
			path := kind + "::" + id
			owner := &component{kind: kind, id: id, typ: typeOf(kind, id), used: used[path]}
			s.components = append(s.components, setting{path: path, key: id, value: section[id], in: section, owner: owner})
		}
	}
	return s
}

// formerTypes are names that component types had, which the Collector still takes.
var formerTypes = map[string]string{
	"exporters::otlp": "otlp_grpc", "exporters::otlphttp": "otlp_http", "exporters::prometheusremotewrite": "prometheus_remote_write",
	"exporters::loadbalancing": "load_balancing", "receivers::kubeletstats": "kubelet_stats", "processors::resourcedetection": "resource_detection",
	"receivers::fluentforward": "fluent_forward", "receivers::tcplog": "tcp_log", "receivers::udplog": "udp_log",
}

// typeOf returns the type of a component by its present name.
func typeOf(kind, id string) string {
	typ, _, _ := strings.Cut(id, "/")
	typ = strings.TrimSpace(typ)
	if now, ok := formerTypes[kind+"::"+typ]; ok {
		return now
	}
	return typ
}

// walk calls visit with every setting within one, maps and lists included, in order of their keys.
// Where visit returns false, it does not descend.
func (s setting) walk(visit func(setting) bool) {
	if !visit(s) {
		return
	}
	switch v := s.value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			setting{path: s.path + "::" + key, key: key, value: v[key], in: v, owner: s.owner}.walk(visit)
		}
	case []any:
		for i, item := range v {
			setting{path: fmt.Sprintf("%s::%d", s.path, i), key: strconv.Itoa(i), value: item, in: s.in, owner: s.owner}.walk(visit)
		}
	}
}

// started calls visit with every setting of the components that are started. It leaves out what a
// filter or Prometheus itself is configured with: such keys are theirs. It leaves out the templates
// of a receiver creator, which hold expressions.
func (s *settings) started(visit func(setting)) {
	for _, c := range s.components {
		if !c.owner.used {
			continue
		}
		c.walk(func(s setting) bool {
			if s.key == "config" && (s.owner.typ == "wasmfilter" || s.owner.typ == "prometheus") || s.key == "defaults" && s.owner.typ == "wasmfilter" {
				return false
			}
			if s.key == "receivers" && s.owner.typ == "receiver_creator" {
				return false
			}
			visit(s)
			return true
		})
	}
}

// text returns the value as a component that wants a text gets it: 0123 of the environment is not 83.
func (s *settings) text(at setting) string {
	if text, ok := at.value.(string); ok {
		return text
	}
	if at.value == nil {
		return ""
	}
	if sub, err := s.conf.Sub(strings.TrimSuffix(at.path, "::"+at.key)); err == nil && sub.IsSet(at.key) {
		one := reflect.New(reflect.StructOf([]reflect.StructField{{
			Name: "Text", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(fmt.Sprintf("mapstructure:%q", at.key)),
		}}))
		if sub.Unmarshal(one.Interface(), confmap.WithIgnoreUnused()) == nil {
			return one.Elem().Field(0).String()
		}
	}
	return fmt.Sprint(at.value)
}

// mapAt returns the map under a key, nil where there is no map.
func mapAt(m map[string]any, key string) map[string]any {
	inner, _ := m[key].(map[string]any)
	return inner
}

// texts returns the texts of a list; a text alone is a list of one or, with commas, of several.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return strings.Split(v, ",")
	case []any:
		for _, item := range v {
			all = append(all, fmt.Sprint(item))
		}
	}
	return all
}
