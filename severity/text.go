// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// Text reads the body of the record, its first MaxText bytes at most. The fields of the record
// come first.
func (f *Finder) Text(body string) {
	if len(body) > MaxText {
		body = body[:MaxText]
	}
	if f.rank >= trustToken && f.best.Number >= numError {
		return // nothing below can change that
	}
	if from := f.early(body); from >= 0 {
		f.outcomes(body[from:])
		return
	}
	f.text(body)
}

// text reads a body of any form.
func (f *Finder) text(body string) {
	start := 0
	if len(body) > 0 && body[0] != '{' {
		body = strings.TrimPrefix(body, "\ufeff")
		body = afterRank(body)
		start = skipSpace(body, 0)
	}
	switch {
	case start == len(body):
	case isObject(body, start):
		f.object(body, start)
	default:
		f.line(body, start)
	}
}

// isObject says whether an object of JSON starts at i.
func isObject(s string, i int) bool {
	if s[i] != '{' {
		return false
	}
	i = skipSpace(s, i+1)
	return i < len(s) && s[i] == '"'
}

// afterRank returns what follows the rank that torchrun puts before each line: [rank0]: Traceback.
func afterRank(body string) string {
	if !strings.HasPrefix(body, "[rank") {
		return body
	}
	i := len("[rank")
	for i < len(body) && body[i]-'0' < 10 {
		i++
	}
	if !has(body, i, "]:") {
		return body
	}
	return strings.TrimPrefix(body[i+2:], " ")
}

// object reads a body that is JSON text.
func (f *Finder) object(body string, start int) {
	if f.rank < trustToken && f.number.key == 0 && !f.mongo(body, start) {
		if from := f.quick(body, start); from >= 0 {
			start = from
		} else {
			f.walk(body, start)
		}
	}
	f.outcomes(body[start:])
}

// walk reads an object key by key. Its message counts if no key states a level.
func (f *Finder) walk(body string, start int) {
	w := walker{body: body}
	w.walk(f, start)
	f.inner = false
	if n := &f.number; n.source == JSON && !n.inner && n.key == kindLevel && n.value < 100 && f.about == 0 && w.message == "" {
		*n = candidate{} // the level of a player, of a battery: nothing makes this the record of a logger
	}
	if !f.stated() && f.letter.key == 0 && w.message != "" {
		f.message(w.message)
	}
}

// The pairs of bytes without which a line has no key of a level, no pair or one line.
const (
	pairLevel  uint8 = 1 << iota // the v of a level or of a severity
	pairEquals                   // an equals sign
	pairLine                     // a line feed
	pairSignal                   // signal
	pairFatal                    // Fatal
)

var linePairs = newDigrams(digram{"eElL", "vV"}, digram{anyByte, "="}, digram{anyByte, "\n"}, digram{"g", "n"}, digram{"F", "a"})

// line reads a body that is plain text.
func (f *Finder) line(body string, start int) {
	has := linePairs.in(body)
	at, pair := -1, (has&pairEquals != 0 || body[start] == '=') && startsPair(body, start)
	if f.rank < trustToken && pair && has&pairLevel != 0 {
		f.pairs(body, start, at)
	}
	if f.rank < trustToken && f.number.key == 0 {
		at = f.token(body, start)
		if has&pairLevel != 0 {
			f.pairs(body, start, at)
		}
	}
	if pair && !f.stated() {
		f.fields(body, start)
	}
	switch {
	case f.best.Number >= numError && f.best.Severe:
	case start == 0 && has&pairLine == 0:
		if n := crashLine(body); n != 0 {
			f.severe(n, Crash)
		}
	default:
		f.crash(body)
	}
	f.outcomes(body)
	if has&pairSignal != 0 && f.best.Number < numError {
		f.signals(body)
	}
	if has&pairFatal != 0 && f.best.Number < numError && strings.Contains(body, "PHP Fatal error: ") { // PHP-FPM writes it below NOTICE
		f.severe(numFatal, Crash)
	}
	if f.best.Source == Logfmt && f.best.Number < numError && !f.best.Severe {
		if strings.Contains(body, "TaskOOM event") { // containerd
			f.severe(numFatal, Crash)
		}
		f.grpc(body)
	}
}
