// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package backends builds the real Tempo, Loki and Prometheus that tests and
// demonstrations run against. Each is pinned by a small module of its own
// beside this file, so that its dependencies never touch the product's.
//
// A built server is kept outside the repository, in $SEALGATE_CACHE or else in
// the user's cache directory, under a name that is made of everything it was
// built from. It is built once.
package backends

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Backend is one server to build.
type Backend struct {
	Name    string   // of the binary
	Module  string   // folder of the module that pins it, below this package
	Package string   // main package
	Flags   []string // of go build, besides the common ones
	Minutes int      // to build it on two cores, about
}

// All lists the servers that the tests need, and the tool that tests rules for one of them.
var All = []Backend{
	{Name: "tempo", Module: "tempo", Package: "github.com/grafana/tempo/cmd/tempo", Minutes: 4},
	{Name: "loki", Module: "loki", Package: "github.com/grafana/loki/v3/cmd/loki", Minutes: 6},
	{Name: "prometheus", Module: "prometheus", Package: "github.com/prometheus/prometheus/cmd/prometheus", Flags: []string{"-tags=remove_all_sd"}, Minutes: 3},
	{Name: "promtool", Module: "prometheus", Package: "github.com/prometheus/prometheus/cmd/promtool", Flags: []string{"-tags=remove_all_sd"}, Minutes: 1},
	{Name: "kafka", Module: "kafka", Package: ".", Minutes: 1},
}

// Cluster lists what a Kubernetes node of the tests is made of. No other test needs
// them, so they are built where they are named alone.
var Cluster = []Backend{
	{Name: "kubernetes-1.26", Module: "kubernetes-1.26", Package: ".", Flags: kubernetesFlags("v1.26.11"), Minutes: 6},
	{Name: "kubernetes-1.37", Module: "kubernetes-1.37", Package: ".", Flags: kubernetesFlags("v1.37.2"), Minutes: 9},
	{Name: "coredns", Module: "coredns", Package: ".", Minutes: 2},
}

// kubernetesFlags tell the binary its own version, which is that of its module.
func kubernetesFlags(version string) []string {
	flags := "-ldflags=-s -w"
	for _, where := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += " -X " + where + ".gitVersion=" + version
	}
	return []string{flags}
}

// commonFlags make the binary small and the same wherever it is built.
var commonFlags = []string{"-mod=readonly", "-trimpath", "-ldflags=-s -w"}

// Root returns the root of the repository: the nearest folder at or above the
// working directory that has a builder-config.yaml.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "builder-config.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside a checkout of Sealgate: no builder-config.yaml in this folder or above it")
		}
		dir = parent
	}
}

// ConfigPath returns the path of a server's configuration template, which lies
// beside its module.
func ConfigPath(root, module, file string) string {
	return filepath.Join(root, "test", "backends", module, file)
}

// Find returns the backend of that name.
func Find(name string) (Backend, error) {
	known := slices.Concat(All, Cluster)
	for _, b := range known {
		if b.Name == name {
			return b, nil
		}
	}
	return Backend{}, fmt.Errorf("no backend is named %q; there are: %s", name, strings.Join(namesOf(known), ", "))
}

// Names returns the names of All.
func Names() []string { return namesOf(All) }

func namesOf(backends []Backend) []string {
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = b.Name
	}
	return names
}

// Ensure returns the path of the binary of each named backend, of each of All
// where none is named, and builds those that are not in the cache. What it does
// is said on progress.
func Ensure(ctx context.Context, progress io.Writer, names ...string) (map[string]string, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = Names()
	}
	paths := make(map[string]string, len(names))
	for _, name := range names {
		b, err := Find(name)
		if err != nil {
			return nil, err
		}
		if paths[name], err = b.ensure(ctx, progress, root); err != nil {
			return nil, fmt.Errorf("building %s: %w", name, err)
		}
	}
	return paths, nil
}

func (b Backend) ensure(ctx context.Context, progress io.Writer, root string) (string, error) {
	module := filepath.Join(root, "test", "backends", b.Module)
	key, err := b.key(module)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "backends", b.Name+"-"+key, b.Name)
	if isFile(binary) {
		return binary, nil
	}
	unlock, err := lock(ctx, progress, filepath.Dir(binary))
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(binary) { // another process built it meanwhile
		return binary, nil
	}
	return binary, b.build(ctx, progress, module, binary)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// lock makes directory, and waits until no other process has locked it. Two builds
// of one server would take the memory and the time of both.
func lock(ctx context.Context, progress io.Writer, directory string) (unlock func(), err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Open(directory)
	if err != nil {
		return nil, err
	}
	for waits := 0; ; waits++ {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return func() { f.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			break
		}
		if waits == 0 {
			fmt.Fprintf(progress, "== waiting for another process that builds %s\n", directory)
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(200 * time.Millisecond):
			continue
		}
		break
	}
	f.Close()
	return nil, fmt.Errorf("locking %s: %w", directory, err)
}

// key is a digest of everything that decides what the binary will be.
func (b Backend) key(module string) (string, error) {
	h := sha256.New()
	files := []string{"go.mod", "go.sum"}
	if _, err := os.Stat(filepath.Join(module, "main.go")); err == nil {
		files = append(files, "main.go") // the server is our own
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", file, len(content))
		h.Write(content)
	}
	fmt.Fprintln(h, b.Package, b.Flags, commonFlags, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("SEALGATE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w; set SEALGATE_CACHE to a folder where built servers may be kept", err)
	}
	return filepath.Join(dir, "sealgate"), nil
}

// build compiles into a temporary name and renames at the end: an interrupted
// build never leaves half a binary behind.
func (b Backend) build(ctx context.Context, progress io.Writer, module, binary string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(binary), "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	fmt.Fprintf(progress, "== building %s, once (about %d minutes on two cores)\n", b.Name, b.Minutes)
	start := time.Now()
	out := filepath.Join(tmp, b.Name)
	args := slices.Concat([]string{"build"}, commonFlags, b.Flags, []string{"-o", out, b.Package})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS="+os.Getenv("GOFLAGS")+" -buildvcs=false")
	cmd.WaitDelay = 5 * time.Second // for compilers that outlive a cancelled go
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := runWithHeartbeat(cmd, progress, b.Name); err != nil {
		return fmt.Errorf("%w\n%s", err, output.Bytes())
	}
	fmt.Fprintf(progress, "== built %s in %s\n", b.Name, time.Since(start).Round(time.Second))
	return os.Rename(out, binary)
}

// runWithHeartbeat runs cmd and says every half minute that it still runs.
func runWithHeartbeat(cmd *exec.Cmd, progress io.Writer, name string) error {
	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			fmt.Fprintf(progress, "== building %s ... %s\n", name, time.Since(start).Round(time.Second))
		}
	}
}
