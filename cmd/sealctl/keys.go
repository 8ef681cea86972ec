// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sealgate/sealgate/seal"
)

// keyFlags are the flags that name the keys of a reader.
type keyFlags struct {
	files      list
	env        list
	commands   list
	passphrase string
}

func (k *keyFlags) register(fs *flag.FlagSet) {
	fs.Var(&k.files, "key", "`FILE` with an SM2 private key in PEM, or with a symmetric key; may be given more than once")
	fs.Var(&k.env, "key-env", "`VARIABLE` of the environment that holds a symmetric key; may be given more than once")
	fs.Var(&k.commands, "key-command", "`ID=PROGRAM` that unwraps what was wrapped for command:ID; arguments may follow the program; may be given more than once")
	fs.StringVar(&k.passphrase, "passphrase-env", "", "`VARIABLE` of the environment that holds the passphrase of an encrypted private key")
}

// identities reads the keys. Having none is an error.
func (k *keyFlags) identities() ([]seal.Identity, error) {
	var all []seal.Identity
	for _, path := range k.files {
		identity, err := seal.ReadIdentity(path, func() ([]byte, error) { return passphraseFrom(k.passphrase) })
		if err != nil {
			return nil, orPublic(path, err)
		}
		all = append(all, identity)
	}
	for _, variable := range k.env {
		key, err := seal.ReadKeyEnv(variable)
		if err != nil {
			return nil, err
		}
		kek, err := seal.NewKEK(key)
		if err != nil {
			return nil, err
		}
		all = append(all, kek)
	}
	for _, text := range k.commands {
		c, err := parseKeyCommand(text)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, usagef("no key: give the reader's with --key FILE (or --key-env, --key-command)")
	}
	return all, nil
}

// orPublic returns a better error where the file is the public part of a pair: its
// mode, which is looked at first, is not what is wrong.
func orPublic(path string, err error) error {
	text, err2 := os.ReadFile(path)
	if err2 != nil {
		return err
	}
	if _, err2 := seal.ParseSM2Recipient(text); err2 != nil {
		return err
	}
	return fmt.Errorf("key file %s: it is a public key; to read, the private one is needed", path)
}

func parseKeyCommand(text string) (*seal.Command, error) {
	id, program, ok := strings.Cut(text, "=")
	argv := strings.Fields(program)
	if !ok || id == "" || len(argv) == 0 {
		return nil, usagef("a key command is ID=PROGRAM, with the id that the gateway's configuration gives it; this is %q", text)
	}
	return &seal.Command{ID: id, Argv: argv}, nil
}

// passphraseFrom reads a passphrase from the environment.
func passphraseFrom(variable string) ([]byte, error) {
	if variable == "" {
		return nil, fmt.Errorf("%w: put its passphrase into an environment variable and name that with --passphrase-env", seal.ErrPassphrase)
	}
	text := os.Getenv(variable)
	if text == "" {
		return nil, fmt.Errorf("environment variable %s is not set; it must hold the passphrase", variable)
	}
	return []byte(text), nil
}

// forOthers tells whether an error is only that the keys given are not those that
// something was sealed for.
func forOthers(err error) bool { return errors.Is(err, seal.ErrOtherRecipient) }
