// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"errors"
	"slices"
	"strconv"
)

// Manifest is what a filter says of itself once it is configured.
type Manifest struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Columns []string `json:"columns"` // what chunks have, in this order
	Needles []Needle `json:"needles"` // what the column needles looks for
	// NeedlesFor is empty, or NoSeverity: then the host may leave the column empty for other
	// records, which saves it the search.
	NeedlesFor string `json:"needles_for"`
	// Identity says what the column identity is computed from.
	Identity Identity `json:"identity"`
	Rules    []string `json:"rules"` // names of the rules 1, 2, ...
	// Memoryless says that no verdict depends on earlier chunks: the filter goes on as it is where a batch
	// was refused by what comes after it.
	Memoryless bool `json:"memoryless"`
	// OnRefusal is empty, or KeepOnRefusal. A filter that remembers records loses its memory where a batch
	// was refused, since a record that comes again must not be a repeat of itself.
	OnRefusal string `json:"on_refusal"`
	// Patches is what the filter wants to change of the records that it keeps; the host must allow it.
	Patches []string `json:"patches,omitempty"`
	// Detectors are what the column matches has the matches of. They are looked for in body and attributes, or in
	// those of them that DetectIn has: ChangeBody, ChangeAttributes.
	Detectors []Detector `json:"detectors,omitempty"`
	DetectIn  []string   `json:"detect_in,omitempty"`
	Requires  []string   `json:"requires,omitempty"` // set by the SDK
	Error     string     `json:"error"`              // set by the SDK
}

// What a filter can change.
const (
	ChangeAttributes = "attributes" // the route included
	ChangeBody       = "body"
	ChangeSeverity   = "severity"
)

// Detector is something that the host looks for in texts.
type Detector struct {
	Kind string `json:"kind"`
	// Pattern is a regular expression in Go's syntax, for DetectRegexp. Where it has a group, that is the match.
	Pattern string `json:"pattern,omitempty"`
}

// The kinds of detectors; see docs/wasm-abi.md.
const (
	DetectCard   = "card"
	DetectCNID   = "cn_id"
	DetectPhone  = "phone"
	DetectEmail  = "email"
	DetectIP     = "ip"
	DetectBearer = "bearer"
	DetectSecret = "secret"
	DetectRegexp = "regexp"
)

// Identity says what makes two records repeats of each other.
type Identity struct {
	Parts   []string `json:"parts"`   // nil is all parts, with the template of the body
	Include []string `json:"include"` // attributes whose exact value tells in any case
	Exclude []string `json:"exclude"` // attributes that do not tell
	// ResourceAttributes tell although PartResource is left out.
	ResourceAttributes []string `json:"resource_attributes"`
}

// The parts of an identity.
const (
	PartResource   = "resource"
	PartScope      = "scope"
	PartEventName  = "event_name"
	PartSeverity   = "severity"
	PartTemplate   = "template"   // the masked body; attributes are masked, too
	PartBody       = "body"       // the exact body; attributes are exact, too
	PartAttributes = "attributes" // but not ids of traces, times and durations
)

// NoSeverity says that needles are wanted of records without a severity.
const NoSeverity = "no_severity"

// KeepOnRefusal says that the filter keeps its memory although records that it counted were refused.
const KeepOnRefusal = "keep"

// Needle is a text to look for in bodies.
type Needle struct {
	Text string `json:"text"`
	Fold bool   `json:"fold,omitempty"` // ASCII letters match in either case
	// Glob says that * in the text stands for any bytes, or none; there is no escape.
	Glob bool `json:"glob,omitempty"`
	// Start and End say that the text matches at the beginning or at the end of
	// the body only.
	Start bool `json:"start,omitempty"`
	End   bool `json:"end,omitempty"`
}

// Limits of the ABI.
const (
	MaxColumns = 64
	MaxNeedles = 256
	MaxRules   = 4096

	MaxDetectors = 64
	MaxPattern   = 1 << 10 // bytes of the pattern of a detector

	MaxConfig = 1 << 20 // bytes

	MaxNeedleSize  = 256      // bytes of a needle
	MaxNeedlesSize = 32 << 10 // bytes of all needles
	MaxName        = 256      // bytes of the name of a rule
)

