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
receivers: {otlp: {protocols: {grpc: {middlewares: [{id: b}]}, http: {middlewares: [{id: b}]}}}}
exporters: {sm4/x: {otlp_grpc: {middlewares: [{id: a}]}}, otlp_http: {middlewares: []}}
service: {extensions: [health]}`, []any{"health", "a", "b"}},
		"already listed": {`
extensions: {a: , health: }
exporters: {x: {middlewares: [{id: a}]}}
service: {extensions: [a, health]}`, []any{"a", "health"}},
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
