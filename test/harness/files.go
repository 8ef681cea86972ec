// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// FilesWith returns the files below dir whose path there or whose content has a text.
// Servers may remove files meanwhile.
func FilesWith(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	files := os.DirFS(dir)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		var content []byte
		if err == nil && !d.IsDir() {
			content, err = fs.ReadFile(files, path)
		}
		if errors.Is(err, fs.ErrNotExist) && path != "." {
			return nil
		}
		if err == nil && !d.IsDir() && (strings.Contains(path, text) || bytes.Contains(content, []byte(text))) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
