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

// clearLabel is the label that lists the clear labels of a line.
const clearLabel = "sealed_clear"

// openedLabels are the labels that were sealed of a line.
type openedLabels struct {
	add   map[string]string
	scope bool    // the names of its scope are now in add, or it has none
	ids   lineIDs // that the line is bound to
}

// line opens one line, if it is sealed. It changes the line, and returns the labels of
// its stream. With keep false, the line is in the clear and is dropped.
func (o *opener) line(stream map[string]string, line *lokiLine) (labels map[string]string, keep bool, errs []error) {
	all := maps.Clone(stream)
	if all == nil {
		all = map[string]string{}
	}
	if line.own != nil {
		maps.Copy(all, line.own.Metadata)
	}
	if all["sealed_key"] == "" {
		return o.lineWithoutKey(stream, all, line)
	}
	opened, err := o.openLine(all, line)
	if err != nil {
		return stream, true, []error{err}
	}
	labels, replaced := opened.place(stream, line, o.Clear)
	if len(replaced) > 0 {
		errs = append(errs, fmt.Errorf("the line at %s has labels in the clear with other values than the sealed ones, which are printed: %s; somebody has added them, or an attribute of another level has the same label", line.time, strings.Join(replaced, ", ")))
	}
	return labels, true, errs
}

// lineWithoutKey deals with a line that has no key: it is in the clear, or has lost its
// key.
func (o *opener) lineWithoutKey(stream, all map[string]string, line *lokiLine) (labels map[string]string, keep bool, errs []error) {
	lost := sealpdata.LooksSealed(line.text)
	for name := range all {
		lost = lost || sealedLabel.MatchString(name)
	}
	if lost {
		o.stats.Failed++
		return stream, true, []error{fmt.Errorf("the line at %q stays sealed: the label sealed_key is not there", line.time)}
	}
	o.stats.Plain++
	switch {
	case o.Clear == sealpdata.ClearDrop:
		return nil, false, nil
	case o.Clear == sealpdata.ClearKeep:
		return stream, true, nil
	case line.own != nil:
		line.own.Metadata = withLabel(line.own.Metadata, clearLabel, sealpdata.ClearAll)
		return stream, true, nil
	}
	return withLabel(stream, clearLabel, sealpdata.ClearAll), true, nil
}

func withLabel(labels map[string]string, name, value string) map[string]string {
	with := maps.Clone(labels)
	if with == nil {
		with = map[string]string{}
	}
	with[name] = value
	return with
}

// openLine opens a line that has a key, and puts the text into it.
func (o *opener) openLine(all map[string]string, line *lokiLine) (labels openedLabels, err error) {
	ld, ids, stats, err := o.unsealLine(all, line)
	if err != nil && ld == (plog.Logs{}) {
		o.stats.Failed++
		return labels, fmt.Errorf("the line at %q stays sealed: %w", line.time, err)
	}
	o.count(stats)
	if stats.Unsealed == 0 || err != nil {
		if stats.Failed == 0 { // its resource or its scope cannot be opened
			o.stats.Unsealed, o.stats.Failed = o.stats.Unsealed-stats.Unsealed, o.stats.Failed+1
		}
		return labels, fmt.Errorf("the line at %s: %w", line.time, errors.Join(each(err)[:1]...))
	}
	rl := ld.ResourceLogs().At(0)
	sl := rl.ScopeLogs().At(0)
	record := sl.LogRecords().At(0)
	line.text = record.Body().AsString()
	labels = labelsOf(rl, sl, record, all)
	labels.ids = ids
	return labels, nil
}

// unsealLine opens the record that Loki made a line of. Loki has one label for an id of a record and
// for an attribute of that name; so where the record does not open with the ids of the labels, it had
// attributes instead of one or both of them.
func (o *opener) unsealLine(all map[string]string, line *lokiLine) (ld plog.Logs, ids lineIDs, stats sealpdata.Stats, err error) {
	for i, try := range idsOf(all) {
		tried, tryErr := lineToLogs(all, line, try)
		if tryErr != nil {
			return plog.Logs{}, ids, stats, tryErr
		}
		tryStats, tryErr := sealpdata.UnsealLogs(o.Open, tried)
		if tryStats.Unsealed > 0 && tryErr == nil {
			return tried, try, tryStats, nil
		}
		if i == 0 {
			ld, ids, stats, err = tried, try, tryStats, tryErr
		}
	}
	return ld, ids, stats, err
}

// lineIDs are the ids that a line's record may have had.
type lineIDs struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

// idsOf returns the ids that the labels give, then those without one or both. A label whose text
// cannot be an id was an attribute.
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
	if all["sealed_scope"] != "" { // else an attribute may have such a name
		sl.Scope().SetName(all["scope_name"])
		sl.Scope().SetVersion(all["scope_version"])
	}
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
	labels.put("severity_text", r.SeverityText())
	if _, ok := all["severity_number"]; ok {
		labels.putCount("severity_number", uint32(r.SeverityNumber()))
	}
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

// place puts labels where the line has its own, and returns the labels of its stream,
// and the names of clear labels that had other values than the sealed ones.
func (l openedLabels) place(stream map[string]string, line *lokiLine, clear sealpdata.Clear) (left map[string]string, replaced []string) {
	left = l.without(stream)
	own, holders := left, []map[string]string{left}
	if line.own != nil {
		own = l.without(line.own.Metadata)
		line.own.Metadata = own
		parsed := line.own.parsedLabels()
		holders = append(holders, own, parsed)
		defer func() { line.own.setParsed(parsed) }()
	}
	confirmed := l.bound()
	for _, name := range slices.Sorted(maps.Keys(l.add)) {
		if confirmed[name] {
			continue // the label is that of the id, which the line is bound to
		}
		confirmed[name] = true
		if conflict, there := takeLabel(holders, name, l.add[name]); !there {
			own[name] = l.add[name]
		} else if conflict {
			own[name] = l.add[name]
			replaced = append(replaced, name)
		}
	}
	l.dealWithClear(holders, own, confirmed, clear)
	return left, replaced
}

// unknownService is the value that Loki gives the label service_name where it sees no
// service.
const unknownService = "unknown_service"

// takeLabel removes a label that has another value than the sealed one. There is true
// if it stays, or if it was removed and that is to be reported.
func takeLabel(holders []map[string]string, name, value string) (conflict, there bool) {
	for _, labels := range holders {
		was, ok := labels[name]
		switch {
		case !ok:
		case was == value:
			there = true
		default:
			delete(labels, name)
			conflict = conflict || was != unknownService
		}
	}
	return conflict, there || conflict
}

// bound returns the labels that a line is bound to.
func (l openedLabels) bound() map[string]bool {
	return map[string]bool{"trace_id": !l.ids.trace.IsEmpty(), "span_id": !l.ids.span.IsEmpty()}
}

// dealWithClear marks or drops the labels that were in the clear.
func (l openedLabels) dealWithClear(holders []map[string]string, own map[string]string, confirmed map[string]bool, clear sealpdata.Clear) {
	if clear == sealpdata.ClearKeep {
		return
	}
	var names []string
	for _, labels := range holders {
		delete(labels, clearLabel)
		for name := range labels {
			if confirmed[name] {
				continue
			}
			names = append(names, name)
			if clear == sealpdata.ClearDrop {
				delete(labels, name)
			}
		}
	}
	if clear == sealpdata.ClearMark && len(names) > 0 {
		slices.Sort(names)
		own[clearLabel] = strings.Join(slices.Compact(names), ",")
	}
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
