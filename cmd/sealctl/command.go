// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// command is one of sealctl's commands.
type command struct {
	name    string // one word, or two
	args    string // what follows the name, for people
	summary string // one line
	about   string // what its manual says besides
	// setup defines the flags, and returns what runs with what is left of them.
	setup func(*flag.FlagSet) func(context.Context, *env, []string) error
}

// commands returns all commands, in the order of a key's life, then a filter's, then
// labels. Of two that begin alike, the longer name is first.
func commands() []command {
	return []command{
		keygenCommand(), pubkeyCommand(), inspectCommand(), verifyCommand(), decryptCommand(), replayCommand(),
		unsealCommand(), tokenCommand(), rewrapCommand(),
		filterNewCommand(), filterCheckCommand(), filterTestCommand(),
		labelsExplainCommand(), labelsCommand(), limitsCommand(), selftestCommand(), versionCommand(),
	}
}

// find returns the command that a command line begins with, and the rest of it.
func find(line []string) (c command, args []string, ok bool) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(line) >= len(words) && slices.Equal(line[:len(words)], words) {
			return c, line[len(words):], true
		}
	}
	return command{}, nil, false
}

// parse parses flags, which may stand before and behind the other arguments, and
// returns these.
func parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		consumed := len(args) - fs.NArg()
		if fs.NArg() == 0 || consumed > 0 && args[consumed-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

func (e *env) help(args []string) int {
	if len(args) == 0 {
		_, _ = fmt.Fprint(e.stdout, overview())
		return exitDone
	}
	c, _, ok := find(args)
	if !ok {
		return e.unknown(args)
	}
	_, _ = fmt.Fprint(e.stdout, manual(c))
	return exitDone
}

func (e *env) unknown(line []string) int {
	name := line[0]
	if isFirstWord := func(c command) bool { return strings.HasPrefix(c.name, name+" ") }; slices.ContainsFunc(commands(), isFirstWord) {
		name = strings.Join(line[:min(len(line), 2)], " ")
	}
	e.say("sealctl: there is no command %q\n", name)
	_, _ = fmt.Fprint(e.stderr, overview())
	return exitNot
}

func overview() string {
	var b strings.Builder
	b.WriteString("sealctl reads back what Sealgate has sealed, makes the keys for it, tries log filters, and\nexplains cloud labels.\n\nUsage: sealctl COMMAND [flags] [arguments]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-14s  %s\n", c.name, c.summary)
	}
	b.WriteString("  help            explain a command: sealctl help COMMAND, or sealctl COMMAND -h\n")
	b.WriteString("\nExit codes: 0 done; 1 problems were found, or a part could not be done; 2 it could not be done.\n")
	return b.String()
}

// manual is the help of one command.
func manual(c command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sealctl %s: %s\n\nUsage: sealctl %s\n", c.name, c.summary, strings.TrimSpace(c.name+" "+c.args))
	if c.about != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(c.about))
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	var lines []string
	fs.VisitAll(func(f *flag.Flag) { lines = append(lines, flagLines(f)) })
	if len(lines) > 0 {
		fmt.Fprintf(&b, "\nFlags:\n%s", strings.Join(lines, ""))
	}
	return b.String()
}

func flagLines(f *flag.Flag) string {
	kind, text := flag.UnquoteUsage(f)
	name := "--" + f.Name
	if kind != "" {
		name += " " + kind
	}
	if f.DefValue != "" && !slices.Contains([]string{"false", "0", "0s"}, f.DefValue) {
		text += " (default " + f.DefValue + ")"
	}
	return fmt.Sprintf("  %s\n        %s\n", name, text)
}

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

func (l *list) Set(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	*l = append(*l, s)
	return nil
}
