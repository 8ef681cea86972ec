// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// maxValue is the longest value, in bytes, that is compared with aliases
// regardless of its spelling. No alias is nearly as long.
const maxValue = 64

// Table is a compiled vocabulary. It is immutable and safe for concurrent use.
type Table struct {
	opts  Options
	names [NumKeys]string

	// prefixes and suffixes are the two bytes with which a spelling, raw or
	// folded, starts and ends. They reject nearly every other key at once.
	prefixes, suffixes pairSet

	spellings *index[Spelling]    // by raw key
	folded    map[string]Spelling // by folded key
	maxFolded int                 // bytes of the longest folded key

	values       [NumKeys]*index[string]    // by raw spelling; nil if there are none
	valuesFolded [NumKeys]map[string]string // by folded spelling
}

// Spelling is one way to write the key of a label.
type Spelling struct {
	Key  Key
	rank uint8
	// final: the key is spelled as this table writes it.
	final bool
}

// New compiles a table. Its errors name the option at fault, and what would be
// accepted in its place.
func New(opts Options) (*Table, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	t := &Table{opts: opts, folded: make(map[string]Spelling)}
	if err := t.compileKeys(); err != nil {
		return nil, err
	}
	if err := t.compileValues(); err != nil {
		return nil, err
	}
	return t, nil
}

// Name returns the key under which the table writes the label.
func (t *Table) Name(k Key) string { return t.names[k] }

func (t *Table) compileKeys() error {
	raw := make(map[string]Spelling)
	for _, k := range Keys() {
		t.names[k] = k.Name(t.opts.Style)
		k.spellings(func(key string, rank uint8) { t.addSpelling(raw, k, key, rank) })
	}
	for _, k := range slices.Sorted(maps.Keys(t.opts.Keys)) {
		for _, key := range t.opts.Keys[k] {
			if err := t.addUserSpelling(raw, k, key); err != nil {
				return err
			}
		}
	}
	for _, name := range t.names {
		s := raw[name]
		s.final = true
		raw[name] = s
	}
	t.spellings = newIndex(raw)
	return nil
}

func (t *Table) addSpelling(raw map[string]Spelling, k Key, key string, rank uint8) {
	s := Spelling{Key: k, rank: rank}
	f := fold(key)
	raw[key] = s
	if _, taken := t.folded[f]; !taken {
		// Found by folding only, so not spelled as any list has it.
		s.rank = max(rank, rankDerived)
		t.folded[f] = s
	}
	t.maxFolded = max(t.maxFolded, len(f))
	for _, k := range []string{key, f} {
		t.prefixes.add(k[0], k[1])
		t.suffixes.add(k[len(k)-2], k[len(k)-1])
	}
}

func (t *Table) addUserSpelling(raw map[string]Spelling, k Key, key string) error {
	f := fold(key)
	if len(f) < 2 {
		return fmt.Errorf("`keys`: %q under `%s` cannot be the key of an attribute; use at least two printable characters", key, k)
	}
	if s, taken := t.folded[f]; taken {
		if s.Key == k {
			return nil
		}
		return fmt.Errorf("`keys`: %q under `%s` is a spelling of `%s` already; remove it", key, k, s.Key)
	}
	t.addSpelling(raw, k, key, rankUser)
	return nil
}

// pairSet is a set of pairs of bytes, each as keyByte has it.
type pairSet [1 << 16 / 64]uint64

func (p *pairSet) add(a, b byte) {
	i := uint16(keyByte[a])<<8 | uint16(keyByte[b])
	p[i/64] |= 1 << (i % 64)
}

func (p *pairSet) has(a, b byte) bool {
	i := uint16(keyByte[a])<<8 | uint16(keyByte[b])
	return p[i/64]&(1<<(i%64)) != 0
}

