// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed *.go
var sources embed.FS

// Version tells this instrumenter from every other, so that what one has made is not taken for what
// another would make. Why a digest of its sources and not a number: nobody can forget to raise it.
func Version() string { return digest(sources) }

func digest(files fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		panic(err) // what is compiled in can be read
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
