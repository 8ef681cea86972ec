// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters"
)

// skeleton is what a filter consists of; {{name}} and other values are put in. The filters that are not in Go are examples of
// package wasmfilters.
//
//go:embed skeleton
var skeleton embed.FS

type filterNew struct{ dir, replace, lang string }

func filterNewCommand() command {
	return command{
		name:    "filter new",
		args:    "NAME [--lang LANGUAGE] [--dir DIRECTORY]",
		summary: "write the skeleton of a log filter, which builds and works as it is",
		about: `
NAME is lower-case letters, digits and dashes. The directory gets the filter, some logs
to try it on and a Makefile. In Go it also gets a test, and a copy of the SDK: nothing
else of Sealgate is needed to build it. Existing files are never overwritten.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			n := &filterNew{}
			fs.StringVar(&n.lang, "lang", "go", "`LANGUAGE`: go, c or assemblyscript")
			fs.StringVar(&n.dir, "dir", "", "`DIRECTORY` to write to (without it, one named as the filter)")
			fs.StringVar(&n.replace, "replace", "", "`CHECKOUT` of github.com/sealgate/sealgate to build against, in place of a copy of the SDK")
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
	files, err := n.files(name)
	if err != nil {
		return err
	}
	if err := writeNew(n.dir, files); err != nil {
		return err
	}
	targets := "test try"
	if n.lang != "go" {
		targets = "check try"
	}
	return e.printf("%s is a filter; build, test and try it: make -C %s %s\n", n.dir, n.dir, targets)
}

// files returns the files of the skeleton by their names.
func (n *filterNew) files(name string) (map[string]string, error) {
	switch n.lang {
	case "go":
		return n.inGo(name)
	case "c":
		return inOther(name, n.lang, "quiet.c")
	case "assemblyscript":
		return inOther(name, n.lang, "quiet.ts")
	}
	return nil, usagef("--lang %q must be one of go, c, assemblyscript", n.lang)
}

// sdkFolder is where the copy of the SDK is.
const sdkFolder = "sealgate"

func (n *filterNew) inGo(name string) (map[string]string, error) {
	at := "./" + sdkFolder
	if n.replace != "" {
		var err error
		if at, err = checkoutAt(n.replace); err != nil {
			return nil, err
		}
	}
	files, err := render("go", strings.NewReplacer("{{name}}", name, "{{sdk}}", at))
	if err != nil || n.replace != "" {
		return files, err
	}
	return files, copySDK(files)
}

// checkoutAt is the path of a checkout, as go.mod has it.
func checkoutAt(dir string) (string, error) {
	checkout, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil || !bytes.HasPrefix(mod, []byte("module github.com/sealgate/sealgate\n")) {
		return "", fmt.Errorf("--replace %s is no checkout of github.com/sealgate/sealgate: its go.mod is not there, or another's", dir)
	}
	return strconv.Quote(checkout), nil
}

// copySDK adds the SDK as a module.
func copySDK(files map[string]string) error {
	files[sdkFolder+"/go.mod"] = sdkModule()
	return fs.WalkDir(wasmfilters.SDK, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := wasmfilters.SDK.ReadFile(name)
		files[path.Join(sdkFolder, "wasmfilters", name)] = string(text)
		return err
	})
}

// sdkModule is the go.mod of the copy: it requires what this program was built with.
func sdkModule() string {
	var b strings.Builder
	b.WriteString("module github.com/sealgate/sealgate\n\ngo 1.26.0\n\nrequire (\n")
	info, _ := debug.ReadBuildInfo()
	for _, needed := range []string{"github.com/cespare/xxhash/v2", "github.com/tetratelabs/wazero", "golang.org/x/sys"} {
		for _, d := range info.Deps {
			if d.Path == needed {
				fmt.Fprintf(&b, "\t%s %s\n", needed, d.Version)
			}
		}
	}
	b.WriteString(")\n")
	return b.String()
}

// inOther is the filter quiet in another language, under another name.
func inOther(name, lang, source string) (map[string]string, error) {
	renamed := strings.Replace(source, "quiet", name, 1)
	files, err := render("other", strings.NewReplacer("{{name}}", name, "{{source}}", renamed))
	if err != nil {
		return nil, err
	}
	for from, to := range map[string]string{source: renamed, "build.sh": "build.sh"} {
		text, err := wasmfilters.Examples.ReadFile(path.Join("quiet", lang, from))
		if err != nil {
			return nil, err
		}
		files[to] = strings.NewReplacer(
			source, renamed, "quiet.wasm", name+".wasm", `"quiet\"`, `"`+name+`\"`, `"name":"quiet"`, `"name":"`+name+`"`, `\"name\":\"quiet\"`, `\"name\":\"`+name+`\"`,
			"../../../build/", "build/", "\nsha256sum build.sh "+source+" quiet.wasm >SHA256SUMS", "", " and its digests", "", " to build/ at the root of the repository", " to build/",
		).Replace(string(text))
	}
	sample, err := skeleton.ReadFile("skeleton/go/sample.jsonl.tmpl")
	files["sample.jsonl"] = string(sample)
	return files, err
}

// render returns the files of a folder of the skeleton by their names.
func render(folder string, values *strings.Replacer) (map[string]string, error) {
	dir := path.Join("skeleton", folder)
	entries, err := skeleton.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, entry := range entries {
		text, err := skeleton.ReadFile(path.Join(dir, entry.Name()))
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
		at, mode := filepath.Join(dir, name), os.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := create(at, mode, []byte(content)); err != nil {
			return err
		}
	}
	return nil
}
