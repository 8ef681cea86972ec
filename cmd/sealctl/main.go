// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitDone = 0
	exitPart = 1 // problems were found, or a part could not be done
	exitNot  = 2 // it could not be done: usage, keys, files
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newEnv(stdin, stdout, stderr).run(ctx, args)
}

// env is what commands have of the world.
type env struct {
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	terminal bool // stderr is one
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
}

func newEnv(stdin io.Reader, stdout, stderr io.Writer) *env {
	return &env{stdin: stdin, stdout: stdout, stderr: stderr, terminal: isTerminal(stderr), now: time.Now, sleep: sleep}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *env) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		_, _ = io.WriteString(e.stderr, overview())
		return exitNot
	}
	if name := args[0]; name == "help" || name == "-h" || name == "-help" || name == "--help" {
		return e.help(args[1:])
	}
	c, rest, ok := find(args)
	if !ok {
		return e.unknown(args)
	}
	return e.execute(ctx, c, rest)
}

func (e *env) execute(ctx context.Context, c command, args []string) int {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what it has to say is said below
	do := c.setup(fs)
	rest, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(e.stdout, manual(c))
		return exitDone
	}
	if err != nil {
		err = usageError{err}
	} else {
		err = do(ctx, e, rest)
	}
	return e.explain(ctx, c, err)
}

// explain says what went wrong, and returns the exit code.
func (e *env) explain(ctx context.Context, c command, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPart): // it has been said
		return exitPart
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		e.say("sealctl %s: interrupted", c.name)
	case errors.As(err, &usage):
		e.say("sealctl %s: %v", c.name, err)
		e.say("usage: sealctl %s %s\n`sealctl %s -h` explains its flags", c.name, c.args, c.name)
	default:
		e.say("sealctl %s: %v", c.name, err)
	}
	return exitNot
}

// say prints a line for people to stderr.
func (e *env) say(format string, args ...any) {
	_, _ = fmt.Fprintln(e.stderr, printable(fmt.Sprintf(format, args...)))
}

// printf prints to stdout. A full disk or a closed pipe must not pass as success.
func (e *env) printf(format string, args ...any) error {
	_, err := io.WriteString(e.stdout, printable(fmt.Sprintf(format, args...)))
	return err
}

// printable shows control characters instead of sending them to a terminal: ids
// and names come from files that are not authenticated yet.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd") // some terminals take a lone byte for control
	isControl := func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) }
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// errPart says that something was left undone or is wrong, and has been said.
var errPart = errors.New("not all of it could be done")

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
