// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/wasmhost/columns"
)

// Identity says what the column `identity` is computed from. Two records with the same identity are
// repeats of each other. The zero value means every part, with the template of the body.
type Identity struct {
	// Parts of a record that tell it apart, see the constants. nil means resource, scope,
	// event_name, severity, template and attributes.
	Parts []string `json:"parts"`
	// Include names attributes whose exact value tells, with or without the part `attributes`.
	Include []string `json:"include"`
	// Exclude names attributes that do not tell.
	Exclude []string `json:"exclude"`
	// ResourceAttributes names attributes of the resource that tell although the part `resource` is
	// left out.
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
	PartAttributes = "attributes" // all but the excluded ones, and those that differ in every record
)

var (
	defaultParts = []string{PartResource, PartScope, PartEventName, PartSeverity, PartTemplate, PartAttributes}
	allParts     = append(slices.Clone(defaultParts), PartBody)
)

func (id Identity) check() error {
	for _, part := range id.Parts {
		if !slices.Contains(allParts, part) {
			return fmt.Errorf("the manifest makes %q a part of the identity: this host knows %s", clip(part, maxNameSize), strings.Join(allParts, ", "))
		}
	}
	if n := len(id.Include) + len(id.Exclude) + len(id.ResourceAttributes); n > maxColumns {
		return fmt.Errorf("the identity of the manifest names %d attributes: at most %d are allowed", n, maxColumns)
	}
	return nil
}

func (id Identity) equal(o Identity) bool {
	return slices.Equal(id.Parts, o.Parts) && slices.Equal(id.Include, o.Include) &&
		slices.Equal(id.Exclude, o.Exclude) && slices.Equal(id.ResourceAttributes, o.ResourceAttributes)
}

// identifier computes identities. It remembers what it has found out of the names and values of
// attributes, since most of them come again with the next record. It belongs to one encoder.
type identifier struct {
	resource, scope, eventName, severity, template, body, attributes bool

	include, exclude   map[string]bool
	resourceAttributes []string
	names              [256]attributeName
	values             [1024]attributeValue

	last [16]attributeSeen // of the record before, by position: most attributes come again as they were
	at   int               // of the next attribute

	masker *columns.Masker
	visit  func(name string, v Value) // takes an attribute; made once, since a closure escapes
	sum    uint64                     // of the attributes of a record, which does not depend on their order
	size   int                        // about the bytes that they take
}

// attributeName says how an attribute of a name tells.
type attributeName struct {
	hash  uint64
	tells tells
}

// attributeValue is the id of a value of a name.
type attributeValue struct{ hash, id uint64 }

// attributeSeen is an attribute and its number.
type attributeSeen struct {
	name   string
	value  Value
	number uint64
}

type tells uint8

const (
	unknownName tells = iota
	tellsNothing
	tellsMasked
	tellsExactly
)

func newIdentifier(id Identity, masker *columns.Masker) *identifier {
	parts := id.Parts
	if parts == nil {
		parts = defaultParts
	}
	has := func(part string) bool { return slices.Contains(parts, part) }
	d := &identifier{
		masker:   masker,
		resource: has(PartResource), scope: has(PartScope), eventName: has(PartEventName), severity: has(PartSeverity),
		template: has(PartTemplate), body: has(PartBody), attributes: has(PartAttributes),
		include: nameSet(id.Include), exclude: nameSet(id.Exclude), resourceAttributes: id.ResourceAttributes,
	}
	d.visit = func(name string, v Value) {
		d.size += attributeOverhead + len(name) + len(v.Text)
		d.sum += d.number(name, v)
	}
	return d
}

// number is that of an attribute, taken from the record before where that has the same.
func (d *identifier) number(name string, v Value) uint64 {
	if d.at == len(d.last) {
		return d.attribute(name, v)
	}
	seen := &d.last[d.at]
	d.at++
	if name == "" || seen.name != name || seen.value != v {
		*seen = attributeSeen{name, v, d.attribute(name, v)}
	}
	return seen.number
}

// reset forgets strings of the caller.
func (d *identifier) reset() { clear(d.last[:]) }

