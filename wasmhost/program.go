// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"fmt"
	"slices"
	"sync"
)

// program is a module with the manifest that it gave for the filter's configuration.
type program struct {
	module   *Module
	manifest Manifest
	rules    []RuleID // by the guest's number, 0 included
}

// keys says what owed records of the program are known by.
func (p *program) keys() KeyKind {
	switch {
	case slices.Contains(p.manifest.Columns, "identity"):
		return KeyIdentity
	case slices.Contains(p.manifest.Columns, "template"):
		return KeyTemplate
	}
	return KeyNone
}

// ruleBook gives rules numbers that outlive a module, so that verdicts and counters of two modules
// can be told by the same name.
type ruleBook struct {
	mu    sync.RWMutex
	ids   map[string]RuleID
	names []string // by RuleID
}

// maxRuleIDs bounds the book however often modules are swapped. What comes later shares the last.
const maxRuleIDs = 1 << 14

const otherRules = "(other rules)"

func newRuleBook() *ruleBook {
	return &ruleBook{ids: map[string]RuleID{}, names: []string{""}}
}

// enter returns the ids of a manifest's rules by the guest's number.
func (b *ruleBook) enter(rules []string) []RuleID {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := make([]RuleID, 1, len(rules)+1)
	for k, name := range rules {
		if name == "" {
			name = fmt.Sprintf("rule %d", k+1)
		}
		ids = append(ids, b.id(name))
	}
	return ids
}

func (b *ruleBook) id(name string) RuleID {
	if id, ok := b.ids[name]; ok {
		return id
	}
	if len(b.names) == maxRuleIDs-1 {
		b.ids[otherRules] = maxRuleIDs - 1
		b.names = append(b.names, otherRules)
	}
	if len(b.names) == maxRuleIDs {
		return maxRuleIDs - 1
	}
	b.names = append(b.names, name)
	b.ids[name] = RuleID(len(b.names) - 1)
	return b.ids[name]
}

func (b *ruleBook) size() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.names)
}

func (b *ruleBook) name(id RuleID) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if int(id) >= len(b.names) {
		return ""
	}
	return b.names[id]
}

func newProgram(m *Module, manifest Manifest, book *ruleBook) *program {
	return &program{module: m, manifest: manifest, rules: book.enter(manifest.Rules)}
}
