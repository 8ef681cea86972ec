// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

// lenient is a place in a configuration where the Collector overlooks unknown keys. The settings of
// confighttp decode themselves and ignore what they do not know, since they share a map with the
// component that they are part of; confmap then ignores unknown keys of that component, too, and of
// the maps within.
type lenient struct {
	kind, typ string
	at        []string // keys from the component to the map
	is        reflect.Type
	more      []string // keys of the component beside those of `is`
}

var (
	client   = reflect.TypeFor[confighttp.ClientConfig]()
	server   = reflect.TypeFor[confighttp.ServerConfig]()
	otlpHTTP = reflect.TypeFor[otlphttpexporter.Config]()
)

// lenientPlaces are those of the components that the distributions have.
var lenientPlaces = []lenient{
	{kind: "exporters", typ: "otlp_http", is: otlpHTTP},
	{kind: "exporters", typ: "sm4", at: []string{"otlp_http"}, is: otlpHTTP},
	{kind: "exporters", typ: "prometheus_remote_write", is: client, more: []string{
		"retry_on_failure", "namespace", "remote_write_queue", "external_labels", "http", "max_batch_size_bytes", "max_batch_request_parallelism",
		"resource_to_telemetry_conversion", "resource_constant_labels", "wal", "target_info", "disable_scope_info", "add_metric_suffixes",
		"translation_strategy", "send_metadata", "protobuf_message", "include_metadata_keys", "convert_explicit_histograms_to_nhcb", "keep_classic_histograms",
	}},
	{kind: "exporters", typ: "prometheus_remote_write", at: []string{"http"}, is: client},
	{kind: "exporters", typ: "prometheus", is: server, more: []string{
		"sending_queue", "namespace", "const_labels", "send_timestamps", "metric_expiration", "resource_to_telemetry_conversion", "resource_constant_labels",
		"enable_open_metrics", "without_scope_info", "add_metric_suffixes", "translation_strategy",
	}},
	{kind: "receivers", typ: "otlp", at: []string{"protocols", "http"}, is: server, more: []string{"traces_url_path", "metrics_url_path", "logs_url_path", "enabled"}},
	{kind: "receivers", typ: "zipkin", is: server, more: []string{"parse_string_tags"}},
	{kind: "receivers", typ: "jaeger", at: []string{"protocols", "thrift_http"}, is: server, more: []string{"enabled"}},
	{kind: "processors", typ: "resource_detection", is: client, more: []string{
		"detectors", "override", "refresh_interval", "fail_on_missing_metadata", "retry",
		"akamai", "aks", "alibaba_ecs", "azure", "azureappservice", "azurecontainerapps", "consul", "digitalocean", "docker", "ec2", "ecs", "eks",
		"elasticbeanstalk", "gcp", "heroku", "hetzner", "ibmcloud_classic", "ibmcloud_vpc", "k8s_api", "k8snode", "kubeadm", "lambda", "nova", "openshift",
		"oraclecloud", "scaleway", "system", "tencent_cvm", "upcloud", "vultr",
	}},
	{kind: "extensions", typ: "zpages", is: server, more: []string{"expvar"}},
	{kind: "extensions", typ: "health_check", is: server, more: healthKeys},
	{kind: "extensions", typ: "healthcheckv2", is: server, more: healthKeys},
	{kind: "extensions", typ: "health_check", at: []string{"http"}, is: server, more: []string{"config", "status"}},
	{kind: "extensions", typ: "healthcheckv2", at: []string{"http"}, is: server, more: []string{"config", "status"}},
}

var healthKeys = []string{"path", "response_body", "check_collector_pipeline", "use_v2", "grpc", "http", "component_health"}

// checkKeys reports keys that the Collector would overlook.
func (s *settings) checkKeys() error {
	var errs error
	for _, c := range s.components {
		for _, place := range lenientPlaces {
			if c.owner.kind != place.kind || c.owner.typ != place.typ {
				continue
			}
			at, path := c.value, c.path
			for _, key := range place.at {
				inner, _ := at.(map[string]any)
				at, path = inner[key], path+"::"+key
			}
			errs = errors.Join(errs, unknownKeys(path, at, place.is, place.more))
		}
	}
	return errs
}

// unknownKeys reports keys within value that a configuration of type typ does not have.
func unknownKeys(path string, value any, typ reflect.Type, more []string) (errs error) {
	given, ok := value.(map[string]any)
	if !ok {
		return nil // the Collector itself refuses what is no map
	}
	known := fieldsOf(typ)
	for _, key := range more {
		known[key] = nil
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		inner, ok := known[key]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			errs = errors.Join(errs, fmt.Errorf("`%s::%s`: there is no such key; there are `%s`", path, key, strings.Join(names, "`, `")))
		} else if inner != nil {
			errs = errors.Join(errs, unknownKeys(path+"::"+key, given[key], inner, nil))
		}
	}
	return errs
}

// fieldsOf returns the keys of a struct type, with the struct type of what each holds; that is nil
// where a value may have any keys, or has none, or decodes itself.
func fieldsOf(typ reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	if isOptional(typ) {
		typ = typ.Field(0).Type
		keys["enabled"] = nil
	}
	for field := range typ.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case strings.Contains(options, "squash"):
			maps.Copy(keys, fieldsOf(field.Type))
		case name != "" && name != "-":
			keys[name] = structOf(field.Type)
		}
	}
	return keys
}

// structOf returns typ where its keys are known from its fields, else nil.
func structOf(typ reflect.Type) reflect.Type {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ.Kind() != reflect.Struct:
		return nil
	case typ == client || typ == server:
		return typ
	case isOptional(typ):
		if inner := typ.Field(0).Type; structOf(inner) == nil {
			return nil
		}
		return typ
	case reflect.PointerTo(typ).Implements(reflect.TypeFor[confmap.Unmarshaler]()):
		return nil
	}
	return typ
}

// isOptional tells whether typ is a configoptional.Optional.
func isOptional(typ reflect.Type) bool {
	return typ.PkgPath() == "go.opentelemetry.io/collector/config/configoptional" && strings.HasPrefix(typ.Name(), "Optional[")
}