func nameSet(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// wantsTemplates reports whether the ids of templates have to be computed.
func (id *Identity) wantsTemplates() bool {
	return id.Parts == nil || slices.Contains(id.Parts, PartTemplate)
}

// wantsAttributes reports whether attributes of records have to be looked at.
func (d *identifier) wantsAttributes() bool { return d.attributes || len(d.include) > 0 }

// of is the identity of record i, whose body has the template id template. size is about the bytes that
// the attributes take.
func (d *identifier) of(recs Records, i int, body string, template uint64) (id uint64, size int) {
	if d.template {
		id = mix(id, template)
	}
	if d.body {
		id = mix(id, columns.Hash(body))
	}
	if d.severity {
		id = mix(id, uint64(recs.Severity(i)))
	}
	if d.resource {
		id = mix(id, recs.ResourceKey(recs.Resource(i)))
	}
	for _, name := range d.resourceAttributes {
		id = mix(id, exactText(recs.ResourceAttribute(recs.Resource(i), name)))
	}
	if d.scope {
		id = mix(id, recs.ScopeKey(i))
	}
	if d.eventName {
		if name := recs.EventName(i); name != "" {
			id = mix(id, columns.Hash(name))
		}
	}
	if d.wantsAttributes() {
		d.sum, d.size, d.at = 0, 0, 0
		recs.Attributes(i, d.visit)
		id, size = mix(id, d.sum), d.size
	}
	return id, size
}

// attributeOverhead is about what OTLP adds to the name and the value of an attribute, in bytes.
const attributeOverhead = 8

func exactText(s string, ok bool) uint64 {
	if !ok {
		return 0
	}
	return columns.Hash(s) | 1
}

// attribute is a number for an attribute, 0 where it tells nothing.
func (d *identifier) attribute(name string, v Value) uint64 {
	hash := columns.Hash(name)
	known := &d.names[hash%uint64(len(d.names))]
	if known.hash != hash || known.tells == unknownName {
		*known = attributeName{hash, d.howTells(name)}
	}
	switch known.tells {
	case tellsMasked:
		return mix(hash, d.masked(hash, name, v))
	case tellsExactly:
		return mix(hash, v.exact())
	}
	return 0
}

func (d *identifier) masked(hash uint64, name string, v Value) uint64 {
	switch v.Kind {
	case ValueNumber:
		if columns.Answers(name) {
			return v.exact()
		}
		return 1 // any number
	case ValueBool:
		return v.exact()
	}
	hash = mix(hash, columns.Hash(v.Text))
	known := &d.values[hash%uint64(len(d.values))]
	if known.hash != hash {
		*known = attributeValue{hash, d.masker.Value(name, v.Text)}
	}
	return known.id
}

func (d *identifier) howTells(name string) tells {
	switch {
	case d.include[name]:
		return tellsExactly
	case !d.attributes || d.exclude[name] || differs(name):
		return tellsNothing
	case d.body || strings.HasPrefix(name, "log.file."): // two files are two sources
		return tellsExactly
	}
	return tellsMasked
}

// differs reports whether an attribute of the name differs from record to record and says nothing of what happened: ids of
// traces and spans, times, durations.
func differs(name string) bool {
	var buf [32]byte
	switch key := string(folded(buf[:0], name)); key {
	case "traceid", "spanid", "parentspanid", "parentid", "ddtraceid", "ddspanid", "xtraceid", "xb3traceid", "xb3spanid", "traceparent", "tracestate",
		"time", "timestamp", "ts", "date", "datetime", "asctime", "eventtime", "starttime", "endtime", "observedtimestamp", "observedtime",
		"timeunixnano", "relativecreated",
		"duration", "latency", "elapsed", "took", "responsetime", "requesttime", "processingtime", "executiontime", "elapsedtime",
		"upstreamresponsetime", "upstreamconnecttime", "upstreamheadertime",
		"logfilerecordnumber", "logfilerecordoffset", "logfileposition", "logfileoffset", "logoffset": // where a record is in its file
		return true
	}
	return false
}

// folded appends the letters and digits of a short name in lower case, without a unit at its end (duration_ms); nothing for a long name.
func folded(b []byte, name string) []byte {
	if len(name) > 32 {
		return b
	}
	for _, unit := range [...]string{"_ns", "_us", "_ms", "_s", ".ns", ".us", ".ms", ".s", "_seconds", "_millis", "_nanos", "Ms", "Seconds", "Millis", "Nanos"} {
		if s, ok := strings.CutSuffix(name, unit); ok {
			name = s
			break
		}
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b = append(b, c)
		case 'A' <= c && c <= 'Z':
			b = append(b, c|0x20)
		}
	}
	return b
}

// exact is a number for a value. Values of different kinds differ.
func (v Value) exact() uint64 {
	if v.Kind == ValueText {
		return mix(uint64(v.Kind), columns.Hash(v.Text))
	}
	return mix(uint64(v.Kind), v.Bits)
}

// mix is a step of SplitMix64, so that numbers in another order make another one.
func mix(key, n uint64) uint64 {
	key = (key ^ n) + 0x9e3779b97f4a7c15
	key = (key ^ key>>30) * 0xbf58476d1ce4e5b9
	key = (key ^ key>>27) * 0x94d049bb133111eb
	return key ^ key>>31
}
