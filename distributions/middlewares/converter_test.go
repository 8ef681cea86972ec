// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package middlewares

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestNamedMiddlewaresRun(t *testing.T) {
	for name, tt := range map[string]struct {
		config string
		want   any
	}{
		"receiver and exporter": {`
extensions: {a: , b: , c: , health: }
receivers: {other: {protocols: {grpc: {middlewares: [{id: b}]}, http: {middlewares: [{id: b}]}}}}
exporters: {sm4/x: {otlp_grpc: {middlewares: [{id: a}]}}, otlp_http: {middlewares: []}}
service: {extensions: [health]}`, []any{"health", "a", "b"}},
		"already listed": {`
extensions: {a: , health: }
exporters: {x: {middlewares: [{id: a}]}}
service: {extensions: [a, health]}`, []any{"a", "health"}},
		"leader elector": {`
extensions: {a: , e/b: }
receivers: {digest: {k8s_leader_elector: e/b}}
service: {extensions: [a]}`, []any{"a", "e/b"}},
		"no list": {`
extensions: {a: }
exporters: {x: {middlewares: [{id: a}]}}`, []any{"a"}},
		"not defined": {`
extensions: {b: }
exporters: {x: {middlewares: [{id: a}]}}
service: {extensions: [b]}`, []any{"b"}},
		"nothing named":       {`{extensions: {a: }, exporters: {x: }, service: {extensions: []}}`, []any{}},
		"nonsense is left":    {`{extensions: 5, exporters: [{middlewares: [{id: 5}, 5]}], service: {extensions: 5}}`, 5},
		"an empty file stays": {`{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			retrieved, err := confmap.NewRetrievedFromYAML([]byte(tt.config))
			require.NoError(t, err)
			conf, err := retrieved.AsConf()
			require.NoError(t, err)
			require.NoError(t, NewFactory().Create(confmap.ConverterSettings{}).Convert(t.Context(), conf))
			assert.Equal(t, tt.want, conf.Get("service::extensions"))
		})
	}
}

func TestReceiversOfOTLPAreGuarded(t *testing.T) {
	for name, tt := range map[string]struct{ config, want string }{
		"without middlewares": {
			`receivers: {otlp: {protocols: {grpc: , http: {endpoint: a}}}, otlp/b: {protocols: {http: {middlewares: [{id: x}]}}}}`,
			`{extensions: {admission: }, service: {extensions: [admission]}, receivers: {
otlp: {protocols: {grpc: {middlewares: [{id: admission}]}, http: {endpoint: a, middlewares: [{id: admission}]}}},
otlp/b: {protocols: {http: {middlewares: [{id: x}, {id: admission}]}}}}}`,
		},
		"Kafka": {
			`{receivers: {kafka: {logs: {encoding: text}, traces: {encoding: otlp_json, topics: [a]}}}, extensions: {health: }, service: {extensions: [health]}}`,
			`{receivers: {kafka: {logs: {encoding: text}, traces: {encoding: admission, topics: [a]}, metrics: {encoding: admission}}},
extensions: {health: , admission: }, service: {extensions: [health, admission]}}`,
		},
		"Kafka without settings": {
			`{receivers: {kafka/b: }}`,
			`{receivers: {kafka/b: {logs: {encoding: admission}, traces: {encoding: admission}, metrics: {encoding: admission}}},
extensions: {admission: }, service: {extensions: [admission]}}`,
		},
		"guarded already": {
			`{receivers: {otlp: {protocols: {grpc: {middlewares: [{id: admission/b}]}}}}, extensions: {admission/b: }}`,
			`{receivers: {otlp: {protocols: {grpc: {middlewares: [{id: admission/b}]}}}}, extensions: {admission/b: }, service: {extensions: [admission/b]}}`,
		},
		"other receivers": {`{receivers: {file_log: {include: [a]}, otlp: }}`, `{receivers: {file_log: {include: [a]}, otlp: }}`},
		"nonsense":        {`{receivers: {otlp: {protocols: {grpc: 5, http: {middlewares: 5}}}}}`, `{receivers: {otlp: {protocols: {grpc: 5, http: {middlewares: 5}}}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(text string) *confmap.Conf {
				retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
				require.NoError(t, err)
				conf, err := retrieved.AsConf()
				require.NoError(t, err)
				return conf
			}
			conf := read(tt.config)
			require.NoError(t, NewFactory().Create(confmap.ConverterSettings{}).Convert(t.Context(), conf))
			assert.Equal(t, read(tt.want).ToStringMap(), conf.ToStringMap())
		})
	}
}
