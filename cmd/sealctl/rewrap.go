// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

type rewrap struct {
	keys        keyFlags
	add, remove list
}

func rewrapCommand() command {
	return command{
		name:    "rewrap",
		args:    "--key FILE PATH... [--add FILE]... [--remove KIND:ID]...",
		summary: "add or remove recipients of sealed files, by their headers alone",
		about: `
--key is the key of a present recipient. Files that have the wanted recipients
already are left as they are, so it can be run again. Who was a recipient may have
kept a copy: removing one protects what is sealed from now on. Files that are being
written are not touched.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			r := &rewrap{}
			r.keys.register(fs)
			fs.Var(&r.add, "add", "`FILE` with the SM2 public key or the symmetric key of a new recipient; may be given more than once")
			fs.Var(&r.remove, "remove", "`KIND:ID` of a recipient, as inspect shows it; may be given more than once")
			return r.run
		},
	}
}

func (r *rewrap) run(ctx context.Context, e *env, paths []string) error {
	add, err := r.recipients()
	if err != nil {
		return err
	}
	keys, err := r.keys.identities()
	if err != nil {
		return err
	}
	files, err := sealedFiles(paths)
	if err != nil {
		return err
	}
	changed, failed := 0, 0
	seen := make(map[string]bool) // recipients to remove that some file had
	for _, path := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		did, err := rewrapFile(ctx, path, keys, add, r.remove, seen)
		switch {
		case err != nil:
			e.say("%v", err)
			failed++
		case did:
			changed++
			if err := e.printf("%s: rewrapped\n", path); err != nil {
				return err
			}
		default:
			if err := e.printf("%s: unchanged, it has these recipients already\n", path); err != nil {
				return err
			}
		}
	}
	return r.conclude(e, len(files), changed, failed, seen)
}

// recipients reads what is to be added, and checks what is to be removed.
func (r *rewrap) recipients() ([]seal.Recipient, error) {
	if len(r.add)+len(r.remove) == 0 {
		return nil, usagef("nothing to do: name recipients with --add FILE or --remove KIND:ID")
	}
	for _, name := range r.remove {
		kind, id, ok := strings.Cut(name, ":")
		if !ok || id == "" || !slices.Contains([]string{"sm2", "sm4", "command"}, kind) {
			return nil, usagef("--remove %q is no recipient; write it as `sealctl inspect` shows it, such as sm2:0123456789abcdef", name)
		}
	}
	var add []seal.Recipient
	for _, path := range r.add {
		recipient, err := seal.ReadRecipient(path)
		if err != nil {
			return nil, err
		}
		if slices.Contains(r.remove, recipient.String()) {
			return nil, usagef("%s is to be added and to be removed; decide on one", recipient)
		}
		add = append(add, recipient)
	}
	return add, nil
}

// rewrapFile changes the recipients of one file to those wanted, and tells whether
// that took anything.
func rewrapFile(ctx context.Context, path string, keys []seal.Identity, add []seal.Recipient, remove []string, seen map[string]bool) (did bool, err error) {
	f, err := archive.OpenFile(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Unlock(ctx, keys); err != nil {
		return false, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(f.Header().Wrapped, func(w seal.Wrapped) bool { return w.Recipient() == name })
	}
	var present []string
	for _, name := range remove {
		if has(name) {
			seen[name] = true
			present = append(present, name)
		}
	}
	missing := slices.DeleteFunc(slices.Clone(add), func(r seal.Recipient) bool { return has(r.String()) })
	if len(present)+len(missing) == 0 {
		return false, nil
	}
	return true, f.Rewrap(ctx, missing, present)
}

func (r *rewrap) conclude(e *env, files, changed, failed int, seen map[string]bool) error {
	unknown := slices.DeleteFunc(slices.Clone(r.remove), func(name string) bool { return seen[name] })
	if len(unknown) > 0 {
		e.say("no file had the recipient %s; `sealctl inspect` shows who has", strings.Join(unknown, ", "))
	}
	if err := e.printf("%d of %d files rewrapped, %d failed\n", changed, files, failed); err != nil {
		return err
	}
	if failed == files {
		return errors.New("no file could be rewrapped; what is wrong with each is said above")
	}
	if failed > 0 || len(unknown) > 0 {
		return errPart
	}
	return nil
}
