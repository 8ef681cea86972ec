// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/wasmhost/detect"
)

// Limits of the ABI.
const (
	abiVersion      = 1
	maxConfigSize   = 1 << 20
	maxManifestSize = 1 << 20
	maxColumns      = 64
	maxRules        = 4096
	maxNameSize     = 256
	maxStateSize    = 16 << 20
)

// Manifest is what a guest says of itself and of what it needs.
type Manifest struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Columns []string `json:"columns"`
	Needles []Needle `json:"needles"`
	// NeedlesFor says of which records the guest wants to know them; another value is that of all.
	NeedlesFor string `json:"needles_for"`
	// Identity says what the column `identity` is computed from.
	Identity Identity `json:"identity"`
	Rules    []string `json:"rules"`
	// Memoryless says that no verdict depends on earlier chunks: such a guest has nothing to forget.
	Memoryless bool `json:"memoryless"`
	// OnRefusal says what becomes of an instance that judged a batch that did not get on; another value
	// is that it is thrown away.
	OnRefusal string `json:"on_refusal"`
	// Requires names what the guest cannot do without; see knownRequirements.
	Requires []string `json:"requires"`
	// Patches names what the guest wants to change of records. Options.Allow must have it.
	Patches []Change `json:"patches"`
	// Detectors are what the column `matches` has the matches of, and DetectIn is where they look: the body, the
	// attributes, or both where it is empty.
	Detectors []Detector `json:"detectors"`
	DetectIn  []Change   `json:"detect_in"`
	Error     string     `json:"error"`
}

// Detector is something that the host looks for in texts.
type Detector struct {
	Kind    detect.Kind `json:"kind"`
	Pattern string      `json:"pattern"` // of the kind `regexp`
}

// knownRequirements is what a guest may name as Manifest.Requires.
var knownRequirements = []string{"patches"}

// onRefusalKeep is for a guest whose verdicts may depend on records that did not get on.
const onRefusalKeep = "keep"

// forgets reports whether an instance is of no use after a batch that it judged did not get on.
func (m Manifest) forgets() bool { return !m.Memoryless && m.OnRefusal != onRefusalKeep }

// needlesForNoSeverity is for a guest that reads a level out of the text of records that have none.
const needlesForNoSeverity = "no_severity"

// Needle is a text that the host looks for in bodies.
type Needle struct {
	Text  string `json:"text"`
	Fold  bool   `json:"fold"`  // ASCII letters match in either case
	Glob  bool   `json:"glob"`  // * stands for any bytes, or none
	Start bool   `json:"start"` // at the beginning of the body only
	End   bool   `json:"end"`   // at the end of the body only
}

func decodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return m, failure(KindConfigure, exportConfigure, "the manifest is not the JSON that it should be: %w", err)
	}
	if m.Error != "" {
		return m, failure(KindConfigure, exportConfigure, "the guest refuses its configuration: %s", clip(m.Error, 4096))
	}
	if err := m.check(); err != nil {
		return m, &Error{Kind: KindConfigure, Call: exportConfigure, Err: err}
	}
	return m, nil
}

func clip(s string, most int) string {
	return strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
}

func (m Manifest) check() error {
	switch {
	case len(m.Columns) > maxColumns:
		return fmt.Errorf("the manifest asks for %d columns: at most %d are allowed", len(m.Columns), maxColumns)
	case len(m.Rules) > maxRules:
		return fmt.Errorf("the manifest has %d rules: at most %d are allowed", len(m.Rules), maxRules)
	}
	for _, r := range m.Requires {
		if !slices.Contains(knownRequirements, r) {
			return fmt.Errorf("the guest requires %q, which this host does not have", clip(r, maxNameSize))
		}
	}
	if err := m.checkNames(); err != nil {
		return err
	}
	if err := m.checkChanges(); err != nil {
		return err
	}
	if err := m.Identity.check(); err != nil {
		return err
	}
	return m.checkColumns()
}

func (m Manifest) checkNames() error {
	for _, name := range slices.Concat([]string{m.Name, m.Version}, m.Rules) {
		if len(name) > maxNameSize {
			return fmt.Errorf("the manifest has a name of %d bytes: at most %d are allowed", len(name), maxNameSize)
		}
	}
	return nil
}

func (m Manifest) checkChanges() error {
	for _, c := range m.Patches {
		if !slices.Contains(Changes(), c) {
			return fmt.Errorf("the guest wants to change %q: a guest can change %q", clip(string(c), maxNameSize), Changes())
		}
	}
	for _, c := range m.DetectIn {
		if c != ChangeBody && c != ChangeAttributes {
			return fmt.Errorf("the guest wants to detect in %q: it can be %q and %q", clip(string(c), maxNameSize), ChangeBody, ChangeAttributes)
		}
	}
	return nil
}

func (m Manifest) checkColumns() error {
	seen := make(map[string]bool, len(m.Columns))
	for _, name := range m.Columns {
		if _, err := parseColumn(name); err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("the manifest asks for the column %q twice", clip(name, maxNameSize))
		}
		seen[name] = true
	}
	return nil
}

func (m Manifest) equal(o Manifest) bool {
	return slices.Equal(m.Columns, o.Columns) && slices.Equal(m.Needles, o.Needles) && m.NeedlesFor == o.NeedlesFor && slices.Equal(m.Rules, o.Rules) && m.Memoryless == o.Memoryless && m.OnRefusal == o.OnRefusal && m.Identity.equal(o.Identity) &&
		slices.Equal(m.Patches, o.Patches) && slices.Equal(m.Detectors, o.Detectors) && slices.Equal(m.DetectIn, o.DetectIn)
}
