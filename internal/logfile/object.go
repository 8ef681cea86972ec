// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The keys that have a meaning, the first that is there first.
var (
	bodyKeys  = []string{"message", "msg", "log", "body", "event"}
	timeKeys  = []string{"time", "timestamp", "ts", "datetime", "asctime"}
	traceKeys = []string{"trace_id", "traceid", "trace.id"}
)

// readObject reads a line that is a JSON object; false if it is none.
func readObject(r *Record, line string) bool {
	o, ok := parseObject(line)
	if !ok {
		return false
	}
	if !o.take(bodyKeys, func(_, v string) bool { r.Body = v; return true }) {
		r.Body = line
	}
	r.Severity = o.takeSeverity()
	o.take(timeKeys, func(_, v string) (ok bool) { r.Time, ok = ParseTime(v); return ok })
	o.take(traceKeys, func(_, v string) bool {
		id, err := hex.DecodeString(v)
		return err == nil && copy(r.TraceID[:], id) == len(r.TraceID) && len(id) == len(r.TraceID)
	})
	for _, name := range slices.Sorted(maps.Keys(o)) {
		r.Attributes = append(r.Attributes, Attribute{name, o[name]})
	}
	return true
}

// object has the values of a JSON object as text: what is no text as its JSON.
type object map[string]string

func parseObject(line string) (object, bool) {
	if !strings.HasPrefix(strings.TrimLeft(line, " \t"), "{") {
		return nil, false
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &raw) != nil {
		return nil, false
	}
	o := make(object, len(raw))
	for name, v := range raw {
		o[name] = textOf(v)
	}
	return o, true
}

func textOf(v json.RawMessage) (text string) {
	if v[0] == '"' {
		_ = json.Unmarshal(v, &text) // it was valid a moment ago
		return text
	}
	var b bytes.Buffer
	_ = json.Compact(&b, v)
	return b.String()
}

// take gives use the value of the first of the keys that it can make use of, and
// removes it.
func (o object) take(keys []string, use func(key, value string) bool) bool {
	for _, key := range keys {
		name, ok := o.find(key)
		if ok && use(key, o[name]) {
			delete(o, name)
			return true
		}
	}
	return false
}

func (o object) find(key string) (name string, ok bool) {
	if _, ok := o[key]; ok {
		return key, true
	}
	for _, name := range slices.Sorted(maps.Keys(o)) { // one of several spellings, always the same
		if strings.EqualFold(strings.TrimPrefix(name, "@"), key) {
			return name, true
		}
	}
	return "", false
}

// cutDocker unwraps a line of Docker's json-file driver.
func cutDocker(r *Record, line string) (string, bool) {
	if !strings.HasPrefix(line, `{"log":`) {
		return "", false
	}
	o, ok := parseObject(line)
	if !ok || o["stream"] != "stdout" && o["stream"] != "stderr" {
		return "", false
	}
	if r.Time, ok = ParseTime(o["time"]); !ok {
		return "", false
	}
	r.Attributes = append(r.Attributes, Attribute{streamAttribute, o["stream"]})
	return strings.TrimSuffix(o["log"], "\n"), true
}
