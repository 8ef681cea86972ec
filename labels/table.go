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

	// heads has the first bytes of every key that means anything, and ends the
	// first and the last. They reject nearly every other key at once.
	heads pairSet
	ends  endSet

	signs     *index[Sign]    // by raw key
	folded    map[string]Sign // by folded key
	maxFolded int             // bytes of the longest folded key

	values       [NumKeys]*index[meaning]    // by raw spelling; nil if there are none
	valuesFolded [NumKeys]map[string]meaning // by folded spelling
	providers    [numClouds]string           // as this table writes them

	statics []staticRule
	matches int // keys that the static rules match on
}

// Spelling is one way to write the key of a label.
type Spelling struct {
	Key  Key
	rank uint8
	// final: the key is spelled as this table writes it.
	final bool
	// vendor is one more than the position in vendors of the cloud whose own
	// key this is, such as __meta_ec2_region; 0 is nobody's.
	vendor uint8
}

// Sign is what an attribute's key means to a table: the spelling of a label,
// evidence from which labels are inferred, a key that static rules match on.
type Sign struct {
	spelling Spelling // Key is NumKeys if it is none
	clue     clue
	match    uint16 // one more than the position among the keys of static rules
}

// Label returns the spelling of a label that the key is, if it is one.
func (s Sign) Label() (Spelling, bool) { return s.spelling, s.spelling.Key < NumKeys }

// New compiles a table. Its errors name the option at fault, and what would be
// accepted in its place.
func New(opts Options) (*Table, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	t := &Table{opts: opts, folded: make(map[string]Sign)}
	raw := make(map[string]Sign)
	if err := t.compileKeys(raw); err != nil {
		return nil, err
	}
	if err := t.compileValues(); err != nil {
		return nil, err
	}
	if !opts.NoInference {
		t.compileEvidence(raw)
	}
	if err := t.compileStatic(raw); err != nil {
		return nil, err
	}
	t.signs = newIndex(raw)
	return t, nil
}

// Name returns the key under which the table writes the label.
func (t *Table) Name(k Key) string { return t.names[k] }

func (t *Table) compileKeys(raw map[string]Sign) error {
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
		s.spelling.final = true
		raw[name] = s
	}
	return nil
}

func (t *Table) addSpelling(raw map[string]Sign, k Key, key string, rank uint8) {
	s := Spelling{Key: k, rank: rank}
	if !t.opts.NoInference {
		s.vendor, _ = vendorOf(key)
	}
	raw[key] = Sign{spelling: s}
	f := fold(key)
	if _, taken := t.folded[f]; !taken {
		// Found by folding only, so not spelled as any list has it.
		s.rank = max(rank, rankDerived)
		t.folded[f] = Sign{spelling: s}
	}
	t.admit(key, f)
}

