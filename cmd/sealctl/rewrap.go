// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/seal"
)

type rewrap struct {
	keys        keyFlags
	add, remove list
	dryRun      bool
}

func rewrapCommand() command {
	return command{
		name:    "rewrap",
		args:    "--key FILE PATH... [--add FILE]... [--remove KIND:ID|FILE]... [--dry-run]",
		summary: "add or remove recipients of sealed files, by their headers alone",
		about: `
--key is the key of a present recipient. Files that have the wanted recipients
already are left as they are, so it can be run again. Who was a recipient may have
kept a copy of the key: what it could read before is not protected. Files that are
being written are not touched.

The gateway seals for the recipients in its own configuration. Change them too (keys
of the exporter, then restart), or the next file has the old recipients again.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			r := &rewrap{}
			r.keys.register(fs)
			fs.Var(&r.add, "add", "`FILE` with the SM2 public key or the symmetric key of a new recipient; may be given more than once")
			fs.Var(&r.remove, "remove", "`KIND:ID|FILE` of a recipient: as inspect shows it, or the file with its public or symmetric key; may be given more than once")
			fs.BoolVar(&r.dryRun, "dry-run", false, "say what would change, and change nothing")
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
		did, err := r.file(ctx, path, keys, add, seen)
		switch {
		case err != nil:
			e.say("%v", err)
			failed++
		case did:
			changed++
			if err := e.printf("%s: %s\n", path, r.done()); err != nil {
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
		return nil, usagef("nothing to do: name recipients with --add FILE or --remove KIND:ID|FILE")
	}
	for i, name := range r.remove {
		recipient, err := recipientName(name)
		if err != nil {
			return nil, err
		}
		r.remove[i] = recipient
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

// recipientName returns the recipient that --remove names, by itself or by the file of its key.
func recipientName(name string) (string, error) {
	kind, id, ok := strings.Cut(name, ":")
	if ok && id != "" && slices.Contains([]string{"sm2", "sm4", "command"}, kind) {
		return name, nil
	}
	recipient, err := seal.ReadRecipient(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", usagef("--remove %q is no recipient and no file; write it as `sealctl inspect` shows it, such as sm2:0123456789abcdef, or name the file of its public key", name)
	}
	if err != nil {
		return "", err
	}
	return recipient.String(), nil
}

// done says what happens to a file.
func (r *rewrap) done() string {
	if r.dryRun {
		return "would be rewrapped"
	}
	return "rewrapped"
}

// file changes the recipients of one file to those wanted, and tells whether that took
// anything.
func (r *rewrap) file(ctx context.Context, path string, keys []seal.Identity, add []seal.Recipient, seen map[string]bool) (did bool, err error) {
	f, err := openSealed(ctx, path, keys)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	has := func(name string) bool {
		return slices.ContainsFunc(f.Header().Wrapped, func(w seal.Wrapped) bool { return w.Recipient() == name })
	}
	var present []string
	for _, name := range r.remove {
		if has(name) {
			seen[name] = true
			present = append(present, name)
		}
	}
	missing := slices.DeleteFunc(slices.Clone(add), func(r seal.Recipient) bool { return has(r.String()) })
	if len(present)+len(missing) == 0 {
		return false, nil
	}
	if r.dryRun {
		return true, f.CheckRewrap(missing, present)
	}
	return true, f.Rewrap(ctx, missing, present)
}

func (r *rewrap) conclude(e *env, files, changed, failed int, seen map[string]bool) error {
	unknown := slices.DeleteFunc(slices.Clone(r.remove), func(name string) bool { return seen[name] })
	if len(unknown) > 0 {
		e.say("no file had the recipient %s; `sealctl inspect` shows who has", strings.Join(unknown, ", "))
	}
	if err := e.printf("%d of %d files %s, %d failed\n", changed, files, r.done(), failed); err != nil {
		return err
	}
	if changed > 0 {
		e.say("change the recipients in the configuration of the gateway too, or its next file has the old ones")
	}
	if failed == files {
		return errors.New("no file could be rewrapped; what is wrong with each is said above")
	}
	if failed > 0 || len(unknown) > 0 {
		return errPart
	}
	return nil
}