// Spelling tells whether an attribute key is a spelling of a label. It does
// not allocate.
func (t *Table) Spelling(key string) (Spelling, bool) {
	if len(key) < 2 {
		return Spelling{}, false
	}
	if !t.prefixes.has(key[0], key[1]) || !t.suffixes.has(key[len(key)-2], key[len(key)-1]) {
		return Spelling{}, false
	}
	if s, ok := t.spellings.get(key); ok {
		return s, true
	}
	return t.foldedSpelling(key)
}

func (t *Table) foldedSpelling(key string) (Spelling, bool) {
	var buf [maxValue]byte
	room := buf[:0]
	if t.maxFolded < len(buf) {
		room = buf[:0:t.maxFolded]
	} else {
		room = make([]byte, 0, t.maxFolded) // only with a very long key in Options
	}
	f, ok := foldInto(room, key)
	if !ok {
		return Spelling{}, false
	}
	s, ok := t.folded[string(f)]
	return s, ok
}

// compileValues flattens built-in and user aliases into one map for each label,
// spelling to final value, in which every final value maps to itself.
func (t *Table) compileValues() error {
	for _, k := range Keys() {
		raw := make(map[string]string)
		builtinValues(k, t.opts.Vocabulary, func(spelling, value string) {
			raw[foldValue(spelling)] = value
		})
		user, err := t.userAliases(k)
		if err != nil {
			return err
		}
		for spelling, value := range raw {
			if u, ok := user[foldValue(value)]; ok {
				raw[spelling] = u
			}
		}
		maps.Copy(raw, user)
		if len(raw) == 0 {
			continue
		}
		exact := maps.Clone(raw)
		for _, value := range raw {
			exact[value] = value
		}
		t.valuesFolded[k] = raw
		t.values[k] = newIndex(exact)
	}
	return nil
}

// userAliases returns the aliases of the configuration for k, folded, each with
// its final value, and each final value as an alias of itself.
func (t *Table) userAliases(k Key) (map[string]string, error) {
	user := make(map[string]string)
	for _, alias := range slices.Sorted(maps.Keys(t.opts.Aliases[k])) {
		f := foldValue(alias)
		if f == "" {
			return nil, fmt.Errorf("`aliases`: an alias under `%s` is empty; remove it", k)
		}
		if len(f) > maxValue {
			return nil, fmt.Errorf("`aliases`: %q under `%s` is longer than %d bytes", alias, k, maxValue)
		}
		target := t.opts.Aliases[k][alias]
		if target == "" {
			return nil, fmt.Errorf("`aliases`: %q under `%s` has no value; say what it is to become", alias, k)
		}
		if other, ok := user[f]; ok && other != target {
			return nil, fmt.Errorf("`aliases`: %q under `%s` is given twice, as %q and %q", alias, k, other, target)
		}
		user[f] = target
	}
	return user, closeAliases(k, user)
}

// closeAliases makes every target an alias of itself, and refuses an alias of
// an alias: normalising twice would then give another result than once.
func closeAliases(k Key, user map[string]string) error {
	var errs error
	for _, alias := range slices.Sorted(maps.Keys(user)) {
		target := user[alias]
		f := foldValue(target)
		if next, ok := user[f]; ok && next != target {
			errs = errors.Join(errs, fmt.Errorf("`aliases`: %q under `%s` becomes %q, which itself becomes %q; write the last one", alias, k, target, next))
			continue
		}
		user[f] = target
	}
	return errs
}

// Value returns what a value of the label becomes, and whether it is known. An
// unknown value of a label with a closed vocabulary comes back as it is; every
// non-empty value of the other labels is known. It does not allocate.
func (t *Table) Value(k Key, value string) (string, bool) {
	if t.values[k] == nil {
		return value, value != ""
	}
	if v, ok := t.values[k].get(value); ok {
		return v, true
	}
	var buf [maxValue]byte
	if f, ok := foldValueInto(buf[:0], value); ok {
		if v, ok := t.valuesFolded[k][string(f)]; ok {
			return v, true
		}
	}
	return value, !k.isEnum() && value != ""
}
