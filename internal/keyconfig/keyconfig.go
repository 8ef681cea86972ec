// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package keyconfig has the settings of keys that `sm4` and `queue_storage` share. Each reports
// what is wrong with it by its key and with what would be accepted.
package keyconfig

import (
	"errors"
	"fmt"
	"time"

	"github.com/sealgate/sealgate/seal"
)

// File names a symmetric key in a file.
type File struct {
	// Path is the file: 32 hexadecimal digits, as `sealctl keygen --symmetric`
	// writes them. Nobody else may be able to read it.
	Path string `mapstructure:"path"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports an empty path.
func (c *File) Validate() error {
	if c.Path == "" {
		return errors.New("`path` is empty; it is the path of a symmetric key")
	}
	return nil
}

// Env names a symmetric key in the environment.
type Env struct {
	// Variable is the environment variable that holds 32 hexadecimal digits.
	Variable string `mapstructure:"variable"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports an empty variable.
func (c *Env) Validate() error {
	if c.Variable == "" {
		return errors.New("`variable` is empty; it is the name of an environment variable")
	}
	return nil
}

// Command names a program that wraps and unwraps data keys, such as the client of an HSM or a KMS.
type Command struct {
	// ID names the key that the program uses. It is written into what is sealed.
	ID string `mapstructure:"id"`

	// Argv is the program and its arguments; "wrap" or "unwrap" is added to them.
	Argv []string `mapstructure:"argv"`

	// Timeout is how long one run may take. Default 10s.
	Timeout time.Duration `mapstructure:"timeout"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DefaultCommand has the defaults of a Command.
func DefaultCommand() Command { return Command{Timeout: 10 * time.Second} }

// Validate reports every setting that is wrong.
func (c *Command) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if c.ID == "" || len(c.ID) > 255 {
		say("`id` has %d characters; it names the key with 1 to 255", len(c.ID))
	}
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		say("`argv` is empty; it is a program and its arguments")
	}
	if c.Timeout <= 0 {
		say("`timeout` is %s; it must be more than 0", c.Timeout)
	}
	return errs
}

// Key returns what wraps and unwraps with the program.
func (c *Command) Key() *seal.Command {
	return &seal.Command{ID: c.ID, Argv: c.Argv, Timeout: c.Timeout}
}
