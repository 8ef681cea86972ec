// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package reload

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// Guard returns a factory of the same providers that also guard against SIGHUP.
func Guard(factory confmap.ProviderFactory) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		return guarded{Provider: factory.Create(set), log: set.Logger}
	})
}

type guarded struct {
	confmap.Provider
	log *zap.Logger
}

// Retrieve begins to guard, and lets the guard reload by way of watcher.
func (g guarded) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if watcher != nil {
		process.begin(watcher, g.log)
	}
	return g.Provider.Retrieve(ctx, uri, watcher)
}

// Shutdown ends the guard: its watcher may not be called after that.
func (g guarded) Shutdown(ctx context.Context) error {
	process.end()
	return g.Provider.Shutdown(ctx)
}

// process is the guard of the process. There is one, as signals are the process's.
var process = guard{validate: validate, look: 10 * time.Millisecond}

type guard struct {
	validate func(ctx context.Context, fetched map[string][]byte) error
	look     time.Duration // between two looks whether the Collector listens to SIGHUP

	mu      sync.Mutex
	watcher confmap.WatcherFunc
	pending bool // a reload was asked for, and has not begun
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// begin starts the guard, or gives it the watcher of a reload that begins.
func (g *guard) begin(watcher confmap.WatcherFunc, log *zap.Logger) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watcher, g.pending = watcher, false
	if g.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.stop = cancel
	signal.Ignore(syscall.SIGHUP) // until the Collector listens to it, which is how run sees that
	g.stopped.Go(func() { g.run(ctx, log) })
}

// end stops the guard and waits for it.
func (g *guard) end() {
	g.mu.Lock()
	stop := g.stop
	g.watcher, g.stop = nil, nil
	g.mu.Unlock()
	if stop != nil {
		stop()
		g.stopped.Wait()
	}
}

// run takes SIGHUP from the Collector once the Collector listens to it, and answers it from then on.
func (g *guard) run(ctx context.Context, log *zap.Logger) {
	look := time.NewTicker(g.look)
	defer look.Stop()
	for signal.Ignored(syscall.SIGHUP) {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
	signal.Ignore(syscall.SIGHUP) // the Collector no longer hears it
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	log.Info("SIGHUP has the configuration validated from now on")
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			g.reload(ctx, log)
		}
	}
}

// reload has the Collector load its configuration again, if that is valid.
func (g *guard) reload(ctx context.Context, log *zap.Logger) {
	log.Info("SIGHUP: the configuration is validated before it is loaded")
	bodies, err := fetched.refresh(ctx)
	if err == nil {
		err = g.validate(ctx, bodies)
	}
	if err != nil {
		if ctx.Err() == nil {
			log.Error("the configuration is refused, and the running one stays in place", zap.Error(err))
		}
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watcher == nil || g.pending {
		return
	}
	fetched.take(bodies)
	g.pending = true // the watcher would block on a second event before the first one is taken
	g.watcher(&confmap.ChangeEvent{})
}

// Bounds of a validation.
const (
	validateTimeout = 2 * time.Minute
	maxOutput       = 8 << 10
)

// validate runs the command `validate` of this program with the arguments of this process, in a
// process apart: components that are made to be validated cannot disturb those that run. It gets
// the configurations that were fetched from servers, by URI.
func validate(ctx context.Context, fetched map[string][]byte) error {
	program, err := ownProgram()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, validateTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"validate"}, os.Args[1:]...)...)
	handoff, err := json.Marshal(fetched)
	if err != nil {
		return fmt.Errorf("run `validate`: %w", err)
	}
	cmd.Env = append(os.Environ(), handoffVariable+"=1")
	cmd.Stdin = bytes.NewReader(handoff) // without, it would need /dev/null, which a bare file system lacks
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run `validate`: %w", err)
	}
	// Of Linux: where memory runs out, the validation ends and not the collector.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", cmd.Process.Pid), []byte("1000"), 0)
	err = cmd.Wait()
	if _, refused := errors.AsType[*exec.ExitError](err); refused && output.Len() > 0 {
		return errors.New(strings.TrimSpace(string(output.Next(maxOutput))))
	}
	if err != nil {
		return fmt.Errorf("run `validate`: %w", err)
	}
	return nil
}

// ownProgram returns the path of this program.
func ownProgram() (string, error) {
	const self = "/proc/self/exe" // of Linux: this very program, though another has taken its place on the disk
	if _, err := os.Stat(self); err == nil {
		return self, nil
	}
	if path, err := os.Executable(); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(os.Args[0]) // where /proc is not mounted
	if err != nil {
		return "", fmt.Errorf("find this program, to validate with it: %w", err)
	}
	return path, nil
}
