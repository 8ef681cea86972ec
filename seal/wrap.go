// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is how a data key is wrapped.
type Kind byte

// The kinds of wrapping.
const (
	KindSM2     Kind = 1 // SM2 public-key encryption, GB/T 32918.4, ASN.1
	KindSM4     Kind = 2 // SM4-GCM under a key-encryption key
	KindCommand Kind = 3 // by an external program
)

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case KindSM2:
		return "sm2"
	case KindSM4:
		return "sm4"
	case KindCommand:
		return "command"
	}
	return fmt.Sprintf("kind-%d", byte(k))
}

// Wrapped is a data key as wrapped for one recipient.
type Wrapped struct {
	Kind Kind
	ID   []byte // of the recipient's key: 8 bytes, or the name of a command's
	Key  []byte // the wrapped data key
}

// Recipient names the recipient, as Recipient.String does.
func (w Wrapped) Recipient() string { return recipientName(w.Kind, w.ID) }

func recipientName(kind Kind, id []byte) string {
	if kind == KindCommand && printable(id) {
		return kind.String() + ":" + string(id)
	}
	return kind.String() + ":" + hex.EncodeToString(id)
}

// printable tells whether an id can be shown as it is. It may come from a file that
// anybody has made, and terminals obey control characters.
func printable(id []byte) bool {
	return utf8.Valid(id) && !bytes.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Recipient wraps data keys. Its String names it to people: kind and key id.
type Recipient interface {
	Wrap(ctx context.Context, dataKey []byte) (Wrapped, error)
	String() string
}

// Identity unwraps data keys. Unwrap returns ErrOtherRecipient for a key that
// was wrapped for somebody else. Its String names it to people.
type Identity interface {
	Unwrap(ctx context.Context, w Wrapped) (dataKey []byte, err error)
	String() string
}

// Provider gives the recipients of new data keys. It is asked again for every
// new key, so that recipients change without a restart.
type Provider interface {
	Recipients(ctx context.Context) ([]Recipient, error)
}

// ErrOtherRecipient says that a data key was wrapped for another recipient.
var ErrOtherRecipient = errors.New("wrapped for another recipient")

// ErrNoRecipient says that nobody could read what is sealed.
var ErrNoRecipient = errors.New("no recipient is configured; the data could never be read back")

// Bounds of the encoding of wrapped keys.
const (
	maxRecipients = 255
	maxIDSize     = 255
	maxWrapped    = 4096 // bytes of one wrapped key
)

// AppendWrapped appends the encoding of wrapped keys to dst: their count in a
// byte, then of each the kind and the length of its id, a byte each, the id, the
// length of the key in two bytes, big endian, and the key.
func AppendWrapped(dst []byte, keys []Wrapped) ([]byte, error) {
	if len(keys) == 0 || len(keys) > maxRecipients {
		return nil, fmt.Errorf("a data key has %d recipients; it must have 1 to %d", len(keys), maxRecipients)
	}
	dst = append(dst, byte(len(keys)))
	for _, w := range keys {
		if len(w.ID) > maxIDSize || len(w.Key) > maxWrapped {
			return nil, fmt.Errorf("recipient %s: an id of %d bytes and a wrapped key of %d are too long; at most %d and %d", w.Recipient(), len(w.ID), len(w.Key), maxIDSize, maxWrapped)
		}
		dst = append(dst, byte(w.Kind), byte(len(w.ID)))
		dst = append(dst, w.ID...)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(w.Key)))
		dst = append(dst, w.Key...)
	}
	return dst, nil
}

// DecodeWrapped decodes what AppendWrapped has encoded and returns what follows.
func DecodeWrapped(b []byte) (keys []Wrapped, rest []byte, err error) {
	errShort := errors.New("the list of recipients is cut short")
	if len(b) == 0 {
		return nil, nil, errShort
	}
	count := int(b[0])
	if count == 0 {
		return nil, nil, errors.New("the list of recipients is empty")
	}
	b = b[1:]
	for range count {
		if len(b) < 2 || len(b) < 2+int(b[1])+2 {
			return nil, nil, errShort
		}
		w := Wrapped{Kind: Kind(b[0]), ID: slices.Clone(b[2 : 2+int(b[1])])}
		b = b[2+len(w.ID):]
		n := int(binary.BigEndian.Uint16(b))
		if n > maxWrapped {
			return nil, nil, fmt.Errorf("a wrapped key claims %d bytes; at most %d", n, maxWrapped)
		}
		if b = b[2:]; len(b) < n {
			return nil, nil, errShort
		}
		w.Key, b = slices.Clone(b[:n]), b[n:]
		keys = append(keys, w)
	}
	return keys, b, nil
}

// wrapAll wraps a data key for every recipient.
func wrapAll(ctx context.Context, recipients []Recipient, dataKey []byte) ([]Wrapped, error) {
	if len(recipients) == 0 {
		return nil, ErrNoRecipient
	}
	keys := make([]Wrapped, 0, len(recipients))
	for _, r := range recipients {
		w, err := r.Wrap(ctx, dataKey)
		if err != nil {
			return nil, fmt.Errorf("wrapping the data key for %s: %w", r, err)
		}
		keys = append(keys, w)
	}
	return keys, nil
}

// Unwrap returns the data key that one of the identities can unwrap. An identity tries the
// first key of a recipient only: no writer names a recipient twice, and a header that does
// must not make a program run for each entry.
func Unwrap(ctx context.Context, keys []Wrapped, identities []Identity) (*DataKey, error) {
	keys = firstOfEach(keys)
	var errs error
	for _, id := range identities {
		for _, w := range keys {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			secret, err := id.Unwrap(ctx, w)
			if errors.Is(err, ErrOtherRecipient) {
				continue
			}
			if err == nil {
				var key *DataKey
				if key, err = newDataKey(secret); err == nil {
					return key, nil
				}
			}
			errs = errors.Join(errs, fmt.Errorf("%s: %w", id, err))
		}
	}
	if errs != nil {
		return nil, errs
	}
	return nil, fmt.Errorf("%w: it is for %s; the keys given are %s", ErrOtherRecipient, names(keys, Wrapped.Recipient), names(identities, Identity.String))
}

// firstOfEach returns the first key of each recipient.
func firstOfEach(keys []Wrapped) []Wrapped {
	type recipient struct {
		kind Kind
		id   string
	}
	seen := make(map[recipient]bool, len(keys))
	var first []Wrapped
	for _, w := range keys {
		if r := (recipient{w.Kind, string(w.ID)}); !seen[r] {
			seen[r] = true
			first = append(first, w)
		}
	}
	return first
}

func names[T any](all []T, name func(T) string) string {
	if len(all) == 0 {
		return "none"
	}
	const most = 8 // a forged header has up to 255
	list := make([]string, 0, most+1)
	for i, v := range all {
		if i == most {
			list = append(list, fmt.Sprintf("%d more", len(all)-most))
			break
		}
		list = append(list, name(v))
	}
	return strings.Join(list, ", ")
}

// Rewrap wraps an existing data key for other recipients.
func (k *DataKey) Rewrap(ctx context.Context, recipients []Recipient) ([]Wrapped, error) {
	return wrapAll(ctx, recipients, k.secret[:])
}
