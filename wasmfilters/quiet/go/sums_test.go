// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheModulesAreWhatTheirSourcesWereBuiltTo compares each file with the digest
// that the build wrote: of the recipe, of the source and of the module.
func TestTheModulesAreWhatTheirSourcesWereBuiltTo(t *testing.T) {
	for _, language := range languages(t) {
		dir := filepath.Join("..", language)
		sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		require.NoError(t, err)
		var listed, files []string
		for line := range strings.Lines(string(sums)) {
			digest, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
			content, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			assert.Equal(t, digest, fmt.Sprintf("%x", sha256.Sum256(content)), "%s/%s is not as it was built: run make filters-all", language, file)
			listed = append(listed, file)
		}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			if e.Name() != "SHA256SUMS" {
				files = append(files, e.Name())
			}
		}
		assert.Equal(t, files, listed, language)
	}
}

func TestTheModulesAreAFewKilobytes(t *testing.T) {
	for _, language := range languages(t) {
		info, err := os.Stat(module(language))
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(10_000), language)
	}
}
