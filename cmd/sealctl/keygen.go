// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealgate/sealgate/seal"
)

type keygen struct {
	out, name, passphrase string
	symmetric             bool
}

func keygenCommand() command {
	return command{
		name:    "keygen",
		args:    "[--out DIR|FILE] [--name NAME] [--symmetric] [--passphrase-env VARIABLE]",
		summary: "make a pair of SM2 keys, or a symmetric key",
		about: `
Without --symmetric it makes an SM2 pair: NAME.pub.pem goes to the gateway, which
can then seal but not read; NAME.pem stays with whoever reads. With --symmetric it
makes NAME.key, for a gateway that may read what it wrote, or for search tokens.
Existing files are never overwritten.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			k := &keygen{}
			fs.StringVar(&k.out, "out", ".", "`DIR|FILE` to write to: a directory, or the file of the private or symmetric key")
			fs.StringVar(&k.name, "name", "", "`NAME` of the files in a directory; \"sealgate\" if it is not given")
			fs.BoolVar(&k.symmetric, "symmetric", false, "make a symmetric key")
			fs.StringVar(&k.passphrase, "passphrase-env", "", "`VARIABLE` of the environment with a passphrase that the private key is encrypted with")
			return k.run
		},
	}
}

func (k *keygen) run(_ context.Context, e *env, args []string) error {
	if len(args) > 0 {
		return usagef("it takes no argument; this is %q: where the keys go is said with --out", args[0])
	}
	if k.symmetric && k.passphrase != "" {
		return usagef("a symmetric key cannot have a passphrase; leave out --passphrase-env, or --symmetric")
	}
	if k.symmetric {
		return k.makeSymmetric(e)
	}
	return k.makePair(e)
}

// path returns the file that --out and --name mean.
func (k *keygen) path(extension string) (string, error) {
	info, err := os.Stat(k.out)
	isDir := err == nil && info.IsDir()
	if !isDir && !strings.HasSuffix(k.out, string(filepath.Separator)) {
		if k.name == "" {
			return k.out, nil
		}
		if err == nil {
			return "", usagef("--name is for the files in a directory, and --out %s is a file; name a directory, or leave out --name", k.out)
		}
	}
	if !isDir {
		if err := os.MkdirAll(k.out, 0o700); err != nil {
			return "", err
		}
	}
	name := k.name
	if name == "" {
		name = "sealgate"
	}
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", usagef("--name %q is not the name of a file; the directory is said with --out", name)
	}
	return filepath.Join(k.out, name+extension), nil
}

func (k *keygen) makePair(e *env) error {
	path, err := k.path(".pem")
	if err != nil {
		return err
	}
	publicPath := strings.TrimSuffix(path, ".pem") + ".pub.pem"
	var passphrase []byte
	if k.passphrase != "" {
		if passphrase, err = passphraseFrom(k.passphrase); err != nil {
			return err
		}
	}
	private, public, recipient, err := seal.GenerateSM2(passphrase)
	if err != nil {
		return err
	}
	if err := create(path, 0o600, private); err != nil {
		return err
	}
	if err := create(publicPath, 0o644, public); err != nil {
		return errors.Join(err, os.Remove(path)) // half a pair is of no use
	}
	protection := "encrypted with the passphrase"
	if len(passphrase) == 0 {
		protection = "not encrypted; --passphrase-env would do that"
	}
	return e.printf("recipient    %s\nprivate key  %s (%s)\n             keep it where the data is read; never on the gateway\npublic key   %s\n             copy it to the gateway, which can seal with it but not read\n", recipient, path, protection, publicPath)
}

func (k *keygen) makeSymmetric(e *env) error {
	path, err := k.path(".key")
	if err != nil {
		return err
	}
	key := make([]byte, seal.KeySize)
	_, _ = rand.Read(key) // never fails: it ends the process instead
	kek, err := seal.NewKEK(key)
	if err != nil {
		return err
	}
	content := fmt.Sprintf("# Sealgate symmetric key, to wrap data keys or to make search tokens. Keep it secret.\n# created %s, id %s\n%s\n", e.now().UTC().Format(time.RFC3339), kek, hex.EncodeToString(key))
	if err := create(path, 0o600, []byte(content)); err != nil {
		return err
	}
	return e.printf("recipient      %s\nsymmetric key  %s\n               the gateway and the reader need the same file; who has it can seal and read\n", kek, path)
}

// create writes a file that must not be there yet.
func create(path string, mode os.FileMode, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is never overwritten: what is sealed for a lost key is lost; choose another --name or --out", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()) // whatever the umask says
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
