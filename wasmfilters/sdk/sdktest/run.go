// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Deadline is how long a call may take in a module of WASM and Build, which is
// far longer than the host allows.
const Deadline = 10 * time.Second

// WASM loads the module in a file.
func WASM(t testing.TB, path string) Module {
	t.Helper()
	m, err := Load(read(t, path), Deadline)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// Build builds the package in dir with the standard toolchain and loads it. The
// tests of a process share the module.
func Build(t testing.TB, dir string) Module {
	t.Helper()
	return built(t, dir, Deadline)
}

// Bench is Build for benchmarks: code at full speed, calls without a deadline.
func Bench(t testing.TB, dir string) Module {
	t.Helper()
	return built(t, dir, 0)
}

var shared struct {
	sync.Mutex
	bytes   map[string][]byte
	modules map[sharedKey]Module
}

type sharedKey struct {
	dir      string
	deadline time.Duration
}

func built(t testing.TB, dir string, deadline time.Duration) Module {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	key := sharedKey{dir, deadline}
	if m := shared.modules[key]; m != nil {
		return m
	}
	if shared.bytes == nil {
		shared.bytes, shared.modules = map[string][]byte{}, map[sharedKey]Module{}
	}
	if shared.bytes[dir] == nil {
		shared.bytes[dir] = read(t, Compile(t, dir))
	}
	m, err := Load(shared.bytes[dir], deadline)
	if err != nil {
		t.Fatal(err)
	}
	shared.modules[key] = m
	return m
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Compile builds the package in dir and returns the path of the module.
func Compile(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "filter.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the module of %s: %v\n%s", dir, err, out)
	}
	return path
}

// Run is a configured instance in a test, which fails at the first error.
type Run struct {
	Manifest sdk.Manifest
	Driver   Driver
	Options  Options // of the chunks to come
	t        testing.TB
}

// Start makes an instance and configures it.
func Start(t testing.TB, m Module, config string) *Run {
	t.Helper()
	d, err := m.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	manifest, err := d.Configure([]byte(config))
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	return &Run{Manifest: manifest, Driver: d, t: t}
}

// Judge returns a valid verdict for each record.
func (r *Run) Judge(records ...Record) []sdk.Verdict {
	r.t.Helper()
	v, err := judge(r.Driver, &r.Manifest, r.Options, records)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// Flush returns the reports.
func (r *Run) Flush(now uint64, last bool) []sdk.Report {
	r.t.Helper()
	reports, err := r.Driver.Flush(now, last)
	if err != nil {
		r.t.Fatal(err)
	}
	return reports
}

// Refused configures a new instance and returns why it does not like it.
func Refused(t testing.TB, m Module, config string) string {
	t.Helper()
	d, err := m.New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err = d.Configure([]byte(config)); err == nil {
		t.Fatalf("the configuration %s should be refused", config)
	}
	return err.Error()
}
