// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Levels, as the agent maps them.
const (
	none  = plog.SeverityNumberUnspecified // the line has no severity
	debug = plog.SeverityNumberDebug
	info  = plog.SeverityNumberInfo
	warn  = plog.SeverityNumberWarn
	bad   = plog.SeverityNumberError
	fatal = plog.SeverityNumberFatal
)

// rare is how often an hour a statement is made at most that counts as rare.
const rare = 4

// levels is how a program spells its levels, from DEBUG to FATAL.
type levels [5]string

var (
	klogLevels   = levels{"I", "I", "W", "E", "F"}
	logrusLevels = levels{"debug", "info", "warning", "error", "fatal"}
	lowerLevels  = levels{"debug", "info", "warn", "error", "fatal"}
	upperLevels  = levels{"DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	pythonLevels = levels{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
	pinoLevels   = levels{"20", "30", "40", "50", "60"}
)

func (l levels) text(of plog.SeverityNumber) string {
	if of == none {
		return ""
	}
	return l[(of-debug)/4]
}

// program is a program of the node, and what it says.
type program struct {
	name      string
	namespace string // empty: a program of the node itself, not in a pod
	kind      kind
	replicas  int // pods, of a program in pods; 0: made as they are needed, for a job
	levels    levels
	prefix    string // of every statement that has a level
	pid       int
	stderr    bool // where it writes
	says      []statement
}

// kind is who made the pod, which shows in its name.
type kind int

const (
	deployment kind = iota
	daemonSet
	statefulSet
	job
)

// statement is a place in a program that writes a record. Its name is the template in truth; where the name has two
// words, the second is a variant of the same template, such as the status in an access log.
type statement struct {
	name    string
	level   plog.SeverityNumber
	perHour int    // at DefaultRate; 0: made by flows and incidents alone
	text    string // with values in «», see values.go
}

// line is a statement that is ready to be made.
type line struct {
	statement
	by       *program
	template string
	variant  string
	severity string // text
	traced   bool   // it prints the trace id, so the agent knows it
	parts    []part
}

// book has all that can happen.
type book struct {
	order []*line
	lines map[string]*line  // by program/statement
	flows map[string]*flow  // by name
	paths map[string][]part // of routes, by their text
}

func newBook() book {
	b := book{lines: make(map[string]*line), flows: make(map[string]*flow), paths: make(map[string][]part)}
	for _, p := range programs {
		for _, s := range p.says {
			b.add(p, s)
		}
	}
	for i := range flows {
		f := &flows[i]
		b.flows[f.name] = f
		for _, r := range f.routes {
			b.paths[r.path] = compile(r.path)
		}
	}
	return b
}

func (b *book) add(p *program, s statement) {
	key := p.name + "/" + s.name
	name, variant, _ := strings.Cut(s.name, " ")
	l := &line{statement: s, by: p, template: p.name + "/" + name, variant: variant, severity: p.levels.text(s.level)}
	if _, err := strconv.Atoi(variant); err == nil {
		l.severity = variant // a status, which the agent takes the severity from
	}
	text := s.text
	if s.level != none {
		text = p.prefix + text
	}
	l.parts, l.traced = compile(text), strings.Contains(text, "«trace»")
	if b.lines[key] != nil {
		panic("edge node: " + key + " is there twice")
	}
	b.lines[key] = l
	b.order = append(b.order, l)
}

// line returns what the tables name, and panics where they name what is not there.
func (b *book) line(key string) *line {
	l, ok := b.lines[key]
	if !ok {
		panic(fmt.Sprintf("edge node: no statement %q", key))
	}
	return l
}

func (b *book) flow(name string) *flow {
	f, ok := b.flows[name]
	if !ok {
		panic(fmt.Sprintf("edge node: no flow %q", name))
	}
	return f
}

// perHour is how many records the tables make in an hour.
func (b *book) perHour() int {
	n := 0
	for _, l := range b.order {
		n += l.perHour
	}
	for i := range flows {
		n += flows[i].perHour * len(flows[i].steps)
	}
	return n
}