// admit lets a key, raw or folded, pass the filters of find.
func (t *Table) admit(key, folded string) {
	t.maxFolded = max(t.maxFolded, len(folded))
	for _, k := range []string{key, folded} {
		t.heads.add(k[0], k[1])
		t.ends.add(k)
	}
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

func (t *Table) addUserSpelling(raw map[string]Sign, k Key, key string) error {
	f := fold(key)
	if len(f) < 2 {
		return fmt.Errorf("`keys`: %q under `%s` cannot be the key of an attribute; use at least two printable characters", key, k)
	}
	if s, taken := t.folded[f]; taken {
		if s.spelling.Key == k {
			return nil
		}
		return fmt.Errorf("`keys`: %q under `%s` is a spelling of `%s` already; remove it", key, k, s.spelling.Key)
	}
	t.addSpelling(raw, k, key, rankUser)
	return nil
}

// endSet is a set of keys, of which it knows the first two bytes and the last
// four, as keyByte has them. It may take a key to be one of its own that is not,
// never the other way round.
type endSet [1 << 16 / 64]uint64

func (e *endSet) add(key string) {
	if i, ok := ends(key); ok {
		e[i/64] |= 1 << (i % 64)
	}
}

func (e *endSet) has(key string) bool {
	i, ok := ends(key)
	return !ok || e[i/64]&(1<<(i%64)) != 0
}

// ends returns where the ends of a key are in an endSet. It is false for keys
// that are short, or that have there what folding would shorten.
func ends(key string) (i uint16, ok bool) {
	n := len(key)
	if n < 4 {
		return 0, false
	}
	head0, head1 := keyByte[key[0]], keyByte[key[1]]
	a, b, c, d := keyByte[key[n-4]], keyByte[key[n-3]], keyByte[key[n-2]], keyByte[key[n-1]]
	if head0 == '_' && head1 == '_' || a == '_' && b == '_' || b == '_' && c == '_' || c == '_' && d == '_' {
		return 0, false
	}
	tail := uint32(a)<<24 | uint32(b)<<16 | uint32(c)<<8 | uint32(d)
	return uint16((uint64(tail)<<16 | uint64(head0)<<8 | uint64(head1)) * mix1 >> 48), true
}

// Spelling tells whether an attribute key is a spelling of a label. It does
// not allocate.
func (t *Table) Spelling(key string) (Spelling, bool) {
	if s, ok := t.find(key); ok {
		return s.Label()
	}
	return Spelling{}, false
}

// Sign tells whether the key of a resource's attribute means anything to the
// table. It does not allocate.
func (t *Table) Sign(key string) (Sign, bool) {
	if s, ok := t.find(key); ok {
		return s, true
	}
	if t.opts.NoInference || !mayBePrefixed(key) {
		return Sign{}, false
	}
	return t.prefixed(key)
}

// find looks for a key that the table lists, in any spelling.
func (t *Table) find(key string) (Sign, bool) {
	if len(key) < 2 || !t.heads.has(key[0], key[1]) || !t.ends.has(key) {
		return Sign{}, false
	}
	if s, ok := t.signs.get(key); ok {
		return s, true
	}
	return t.findFolded(key)
}

func (t *Table) findFolded(key string) (Sign, bool) {
	var buf [maxValue]byte
	room := buf[:0]
	if t.maxFolded < len(buf) {
		room = buf[:0:t.maxFolded]
	} else {
		room = make([]byte, 0, t.maxFolded) // only with a very long key in Options
	}
	f, ok := foldInto(room, key)
	if !ok {
		return Sign{}, false
	}
	s, ok := t.folded[string(f)]
	return s, ok
}

// compileValues flattens built-in and user aliases into one map for each label,
// spelling to final meaning, in which every final value maps to itself.
func (t *Table) compileValues() error {
	for _, k := range Keys() {
		raw := make(map[string]meaning)
		builtinValues(k, t.opts.Vocabulary, func(spelling string, m meaning) {
			raw[foldValue(spelling)] = m
		})
		user, err := t.userAliases(k)
		if err != nil {
			return err
		}
		owners := ownersOf(user, raw)
		for spelling, m := range raw {
			if u, ok := user[foldValue(m.text)]; ok {
				raw[spelling] = meaning{u, owners[u]}
			}
		}
		for alias, u := range user {
			raw[alias] = meaning{u, owners[u]}
		}
		if len(raw) == 0 {
			continue
		}
		exact := maps.Clone(raw)
		for _, m := range raw {
			exact[m.text] = m
		}
		t.valuesFolded[k] = raw
		t.values[k] = newIndex(exact)
	}
	for c := range t.providers {
		t.providers[c], _ = t.Value(Provider, providers[c].short)
	}
	return nil
}

// ownersOf tells to which cloud each value that the configuration introduces
// belongs: that of the built-in value which it is, or else replaces.
func ownersOf(user map[string]string, builtin map[string]meaning) map[string]cloud {
	owners := make(map[string]cloud)
	for _, alias := range slices.Sorted(maps.Keys(user)) {
		value := user[alias]
		if m, ok := builtin[foldValue(value)]; ok {
			owners[value] = m.cloud
		} else if m, ok := builtin[alias]; ok && owners[value] == noCloud {
			owners[value] = m.cloud
		}
	}
	return owners
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
	m, ok := t.meaning(k, value)
	return m.text, ok
}

func (t *Table) meaning(k Key, value string) (meaning, bool) {
	if t.values[k] == nil {
		return meaning{text: value}, value != ""
	}
	if m, ok := t.values[k].get(value); ok {
		return m, true
	}
	var buf [maxValue]byte
	if f, ok := foldValueInto(buf[:0], value); ok {
		if m, ok := t.valuesFolded[k][string(f)]; ok {
			return m, true
		}
	}
	return meaning{text: value}, !k.isEnum() && value != ""
}
