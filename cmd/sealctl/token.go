// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/seal"
)

type token struct{ file, env, query string }

func tokenCommand() command {
	return command{
		name:    "token",
		args:    "--search-key FILE ATTRIBUTE VALUE [--for tempo|loki]",
		summary: "print the search token of an attribute and a value, or a whole query",
		about: `
The query for tempo finds spans and resources alike. Attributes of events, links and
scopes have no token. A value that is no string is written as in JSON. The value - is read from stdin,
so that it stays out of the shell's history.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			t := &token{}
			fs.StringVar(&t.file, "search-key", "", "`FILE` with the search key, the same as the gateway's")
			fs.StringVar(&t.env, "search-key-env", "", "`VARIABLE` of the environment that holds the search key")
			fs.StringVar(&t.query, "for", "", "`BACKEND` to print a query for: tempo or loki")
			return t.run
		},
	}
}

func (t *token) run(_ context.Context, e *env, args []string) error {
	if len(args) != 2 || args[0] == "" {
		return usagef("it takes an attribute and a value, such as user.id 4711; there are %d arguments", len(args))
	}
	attribute, value := args[0], args[1]
	if t.query != "" && t.query != "tempo" && t.query != "loki" {
		return usagef("--for %q is neither tempo nor loki", t.query)
	}
	key, err := t.key()
	if err != nil {
		return err
	}
	maker, err := seal.NewTokenKey(key)
	if err != nil {
		return err
	}
	if value == "-" {
		if value, err = e.readValue(); err != nil {
			return err
		}
	}
	return e.printf("%s\n", query(t.query, attribute, maker.Token(attribute, value)))
}

func (t *token) key() ([]byte, error) {
	switch {
	case t.file != "" && t.env != "":
		return nil, usagef("there are two search keys; give one of --search-key and --search-key-env")
	case t.file != "":
		return seal.ReadKeyFile(t.file)
	case t.env != "":
		return seal.ReadKeyEnv(t.env)
	}
	return nil, usagef("no search key: give the gateway's with --search-key FILE or --search-key-env VARIABLE")
}

// readValue reads a value from stdin, without the line end behind it.
func (e *env) readValue() (string, error) {
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(e.stdin, most+1))
	if err != nil {
		return "", err
	}
	if len(b) > most {
		return "", fmt.Errorf("the value on stdin is larger than %d bytes", most)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

// tokenPrefix is what the name of a token's attribute begins with.
const tokenPrefix = "tok."

var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// query returns what finds a token in a backend, or the token itself.
func query(backend, attribute, token string) string {
	name := tokenPrefix + attribute
	switch backend {
	case "tempo":
		if !plainName.MatchString(name) {
			name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
		}
		return fmt.Sprintf("{ .%s = %q }", name, token) // of a span or of its resource
	case "loki":
		return fmt.Sprintf("| %s=%q", labelbackends.Label(name), token)
	}
	return token
}
