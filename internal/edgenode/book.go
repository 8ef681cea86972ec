// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Levels of a line, as OTLP numbers them.
const (
	none  = plog.SeverityNumberUnspecified // the line has no level
	debug = plog.SeverityNumberDebug
	info  = plog.SeverityNumberInfo
	warn  = plog.SeverityNumberWarn
	bad   = plog.SeverityNumberError
	fatal = plog.SeverityNumberFatal
)

// What is added to a level.
const (
	hidden plog.SeverityNumber = 1 << 8 // the line has the level, and the record does not
	severe plog.SeverityNumber = 1 << 9 // the line matters whatever its level: a crash, a 5xx, a non-zero exit code

	levelBits = hidden - 1
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
	mongoLevels  = levels{"D1", "I", "W", "E", "F"}
	mysqlLevels  = levels{"Note", "Note", "Warning", "ERROR", "ERROR"}
	log15Levels  = levels{"dbug", "info", "warn", "eror", "crit"}
	dotnetLevels = levels{"dbug", "info", "warn", "fail", "crit"}
	threeLetters = levels{"DBG", "INF", "WRN", "ERR", "FTL"}             // of Serilog and zerolog
	alertLevels  = levels{"INFO", "NOTICE", "WARNING", "ALERT", "EMERG"} // of HAProxy
	priorities   = levels{"31", "30", "28", "27", "26"}                  // of syslog, the facility is daemon
	titleLevels  = levels{"Debug", "Info", "Warning", "Error", "Fatal"}
	chinese      = levels{"调试", "信息", "警告", "错误", "致命"}
	tomcatLevels = levels{"详细", "信息", "警告", "严重", "严重"} // of a JVM in zh_CN
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
	bare      bool // its records have no severity, as those of files of containers: the levels are in its lines alone
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
// words, the second is a variant of the same template, such as the status in an access log. Each variant is an event.
type statement struct {
	name    string
	level   plog.SeverityNumber // with hidden and severe
	perHour int                 // at DefaultRate; 0: made by flows and incidents alone
	text    string              // with values in «», see values.go
}

// line is a statement that is ready to be made.
type line struct {
	statement
	by       *program
	template string
	event    string
	variant  string
	level    plog.SeverityNumber // without hidden and severe
	recorded plog.SeverityNumber // that of its records
	severe   bool
	severity string // text of the level
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
	level := s.level & levelBits
	l := &line{statement: s, by: p, template: p.name + "/" + name, event: key, variant: variant, level: level, severity: p.levels.text(level)}
	l.severe = level >= warn || s.level&severe != 0
	if !p.bare && s.level&hidden == 0 {
		l.recorded = level
	}
	if _, err := strconv.Atoi(variant); err == nil && l.recorded != none {
		l.severity = variant // a status, which the agent takes the severity from
	}
	text := s.text
	if level != none {
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
