// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import "strings"

// Columns that a filter can ask for; with Attr and ResourceAttr, those of the
// attributes.
const (
	ColumnTime        = "time"
	ColumnSeverity    = "severity"
	ColumnResource    = "resource"
	ColumnResourceKey = "resource_key"
	ColumnBody        = "body"
	ColumnBodySize    = "body_size"
	ColumnBodyHash    = "body_hash"
	ColumnTemplate    = "template"
	ColumnNeedles     = "needles"
	ColumnIdentity    = "identity"
	ColumnTraceID     = "trace_id"
	ColumnProtected   = "protected"
	ColumnEventName   = "event_name"
	ColumnMatches     = "matches"

	attrPrefix         = "attr:"
	resourceAttrPrefix = "resource_attr:"
)

// Attr is the column of an attribute of the record.
func Attr(name string) string { return attrPrefix + name }

// ResourceAttr is the column of an attribute of the resource.
func ResourceAttr(name string) string { return resourceAttrPrefix + name }

// shape is how a column is laid out.
type shape struct {
	id          columnID
	width       int  // bytes of an element; 0 for text, and for the needles
	perResource bool // one element for each resource, not for each record
}

type columnID uint8

const (
	unknownColumn columnID = iota
	timeColumn
	severityColumn
	resourceColumn
	resourceKeyColumn
	bodySizeColumn
	bodyHashColumn
	templateColumn
	needlesColumn
	identityColumn
	traceIDColumn
	protectedColumn
	textColumn
	matchesColumn
)

// shapeOf knows the columns of version 1 of the ABI.
func shapeOf(name string) shape {
	switch name {
	case ColumnTime:
		return shape{timeColumn, 8, false}
	case ColumnSeverity:
		return shape{severityColumn, 1, false}
	case ColumnResource:
		return shape{resourceColumn, 2, false}
	case ColumnResourceKey:
		return shape{resourceKeyColumn, 8, true}
	case ColumnBodySize:
		return shape{bodySizeColumn, 4, false}
	case ColumnBodyHash:
		return shape{bodyHashColumn, 8, false}
	case ColumnTemplate:
		return shape{templateColumn, 8, false}
	case ColumnNeedles:
		return shape{needlesColumn, 0, false}
	case ColumnIdentity:
		return shape{identityColumn, 8, false}
	case ColumnTraceID:
		return shape{traceIDColumn, 16, false}
	case ColumnProtected:
		return shape{protectedColumn, 1, false}
	case ColumnMatches:
		return shape{matchesColumn, 0, false}
	case ColumnBody, ColumnEventName:
		return shape{textColumn, 0, false}
	}
	if key, ok := strings.CutPrefix(name, resourceAttrPrefix); ok && key != "" {
		return shape{textColumn, 0, true}
	}
	if key, ok := strings.CutPrefix(name, attrPrefix); ok && key != "" {
		return shape{textColumn, 0, false}
	}
	return shape{}
}