// check says what the host would not accept.
func (m *Manifest) check() error {
	switch {
	case len(m.Columns) > MaxColumns:
		return tooMany("columns", len(m.Columns), MaxColumns)
	case len(m.Needles) > MaxNeedles:
		return tooMany("texts to look for in the body", len(m.Needles), MaxNeedles)
	case len(m.Rules) > MaxRules:
		return tooMany("rules", len(m.Rules), MaxRules)
	case len(m.Detectors) > MaxDetectors:
		return tooMany("detectors", len(m.Detectors), MaxDetectors)
	}
	for _, name := range m.Rules {
		if len(name) > MaxName {
			return errors.New("the name of a rule has " + strconv.Itoa(len(name)) + " bytes, at most " + strconv.Itoa(MaxName) + " are possible")
		}
	}
	if err := m.checkNeedles(); err != nil {
		return err
	}
	for i, name := range m.Columns {
		if shapeOf(name).id == unknownColumn {
			return errors.New("column " + strconv.Quote(name) + " is not one of version 1 of the ABI")
		}
		if slices.Contains(m.Columns[:i], name) {
			return errors.New("column " + strconv.Quote(name) + " is asked for twice")
		}
	}
	return nil
}

func (m *Manifest) checkNeedles() error {
	total := 0
	for _, n := range m.Needles {
		if len(n.Text) == 0 || len(n.Text) > MaxNeedleSize {
			return errors.New("a text to look for in the body has " + strconv.Itoa(len(n.Text)) + " bytes, must have 1 to " + strconv.Itoa(MaxNeedleSize))
		}
		total += len(n.Text)
	}
	if total > MaxNeedlesSize {
		return tooMany("bytes of texts to look for in the body", total, MaxNeedlesSize)
	}
	return nil
}

func tooMany(what string, n, limit int) error {
	return errors.New(strconv.Itoa(n) + " " + what + ": at most " + strconv.Itoa(limit) + " are possible, use fewer")
}

// words is how many words of 64 bits a record has in the column needles.
func (m *Manifest) words() int { return max(1, (len(m.Needles)+63)/64) }

// appendJSON appends the manifest as the host reads it.
func (m *Manifest) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"name":`...), m.Name)
	b = appendString(append(b, `,"version":`...), m.Version)
	b = appendStrings(append(b, `,"columns":`...), m.Columns)
	b = append(b, `,"needles":[`...)
	for i, n := range m.Needles {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"text":`...), n.Text)
		b = appendFlag(b, "fold", n.Fold)
		b = appendFlag(b, "glob", n.Glob)
		b = appendFlag(b, "start", n.Start)
		b = appendFlag(b, "end", n.End)
		b = append(b, '}')
	}
	b = append(b, ']')
	if m.NeedlesFor != "" {
		b = appendString(append(b, `,"needles_for":`...), m.NeedlesFor)
	}
	if slices.Contains(m.Columns, ColumnIdentity) {
		b = m.Identity.appendJSON(append(b, `,"identity":`...))
	}
	b = appendStrings(append(b, `,"rules":`...), m.Rules)
	b = appendFlag(b, "memoryless", m.Memoryless)
	if m.OnRefusal != "" {
		b = appendString(append(b, `,"on_refusal":`...), m.OnRefusal)
	}
	b = m.appendChanges(b)
	b = appendString(append(b, `,"error":`...), m.Error)
	return append(b, '}')
}

// appendChanges appends what a host of version 1.0 does not know; it refuses a guest that requires it.
func (m *Manifest) appendChanges(b []byte) []byte {
	if len(m.Patches) > 0 {
		b = appendStrings(append(b, `,"requires":["patches"],"patches":`...), m.Patches)
	}
	if len(m.DetectIn) > 0 {
		b = appendStrings(append(b, `,"detect_in":`...), m.DetectIn)
	}
	for i, d := range m.Detectors {
		if i == 0 {
			b = append(b, `,"detectors":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"kind":`...), d.Kind)
		b = appendString(append(b, `,"pattern":`...), d.Pattern)
		b = append(b, '}')
		if i == len(m.Detectors)-1 {
			b = append(b, ']')
		}
	}
	return b
}

func (id *Identity) appendJSON(b []byte) []byte {
	b = append(b, '{')
	if id.Parts != nil {
		b = append(appendStrings(append(b, `"parts":`...), id.Parts), ',')
	}
	b = appendStrings(append(b, `"include":`...), id.Include)
	b = appendStrings(append(b, `,"exclude":`...), id.Exclude)
	b = appendStrings(append(b, `,"resource_attributes":`...), id.ResourceAttributes)
	return append(b, '}')
}

func appendFlag(b []byte, name string, on bool) []byte {
	if !on {
		return b
	}
	return append(appendString(append(b, ','), name), ":true"...)
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
