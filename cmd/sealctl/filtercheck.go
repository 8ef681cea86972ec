// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmhost"
)

func filterCheckCommand() command {
	return command{
		name:    "filter check",
		args:    "MODULE [--config FILE]",
		summary: "check that a log filter keeps to the contract with the gateway",
		about: `
MODULE is a WebAssembly file in whatever language, or builtin:NAME. It must start in
the gateway with the configuration, and then pass what docs/wasm-abi.md demands: a
line for each check, and exit code 1 if one fails. It takes up to a minute.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			m := &filterModule{}
			m.register(fs)
			return func(ctx context.Context, e *env, args []string) error {
				if err := m.load(args); err != nil {
					return err
				}
				return m.check(ctx, e)
			}
		},
	}
}

// check prints a line for each check. One that is a condition of the rest ends it.
func (m *filterModule) check(ctx context.Context, e *env) error {
	c := &checker{e: e}
	bench, err := filterbench.New(ctx, m.wasm, filterbench.Options{Config: m.config, Output: true, Allow: wasmhost.Changes()})
	if !c.line("the gateway starts it with the configuration", m.refusal(err)) {
		return c.conclude()
	}
	defer func() { _ = bench.Close(ctx) }()
	err = judgeSamples(ctx, bench)
	c.line("the gateway's fuel and memory suffice, and the counts are right", err)
	if errors.Is(err, errFuel) {
		return c.concludeEarly()
	}
	suite, err := sdktest.Load(m.wasm, sdktest.Deadline)
	if err != nil { // which the gateway would have refused
		return err
	}
	defer func() { _ = suite.Close() }()
	for _, check := range sdktest.Checks {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := check.Run(suite, m.config)
		c.line(check.Name, err)
		if errors.Is(err, sdktest.ErrEndless) {
			return c.concludeEarly()
		}
	}
	return c.conclude()
}

// errFuel says that a filter ran out of fuel: the checks that follow would wait for it again and again.
var errFuel = errors.New("it loops for ever, or does too much for a record")

// checker prints what became of checks.
type checker struct {
	e        *env
	failed   bool
	unspoken error // stdout is gone
}

// line prints one, and tells whether it has passed.
func (c *checker) line(name string, err error) bool {
	text := "ok    " + name
	if err != nil {
		text, c.failed = fmt.Sprintf("FAIL  %s: %v", name, err), true
	}
	c.unspoken = errors.Join(c.unspoken, c.e.printf("%s\n", text))
	return err == nil
}

// concludeEarly leaves the other checks out: each would wait for a filter that does not end.
func (c *checker) concludeEarly() error {
	c.unspoken = errors.Join(c.unspoken, c.e.printf("the other checks are left out: a call does not end\n"))
	return c.conclude()
}

func (c *checker) conclude() error {
	if c.failed && c.unspoken == nil {
		return errPart
	}
	return c.unspoken
}

// judgeSamples has a filter judge records as in the gateway.
func judgeSamples(ctx context.Context, bench *filterbench.Bench) error {
	if err := bench.Run(ctx, &samples{left: sdktest.Lines(10000)}); err != nil {
		return err
	}
	result, err := bench.Result(ctx)
	switch {
	case err != nil:
		return err
	case result.Errors[wasmhost.KindFuel.String()] > 0 && slices.ContainsFunc(result.Outcomes, isFailed):
		return fmt.Errorf("%w: %s", errFuel, result.LastError)
	case len(result.Errors) > 0:
		return errors.New(result.LastError)
	case result.Reports.Mismatch > 0:
		return fmt.Errorf("its reports differ by %d records from what it counted", result.Reports.Mismatch)
	}
	return nil
}

func isFailed(o filterbench.Outcome) bool { return o.Outcome == filterbench.Failed }

// samples are records that were made up.
type samples struct {
	left     []sdktest.Record
	resource logfile.Resource
}

func (s *samples) Read() (logfile.Record, error) {
	if len(s.left) == 0 {
		return logfile.Record{}, io.EOF
	}
	r := s.left[0]
	s.left = s.left[1:]
	return logfile.Record{Time: r.Time, Severity: r.Severity, Body: r.Body, Resource: &s.resource}, nil
}
