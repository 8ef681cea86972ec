// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package reload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// childVariable makes the test's program behave as the Collector's command `validate`.
const childVariable = "RELOAD_TEST_VALIDATE"

func TestMain(m *testing.M) {
	if does := os.Getenv(childVariable); does != "" {
		if len(os.Args) < 2 || os.Args[1] != "validate" {
			os.Exit(2)
		}
		if does == "refuse" {
			fmt.Println("`exporters`: wrong")
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// collector does with signals and configurations what the Collector does.
type collector struct {
	*confmap.Resolver
	hangups chan os.Signal
	logged  chan string
}

// newCollector starts one whose guard validates with the given function, and waits for the guard.
func newCollector(t *testing.T, valid func(context.Context, map[string][]byte) error) *collector {
	t.Helper()
	return newCollectorOf(t, "yaml:a: b", Guard(yamlprovider.NewFactory()), valid)
}

// newCollectorOf is newCollector with the configuration at uri.
func newCollectorOf(t *testing.T, uri string, factory confmap.ProviderFactory, valid func(context.Context, map[string][]byte) error) *collector {
	t.Helper()
	c := &collector{hangups: make(chan os.Signal, 3), logged: make(chan string, 100)}
	process.validate = valid
	log := zap.New(zapcore.NewNopCore(), zap.WrapCore(func(zapcore.Core) zapcore.Core { return tee{c.logged} }))
	var err error
	c.Resolver, err = confmap.NewResolver(confmap.ResolverSettings{
		URIs: []string{uri}, ProviderFactories: []confmap.ProviderFactory{factory},
		ProviderSettings: confmap.ProviderSettings{Logger: log},
	})
	require.NoError(t, err)
	_, err = c.Resolve(t.Context())
	require.NoError(t, err)
	require.True(t, signal.Ignored(syscall.SIGHUP), "a SIGHUP during the start ends nothing")
	signal.Notify(c.hangups, syscall.SIGHUP)
	assert.Contains(t, receive(t, c.logged), "from now on")
	t.Cleanup(func() {
		require.NoError(t, c.Shutdown(context.Background()))
		signal.Stop(c.hangups)
		signal.Reset(syscall.SIGHUP)
	})
	return c
}

// hangUp sends SIGHUP, which the guard hears.
func (c *collector) hangUp(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	assert.Contains(t, receive(t, c.logged), "validated before it is loaded")
}

// tee is a core that hands on messages.
type tee struct{ to chan string }

func (tee) Enabled(zapcore.Level) bool          { return true }
func (t tee) With([]zapcore.Field) zapcore.Core { return t }
func (tee) Sync() error                         { return nil }
func (t tee) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return c.AddCore(e, t)
}
func (t tee) Write(e zapcore.Entry, _ []zapcore.Field) error { t.to <- e.Message; return nil }

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		require.Fail(t, "nothing came")
	}
	return v
}

func TestARefusedConfigurationIsNotLoaded(t *testing.T) {
	c := newCollector(t, func(context.Context, map[string][]byte) error { return errors.New("wrong") })
	c.hangUp(t)
	assert.Contains(t, receive(t, c.logged), "the running one stays in place")
	assert.Empty(t, c.Watch(), "the Collector is not told to reload")
	assert.Empty(t, c.hangups, "nor does it hear the signal")
}

func TestAValidConfigurationIsLoaded(t *testing.T) {
	c := newCollector(t, func(context.Context, map[string][]byte) error { return nil })
	for range 3 {
		c.hangUp(t)
		require.NoError(t, receive(t, c.Watch()))
		_, err := c.Resolve(t.Context())
		require.NoError(t, err)
	}
}

func TestSignalsBeforeAReloadBeginsAskForOne(t *testing.T) {
	validated := make(chan struct{}, 10)
	c := newCollector(t, func(context.Context, map[string][]byte) error { validated <- struct{}{}; return nil })
	c.hangUp(t)
	receive(t, validated)
	for range 2 {
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
		receive(t, validated) // it does not block on an event that nobody has taken
	}
	require.NoError(t, receive(t, c.Watch()))
}

func TestAShutdownEndsAValidation(t *testing.T) {
	begun := make(chan struct{})
	c := newCollector(t, func(ctx context.Context, _ map[string][]byte) error { close(begun); <-ctx.Done(); return ctx.Err() })
	c.hangUp(t)
	receive(t, begun)
}

func TestValidateRunsThisProgram(t *testing.T) {
	t.Setenv(childVariable, "refuse")
	assert.EqualError(t, validate(t.Context(), nil), "`exporters`: wrong", "what the program says is the error")
	t.Setenv(childVariable, "accept")
	assert.NoError(t, validate(t.Context(), nil))
}
