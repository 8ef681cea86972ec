// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command size prints how large each built distribution is, how long it takes to be
// ready, and what memory it has when nothing happens. It fails where one exceeds what
// was set for it.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/test/harness"
)

const (
	starts = 9 // of each; the median counts
	idle   = 15 * time.Second
	mb     = 1e6
)

// limits are those of each role that has any; 0 is none.
var limits = map[string]figures{
	"edge":  {bytes: 60 * mb, ready: 300 * time.Millisecond, rss: 60 * mb},
	"agent": {ready: 1500 * time.Millisecond}, // where the metadata services of clouds do not answer
}

// figures are what is measured of one distribution.
type figures struct {
	bytes int64         // of the binary
	ready time.Duration // from its start to the first answer of its health check, with a warm cache
	rss   int64         // resident, in bytes, after some seconds without work
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binaries []string) error {
	if len(binaries) == 0 {
		return errors.New("usage: size BINARY...; `make size` builds them and names them")
	}
	fmt.Println("| binary | size | start to ready | idle RSS |\n|---|---|---|---|")
	var errs error
	for _, binary := range binaries {
		f, err := measure(ctx, binary)
		if err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
		name := filepath.Base(binary)
		fmt.Printf("| `%s` | %.1f MB | %d ms | %.0f MB |\n", name, float64(f.bytes)/mb, f.ready.Milliseconds(), float64(f.rss)/mb)
		if err := f.check(limits[role(name)]); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errs
}

// check names each figure that exceeds its limit.
func (f figures) check(limit figures) (errs error) {
	above := func(what string, is, most int64, unit string) {
		if most > 0 && is > most {
			errs = errors.Join(errs, fmt.Errorf("%s is %d %s, above %d", what, is, unit, most))
		}
	}
	above("the binary", f.bytes, limit.bytes, "bytes")
	above("the start", f.ready.Milliseconds(), limit.ready.Milliseconds(), "ms")
	above("idle RSS", f.rss, limit.rss, "bytes")
	return errs
}

// role is the embedded configuration that a binary starts with.
func role(name string) string {
	_, role, _ := strings.Cut(name, "otelcol-sealgate-")
	return cmp.Or(role, "gateway")
}

func measure(ctx context.Context, binary string) (f figures, err error) {
	info, err := os.Stat(binary)
	if err != nil {
		return f, err
	}
	f.bytes = info.Size()
	if binary, err = filepath.Abs(binary); err != nil {
		return f, err
	}
	dir, err := os.MkdirTemp("", "sealgate-size-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	env, err := environment(ctx, dir)
	if err != nil {
		return f, err
	}
	var ready []time.Duration
	for i := range 1 + starts { // the first fills the cache
		d, rss, err := start(ctx, binary, dir, env, i == starts)
		if err != nil {
			return f, err
		}
		if i > 0 {
			ready = append(ready, d)
		}
		f.rss = rss
	}
	slices.Sort(ready)
	f.ready = ready[starts/2]
	return f, nil
}

// environment leads a collector into dir. An agent has an API server, and a metadata service that never answers.
func environment(ctx context.Context, dir string) ([]string, error) {
	const pod = `{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "pod", "namespace": "default", "uid": "uid"}, "spec": {"nodeName": "node"}}`
	server, err := harness.StartKubernetes(ctx, "node", []string{pod}, "{}")
	if err != nil {
		return nil, err
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and nobody reads from them
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = silent.Close() })
	env, err := harness.OutsideKubernetes(dir, server, "node")
	return append(env,
		"SEALGATE_KUBELET=node", "SEALGATE_DETECTORS=[env, ec2]", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://"+silent.Addr().String(),
		"SEALGATE_DATA="+filepath.Join(dir, "data"), "SEALGATE_METRICS_PORT=0", "SEALGATE_GATEWAY=127.0.0.1:1",
		"SEALGATE_OTLP_GRPC=127.0.0.1:0", "SEALGATE_OTLP_HTTP=127.0.0.1:0",
		"SEALGATE_LOGS=["+filepath.Join(dir, "*.none")+"]", "SEALGATE_POD_LOGS="+filepath.Join(dir, "*.none"),
	), err
}

// start starts a collector, waits until it is ready, and, where asked to, looks at its memory when it has
// been idle for a while.
func start(ctx context.Context, binary, dir string, env []string, look bool) (ready time.Duration, rss int64, err error) {
	ports, err := harness.Ports(1)
	if err != nil {
		return 0, 0, err
	}
	health := fmt.Sprintf("127.0.0.1:%d", ports[0])
	began := time.Now()
	p, err := harness.Start(harness.Spec{
		Name: "collector", Path: binary, Dir: dir,
		Args: []string{"--config", "embedded:" + role(filepath.Base(binary))},
		Env:  append(env, "SEALGATE_HEALTH="+health),
	})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	for !healthy(ctx, health) {
		if p.Exited() {
			return 0, 0, fmt.Errorf("it ended:\n%s", p.Log())
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	ready = time.Since(began)
	if !look {
		return ready, 0, nil
	}
	select {
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-time.After(idle):
	}
	rss, err = p.RSS()
	return ready, rss, err
}

func healthy(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
