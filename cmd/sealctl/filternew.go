// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// skeleton is a filter in Go; {{name}}, {{version}} and {{replace}} are put in.
//
//go:embed skeleton
var skeleton embed.FS

// released is a version that can be required.
var released = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+`)

type filterNew struct{ dir, replace string }

func filterNewCommand() command {
	return command{
		name:    "filter new",
		args:    "NAME [--dir DIRECTORY] [--replace CHECKOUT]",
		summary: "write the skeleton of a log filter in Go, which builds and works as it is",
		about: `
NAME is lower-case letters, digits and dashes. The directory gets the filter, its test,
some logs to try it on and a Makefile; "make test try" there. Existing files are never
overwritten.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			n := &filterNew{}
			fs.StringVar(&n.dir, "dir", "", "`DIRECTORY` to write to (without it, one named as the filter)")
			fs.StringVar(&n.replace, "replace", "", "`CHECKOUT` of github.com/sealgate/sealgate to build against, in place of a release")
			return n.run
		},
	}
}

var filterName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func (n *filterNew) run(_ context.Context, e *env, args []string) error {
	if len(args) != 1 || !filterName.MatchString(args[0]) {
		return usagef("it takes one name, of lower-case letters, digits and dashes, the first a letter and 63 at most: sealctl filter new no-debug")
	}
	name := args[0]
	if n.dir == "" {
		n.dir = name
	}
	required, replace, err := n.source()
	if err != nil {
		return err
	}
	files, err := render(strings.NewReplacer("{{name}}", name, "{{version}}", required, "{{replace}}", replace))
	if err != nil {
		return err
	}
	if err := writeNew(n.dir, files); err != nil {
		return err
	}
	return e.printf("%s is a filter; build, test and try it: make -C %s test try\n", n.dir, n.dir)
}

// source tells the version of the SDK that the skeleton requires, and the lines of its
// go.mod that say where another is.
func (n *filterNew) source() (required, replace string, err error) {
	if n.replace == "" {
		if !released.MatchString(version) {
			return "", "", errors.New("this sealctl is of no release, so there is none to build against; give a checkout with --replace DIRECTORY")
		}
		return "v" + strings.TrimPrefix(version, "v"), "", nil
	}
	checkout, err := filepath.Abs(n.replace)
	if err != nil {
		return "", "", err
	}
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil || !bytes.HasPrefix(mod, []byte("module github.com/sealgate/sealgate\n")) {
		return "", "", fmt.Errorf("--replace %s is no checkout of github.com/sealgate/sealgate: its go.mod is not there, or another's", n.replace)
	}
	return "v0.0.0", fmt.Sprintf("\nreplace github.com/sealgate/sealgate => %q\n", checkout), nil
}

// render returns the files of the skeleton by their names.
func render(values *strings.Replacer) (map[string]string, error) {
	entries, err := skeleton.ReadDir("skeleton")
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, entry := range entries {
		text, err := skeleton.ReadFile(path.Join("skeleton", entry.Name()))
		if err != nil {
			return nil, err
		}
		files[strings.TrimSuffix(entry.Name(), ".tmpl")] = values.Replace(string(text))
	}
	return files, nil
}

// writeNew writes files to a directory in which none of them is.
func writeNew(dir string, files map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name := range files {
		at := filepath.Join(dir, name)
		if _, err := os.Lstat(at); err == nil {
			return fmt.Errorf("%s is there already, and is not overwritten; take another name, or another directory with --dir", at)
		}
	}
	for name, content := range files {
		if err := create(filepath.Join(dir, name), 0o644, []byte(content)); err != nil {
			return err
		}
	}
	return nil
}
