// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"

	"github.com/sealgate/sealgate/seal"
)

func pubkeyCommand() command {
	return command{
		name:    "pubkey",
		args:    "--key FILE [--passphrase-env VARIABLE]",
		summary: "print the public key and the id of an existing key",
		about: `
Of an SM2 private key it prints the recipient's id as a comment and the public key in
PEM, which can be written to the file that the gateway reads. Of a public or a symmetric
key it prints the id alone. The private key is not printed.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			p := &pubkey{}
			fs.StringVar(&p.key, "key", "", "`FILE` with an SM2 private or public key in PEM, or with a symmetric key")
			fs.StringVar(&p.passphrase, "passphrase-env", "", "`VARIABLE` of the environment that holds the passphrase of an encrypted private key")
			return p.run
		},
	}
}

type pubkey struct{ key, passphrase string }

func (p *pubkey) run(_ context.Context, e *env, args []string) error {
	if p.key == "" && len(args) == 1 {
		p.key, args = args[0], nil
	}
	if p.key == "" || len(args) > 0 {
		return usagef("it takes one key: name its file with --key FILE")
	}
	if r, err := seal.ReadRecipient(p.key); err == nil {
		return e.printf("# recipient %s\n", r)
	}
	identity, err := seal.ReadIdentity(p.key, func() ([]byte, error) { return passphraseFrom(p.passphrase) })
	if err != nil {
		return err
	}
	pair, ok := identity.(*seal.SM2Identity)
	if !ok {
		return e.printf("# recipient %s\n", identity)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return err
	}
	return e.printf("# recipient %s\n%s", identity, public)
}
