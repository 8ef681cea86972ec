// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
)

// sealedLabel matches the labels that sealing leaves in Loki: key and blobs, in
// chunks. The first group is the attribute, the second the number of the chunk.
var sealedLabel = regexp.MustCompile(`^sealed_(key|resource|scope|span)(?:_(\d{1,6}))?$`)

// openedLabels are what a line gets.
type openedLabels struct {
	add   map[string]string
	scope bool // the names of its scope are now in add, or there are none
}

// line opens one line, if it is sealed. What it returns is good only then. The
// line itself is changed.
func (o *opener) line(stream map[string]string, line *lokiLine) (labels openedLabels, isOpen bool, err error) {
	all := maps.Clone(stream)
	if all == nil {
		all = map[string]string{}
	}
	if line.own != nil {
		maps.Copy(all, line.own.Metadata)
	}
	if all["sealed_key"] == "" {
		o.stats.Plain++
		return labels, false, nil
	}
	ld, stats, err := o.unsealLine(all, line)
	if err != nil && ld == (plog.Logs{}) {
		o.stats.Failed++
		return labels, false, fmt.Errorf("the line at %q stays sealed: %w", line.time, err)
	}
	o.count(stats)
	if stats.Unsealed == 0 || err != nil {
		if stats.Failed == 0 { // its resource or its scope cannot be opened
			o.stats.Unsealed, o.stats.Failed = o.stats.Unsealed-stats.Unsealed, o.stats.Failed+1
		}
		return labels, false, fmt.Errorf("the line at %s: %w", line.time, errors.Join(each(err)[:1]...))
	}
	rl := ld.ResourceLogs().At(0)
	sl := rl.ScopeLogs().At(0)
	record := sl.LogRecords().At(0)
	line.text = record.Body().AsString()
	return labelsOf(rl, sl, record, all), true, nil
}

// unsealLine opens the record that Loki made a line of. Loki has one label for an id of a record and
// for an attribute of that name; so where the record does not open with the ids of the labels, it had
// attributes instead of one or both of them.
func (o *opener) unsealLine(all map[string]string, line *lokiLine) (ld plog.Logs, stats sealpdata.Stats, err error) {
	for i, ids := range idsOf(all) {
		tried, tryErr := lineToLogs(all, line, ids)
		if tryErr != nil {
			return plog.Logs{}, stats, tryErr
		}
		tryStats, tryErr := sealpdata.UnsealLogs(o.openKey, tried)
		if tryStats.Unsealed > 0 && tryErr == nil {
			return tried, tryStats, nil
		}
		if i == 0 {
			ld, stats, err = tried, tryStats, tryErr
		}
	}
	return ld, stats, err
}

// lineIDs are the ids that a line's record may have had.
type lineIDs struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

// idsOf returns the ids that the labels give, then those without one or both. An id that is none, as
// far as its text says, was an attribute.
func idsOf(all map[string]string) []lineIDs {
	var given lineIDs
	if decodeID(given.trace[:], all["trace_id"]) != nil {
		given.trace = pcommon.TraceID{}
	}
	if decodeID(given.span[:], all["span_id"]) != nil {
		given.span = pcommon.SpanID{}
	}
	tries := []lineIDs{given}
	for _, other := range []lineIDs{{}, {trace: given.trace}, {span: given.span}} {
		if !slices.Contains(tries, other) {
			tries = append(tries, other)
		}
	}
	return tries
}

// lineToLogs makes the record again that Loki made the line of, as far as the seal
// is bound to it.
func lineToLogs(all map[string]string, line *lokiLine, ids lineIDs) (plog.Logs, error) {
	ld := plog.NewLogs()
	at, err := strconv.ParseUint(line.time, 10, 64)
	if err != nil {
		return ld, fmt.Errorf("its time is no number of nanoseconds")
	}
	rl := ld.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	r := sl.LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.Timestamp(at))
	r.Body().SetStr(line.text)
	r.SetTraceID(ids.trace)
	r.SetSpanID(ids.span)
	sl.Scope().SetName(all["scope_name"])
	sl.Scope().SetVersion(all["scope_version"])
	for label, value := range all {
		part := sealedLabel.FindStringSubmatch(label)
		if part == nil {
			continue
		}
		name := "sealed." + part[1]
		if part[2] != "" {
			name += "." + part[2]
		}
		if part[1] == "scope" {
			sl.Scope().Attributes().PutStr(name, value)
		} else {
			rl.Resource().Attributes().PutStr(name, value)
		}
	}
	return ld, nil
}

// labelsOf returns what was sealed of a line, with names and values as Loki would
// have made them.
func labelsOf(rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord, all map[string]string) openedLabels {
	_, scope := all["sealed_scope"]
	labels := openedLabels{add: map[string]string{}, scope: scope}
	addLabels(labels.add, "", r.Attributes())
	addLabels(labels.add, "", sl.Scope().Attributes())
	addLabels(labels.add, "", rl.Resource().Attributes())
	if scope {
		labels.put("scope_name", sl.Scope().Name())
		labels.put("scope_version", sl.Scope().Version())
	}
	labels.put("event_name", r.EventName())
	labels.putCount("flags", uint32(r.Flags()))
	labels.putCount("dropped_attributes_count", r.DroppedAttributesCount())
	return labels
}

func (l openedLabels) put(name, value string) { putNew(l.add, name, value) }

func (l openedLabels) putCount(name string, n uint32) {
	if n != 0 {
		l.put(name, strconv.FormatUint(uint64(n), 10))
	}
}

// putNew puts what is not empty and not there yet.
func putNew(m map[string]string, name, value string) {
	if _, ok := m[name]; !ok && name != "" && value != "" {
		m[name] = value
	}
}

// addLabels adds attributes. Loki makes one label of each value in a map.
func addLabels(to map[string]string, prefix string, attributes pcommon.Map) {
	for name, value := range attributes.All() {
		name = labelbackends.Label(prefix + name)
		if value.Type() == pcommon.ValueTypeMap {
			addLabels(to, name+"_", value.Map())
			continue
		}
		putNew(to, name, value.AsString())
	}
}

// place puts labels where the line has its own, and returns the labels of its
// stream.
func (l openedLabels) place(stream map[string]string, line *lokiLine) map[string]string {
	left := l.without(stream)
	if line.own == nil {
		for name, value := range l.add {
			putNew(left, name, value)
		}
		return left
	}
	own := l.without(line.own.Metadata)
	for name, value := range l.add {
		if _, ok := left[name]; !ok {
			putNew(own, name, value)
		}
	}
	line.own.Metadata = own
	return left
}

// without returns labels without those that sealing added.
func (l openedLabels) without(labels map[string]string) map[string]string {
	left := make(map[string]string, len(labels))
	for name, value := range labels {
		switch {
		case sealedLabel.MatchString(name), isToken(name, value):
		case l.scope && (name == "scope_name" || name == "scope_version"): // not the real ones
		default:
			left[name] = value
		}
	}
	return left
}

var tokenValue = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9_-]{%d}$`, seal.TokenSize))

// isToken tells tokens from labels that only have a name like one.
func isToken(name, value string) bool {
	return strings.HasPrefix(name, "tok_") && tokenValue.MatchString(value)
}
