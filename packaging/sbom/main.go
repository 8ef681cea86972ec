// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command sbom writes the bill of materials of a Go binary in CycloneDX 1.6, as JSON,
// to standard output:
//
//	sbom -version 0.1.0 build/otelcol-sealgate > otelcol-sealgate.cdx.json
//
// It is made of what the compiler recorded in the binary, so it lists what was linked,
// not what a go.mod asks for. The same binary gives the same bytes: there is neither a
// timestamp nor a random serial number in it.
package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// own is the module whose packages are built from this repository.
const own = "github.com/sealgate/sealgate"

// The part of https://cyclonedx.org/docs/1.6/json that is used.
type (
	bom struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Version    int         `json:"version"`
		Metadata   metadata    `json:"metadata"`
		Components []component `json:"components"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl,omitempty"`
		Hashes  []hash `json:"hashes,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"` // in hexadecimal
	}
)

func main() {
	version := flag.String("version", "", "version of the binary, 0.1.0")
	flag.Parse()
	if flag.NArg() != 1 || *version == "" {
		fmt.Fprintln(os.Stderr, "usage: sbom -version 0.1.0 binary")
		os.Exit(2)
	}
	if err := write(os.Stdout, flag.Arg(0), *version); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// write writes the bill of materials of the binary at path to w.
func write(w io.Writer, path, version string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading what %s was built of: %w; it must be a Go binary", path, err)
	}
	sum, err := sha256File(path)
	if err != nil {
		return err
	}
	name := filepath.Base(path)
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1}
	b.Metadata.Component = component{Type: "application", Ref: name, Name: name, Version: version, Hashes: []hash{sum}}
	b.Components = append(b.Components, library("std", strings.TrimPrefix(info.GoVersion, "go")))
	for _, m := range info.Deps {
		c, err := module(m, version)
		if err != nil {
			return err
		}
		b.Components = append(b.Components, c)
	}
	slices.SortFunc(b.Components, func(x, y component) int { return cmp.Compare(x.Ref, y.Ref) })
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

// module describes the module that was linked for m. Our own has the version of the
// product: it is replaced by a folder, which has none.
func module(m *debug.Module, version string) (component, error) {
	if m.Path == own {
		return library(own, "v"+version), nil
	}
	if m.Replace != nil {
		m = m.Replace
	}
	c := library(m.Path, m.Version)
	if m.Sum == "" {
		return c, nil
	}
	// go.sum's h1: is SHA-256 over the hashes of the module's files.
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
	if err != nil {
		return component{}, fmt.Errorf("checksum of module %s: %w", m.Path, err)
	}
	c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
	return c, nil
}

func library(path, version string) component {
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return component{Type: "library", Ref: purl, Name: path, Version: version, PURL: purl}
}

func sha256File(path string) (hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return hash{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return hash{}, err
	}
	return hash{"SHA-256", hex.EncodeToString(h.Sum(nil))}, nil
}
