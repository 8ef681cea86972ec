// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheBillNamesWhatIsLinked(t *testing.T) {
	binary := os.Getenv("SEALGATE_CTL") // a test binary does not record what is linked
	if binary == "" {
		t.Skip("SEALGATE_CTL names no built program; `make test` does")
	}
	var out, again bytes.Buffer
	require.NoError(t, write(&out, binary, "1.2.3"))
	require.NoError(t, write(&again, binary, "1.2.3"))
	assert.Equal(t, out.String(), again.String(), "the same binary has the same bill")

	var b bom
	require.NoError(t, json.Unmarshal(out.Bytes(), &b))
	assert.Equal(t, "CycloneDX", b.Format)
	assert.Equal(t, "1.6", b.Spec)
	assert.Equal(t, 1, b.Version)
	assert.Equal(t, "application", b.Metadata.Component.Type)
	assert.Equal(t, filepath.Base(binary), b.Metadata.Component.Name)
	assert.Equal(t, "1.2.3", b.Metadata.Component.Version)

	digest := regexp.MustCompile(`^[0-9a-f]{64}$`)
	refs := map[string]component{}
	for _, c := range append(b.Components, b.Metadata.Component) {
		assert.NotContains(t, refs, c.Ref, "bom-ref is unique")
		refs[c.Ref] = c
		assert.NotEmpty(t, c.Name)
		assert.NotEmpty(t, c.Version, c.Name)
		for _, h := range c.Hashes {
			assert.Equal(t, "SHA-256", h.Algorithm)
			assert.Regexp(t, digest, h.Content)
		}
	}
	for _, name := range []string{"std", "github.com/tetratelabs/wazero"} {
		assert.Regexp(t, `"pkg:golang/`+name+`@v?\d+\.\d+`, out.String())
	}
}

func TestAModuleIsNamedByWhatReplacesIt(t *testing.T) {
	fork := &debug.Module{Path: "example.com/fork", Version: "v2.0.0+incompatible"}
	for _, tt := range []struct {
		name string
		m    debug.Module
		want string
	}{
		{"as it is", debug.Module{Path: "example.com/a", Version: "v1.0.0"}, "pkg:golang/example.com/a@v1.0.0"},
		{"a fork", debug.Module{Path: "example.com/a", Version: "v1.0.0", Replace: fork}, "pkg:golang/example.com/fork@v2.0.0%2Bincompatible"},
		{"our own, from its folder", debug.Module{Path: own, Replace: &debug.Module{Path: "../..", Version: "(devel)"}}, "pkg:golang/" + own + "@v1.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := module(&tt.m, "1.2.3")
			require.NoError(t, err)
			assert.Equal(t, tt.want, c.PURL)
		})
	}
}

func TestWhatIsNoGoBinaryIsNamed(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("no binary"), 0o644))
	err := write(&bytes.Buffer{}, text, "1.2.3")
	assert.ErrorContains(t, err, text)
	assert.ErrorContains(t, err, "must be a Go binary")
}
