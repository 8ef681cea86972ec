// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package configtest has what the tests of every component's configuration need.
package configtest

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// Parse parses YAML as the Collector does.
func Parse(t testing.TB, yaml string) *confmap.Conf {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	return conf
}

// Keys returns the keys of a configuration type, those of a struct within it as
// outer::inner, as far as the struct is of the same package. An Optional is what it
// may hold.
func Keys(typ reflect.Type) (keys []string) {
	for field := range typ.Fields() {
		key := field.Tag.Get("mapstructure")
		if key == "" {
			continue
		}
		keys = append(keys, key)
		inner := field.Type
		if get, ok := reflect.PointerTo(inner).MethodByName("Get"); ok {
			inner = get.Type.Out(0).Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == typ.PkgPath() {
			for _, k := range Keys(inner) {
				keys = append(keys, key+"::"+k)
			}
		}
	}
	return keys
}
