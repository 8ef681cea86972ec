// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/wasmhost/detect"
)

type columnKind uint8

const (
	columnTime columnKind = iota
	columnSeverity
	columnResource
	columnResourceKey
	columnBody
	columnBodySize
	columnBodyHash
	columnTemplate
	columnNeedles
	columnIdentity
	columnTraceID
	columnProtected
	columnEventName
	columnAttribute
	columnResourceAttribute
	columnMatches
)

// column is one that a guest asked for.
type column struct {
	kind columnKind
	name string // of the attribute
}

var columnKinds = map[string]columnKind{
	"time": columnTime, "severity": columnSeverity, "resource": columnResource, "resource_key": columnResourceKey,
	"body": columnBody, "body_size": columnBodySize, "body_hash": columnBodyHash, "template": columnTemplate,
	"needles": columnNeedles, "identity": columnIdentity, "trace_id": columnTraceID, "protected": columnProtected, "event_name": columnEventName,
	"matches": columnMatches,
}

const (
	attributePrefix         = "attr:"
	resourceAttributePrefix = "resource_attr:"
)

func parseColumn(s string) (column, error) {
	if kind, ok := columnKinds[s]; ok {
		return column{kind: kind}, nil
	}
	if name, ok := strings.CutPrefix(s, attributePrefix); ok && name != "" {
		return column{columnAttribute, name}, nil
	}
	if name, ok := strings.CutPrefix(s, resourceAttributePrefix); ok && name != "" {
		return column{columnResourceAttribute, name}, nil
	}
	known := slices.Sorted(maps.Keys(columnKinds))
	return column{}, fmt.Errorf("the guest asks for the column %q: this host knows %s, %sNAME and %sNAME",
		clip(s, maxNameSize), strings.Join(known, ", "), attributePrefix, resourceAttributePrefix)
}

// isText reports whether a column has texts of records.
func (c column) isText() bool {
	return c.kind == columnBody || c.kind == columnEventName || c.kind == columnAttribute
}

// ofBody reports whether a column is made from the body.
func (c column) ofBody() bool { return c.kind >= columnBody && c.kind <= columnIdentity }

// plan is how the chunks of a manifest are made. It is never changed, so instances share it.
type plan struct {
	columns   []column
	needles   *needles
	texts     int       // columns of texts of records
	resTexts  int       // columns of texts of resources
	bodies    bool      // is there a column that is made from bodies
	templates bool      // template ids are computed
	identity  *Identity // nil where no column has it

	detectors  *detect.Set // nil where no column has their matches
	body, attr bool        // where they look

	unspecified bool // needles are wanted of records without a severity only
}

func newPlan(m Manifest) (*plan, error) {
	needles, err := newNeedles(m.Needles)
	if err != nil {
		return nil, fmt.Errorf("the needles of the manifest: %w", err)
	}
	p := &plan{needles: needles, unspecified: m.NeedlesFor == needlesForNoSeverity}
	for _, name := range m.Columns {
		c, err := parseColumn(name)
		if err != nil {
			return nil, err
		}
		p.add(c)
		switch c.kind {
		case columnIdentity:
			p.identity = &m.Identity
		case columnMatches:
			if err := p.detect(m); err != nil {
				return nil, fmt.Errorf("the detectors of the manifest: %w", err)
			}
		}
	}
	p.templates = p.templates || p.identity != nil && p.identity.wantsTemplates()
	return p, nil
}

// detect prepares the search for the column `matches`.
func (p *plan) detect(m Manifest) (err error) {
	list := make([]detect.Detector, len(m.Detectors))
	for k, d := range m.Detectors {
		list[k] = detect.Detector(d)
	}
	p.body = len(m.DetectIn) == 0 || slices.Contains(m.DetectIn, ChangeBody)
	p.attr = len(m.DetectIn) == 0 || slices.Contains(m.DetectIn, ChangeAttributes)
	p.detectors, err = detect.New(list)
	return err
}

func (p *plan) add(c column) {
	p.columns = append(p.columns, c)
	p.bodies = p.bodies || c.ofBody()
	p.templates = p.templates || c.kind == columnTemplate
	if c.isText() {
		p.texts++
	}
	if c.kind == columnResourceAttribute {
		p.resTexts++
	}
}
