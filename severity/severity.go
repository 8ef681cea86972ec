// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"math"
	"strings"
)

// MaxText is the number of bytes of a body that are read.
const MaxText = 4 << 10

// Confidence says how sure a result is.
type Confidence uint8

// The confidences, in order.
const (
	None    Confidence = iota // nothing was found
	Weak                      // a guess: a number of an unknown scale, a word in a sentence's place
	Strong                    // a level token, or a number whose scale the record tells
	Certain                   // a field that means a level, with a value that is one
)

// Source says where a result was found.
type Source uint8

// The sources.
const (
	Nowhere   Source = iota
	Attribute        // an attribute of the record
	Field            // an entry of a body that is a map
	JSON             // a field of a body that is JSON text
	Logfmt           // a key=value pair
	Token            // a level word near the start of a line
	Klog             // the letter that starts a line of klog, glog, logcat or Ruby
	Priority         // the <PRI> of syslog
	Crash            // a panic, an exception, a fault or a line that continues one
	Access           // the status of a request that the server failed
	Exit             // the exit code or the signal of a process that failed
)

var sourceNames = [...]string{"nowhere", "attribute", "field", "json", "logfmt", "token", "klog", "priority", "crash", "access", "exit"}

// String returns the name of the source in lower case.
func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return "unknown"
}

var confidenceNames = [...]string{"none", "weak", "strong", "certain"}

// String returns the name of the confidence in lower case.
func (c Confidence) String() string {
	if int(c) < len(confidenceNames) {
		return confidenceNames[c]
	}
	return "unknown"
}

// Result is the severity of a record.
type Result struct {
	// Text is the level as the record writes it, a substring of the input. It is empty where no
	// word tells the level: for a crash, the status of a request, or a number that is no text.
	Text string
	// Number is OTLP's severity number, 1 to 24. It is 0 if nothing tells the level.
	Number uint8
	// Confidence says how sure Number is.
	Confidence Confidence
	// Source says where Number was found.
	Source Source
	// Severe says that the record tells of a failure, whatever Number is.
	Severe bool
}

// Finder finds the severity of one record after the other. The zero value is ready. A Finder may
// not be used by two goroutines at once.
type Finder struct {
	best   Result
	rank   trust
	source Source
	about  company
	inner  bool // the fields that follow are those of an inner object
	number candidate
	letter candidate // of a short key
}

// candidate is a level that is a number. Its scale is known when the whole record was seen.
type candidate struct {
	text   string
	value  int32
	key    kind
	source Source
	inner  bool
}

// Reset makes the Finder forget the record before.
func (f *Finder) Reset() { *f = Finder{} }

// Idle says whether nothing that was offered tells anything: then the body alone tells the severity.
func (f *Finder) Idle() bool { return f.rank == 0 && f.number.key|f.letter.key == 0 && f.about == 0 }

// In sets the source of the fields that follow: Attribute, which is the default, or Field.
func (f *Finder) In(s Source) { f.source = s }

// String offers a field of the record whose value is a text.
func (f *Finder) String(key, value string) {
	k := kindOf(key)
	f.about |= k.company()
	f.field(k, value, f.fieldSource())
}

// Number offers a field of the record whose value is a number.
func (f *Finder) Number(key string, value float64) {
	k := kindOf(key)
	f.about |= k.company()
	f.figure(k, value, "", f.fieldSource())
}

func (f *Finder) fieldSource() Source {
	if f.source == Nowhere {
		return Attribute
	}
	return f.source
}

// Result returns what the fields and the text say.
func (f *Finder) Result() Result {
	if f.letter.key|f.number.key == 0 {
		return f.best
	}
	return f.decide()
}

// decide judges what the whole record decides: the scale of a number, the meaning of a letter.
func (f *Finder) decide() Result {
	if f.letter.key != 0 && f.about&likeMongo != 0 {
		if n, text := levelWord(f.letter.text); n != 0 {
			f.offer(kindShort.trust(), n, text, Strong, f.letter.source)
		}
	}
	if f.number.key == 0 {
		return f.best
	}
	n, sure := scale(f.number.key, f.number.value, f.about)
	rank := f.number.key.trust() / 2
	if f.number.inner {
		rank = trustInner
	}
	if n == 0 || rank < f.rank {
		return f.best
	}
	return Result{Text: f.number.text, Number: n, Confidence: sure, Source: f.number.source, Severe: f.best.Severe}
}

// Infer returns the severity of a body alone.
func Infer(body string) Result {
	var f Finder
	f.Text(body)
	return f.Result()
}

// stated says whether a level was found.
func (f *Finder) stated() bool { return f.best.Number != 0 || f.number.key != 0 }

// offer takes a level if it is more trusted than the one before. It stores field by field: a copy of
// a Result as a whole waits until the fields of the one that is copied are written.
func (f *Finder) offer(rank trust, number uint8, text string, sure Confidence, s Source) {
	if rank > f.rank {
		f.rank = rank
		f.best.Text, f.best.Number, f.best.Confidence, f.best.Source = text, number, sure, s
	}
}

// severe marks the record. It offers a level for records that state none.
func (f *Finder) severe(number uint8, s Source) {
	f.offer(trustCrash, number, "", Strong, s)
	f.best.Severe = true
}

// field judges a value that is a text, quoted or not.
func (f *Finder) field(k kind, value string, s Source) {
	switch {
	case k == kindOther:
	case k.isLevel():
		f.level(k, value, s)
	case k.isOutcome():
		if n, ok := number(value); ok {
			f.figure(k, n, value, s)
		} else if k == kindGRPC && grpcFails(value) {
			f.severe(numError, s)
		} else if k == kindException && !isNothing(value) || k == kindStack && isTrace(value) {
			f.severe(numError, Crash)
		} else if k == kindType && (value == auditFailure || strings.EqualFold(value, "audit failure")) {
			f.offer(trustHint, numError, value, Strong, s)
		} else if n := wordOf(value); k == kindStatus && n != 0 || k == kindType && n >= numWarn { // Datadog's status is a level
			f.offer(trustHint, n, value, Weak, s)
		} else if k == kindError && !isNothing(value) {
			f.offer(trustHint, numError, "", Weak, s)
		}
	}
}

// level judges a text under a key that means a level.
func (f *Finder) level(k kind, value string, s Source) {
	if k == kindShort {
		if len(value) == 1 || len(value) == 2 && lower(value[0]) == 'd' {
			f.letter = candidate{key: k, text: value, source: s}
		}
		return
	}
	n, text := levelWord(value)
	if n == 0 {
		if v, ok := number(value); ok {
			f.figure(k, v, value, s)
		}
		return
	}
	sure := Certain
	if k == kindPriority {
		sure = Strong
	}
	rank := k.trust()
	if f.inner {
		rank = trustInner
	}
	f.offer(rank, n, text, sure, s)
}

// figure judges a value that is a number.
func (f *Finder) figure(k kind, value float64, text string, s Source) {
	if value != math.Trunc(value) || math.Abs(value) > 1<<20 {
		return
	}
	switch {
	case k.isLevel():
		if k == kindWord || k == kindShort {
			return
		}
		better := k.trust() > f.number.key.trust() && f.inner == f.number.inner || !f.inner && f.number.inner
		if f.number.key == 0 || better {
			f.number = candidate{text, int32(value), k, s, f.inner}
		}
	case k == kindStatus && value >= 500 && value <= 599:
		f.severe(numError, Access)
	case k == kindExit && value != 0:
		f.severe(numError, Exit)
	case k == kindGRPC && (value == 2 || value >= 13 && value <= 15):
		f.severe(numError, Access)
	}
}
