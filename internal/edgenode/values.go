// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// value appends what varies in a statement to the text of the run.
type value func(*run)

// newValue reads what stands in «». There are
//
//	a|b|c           one of the texts
//	int 1 500       a number
//	wide 1 500      a number in full-width digits
//	ms 2 300        a duration, "12.345"; one in sixteen is much longer
//	go 2 300        the same as Go prints it, "12.345ms" or "1.2s"
//	hex 64          that many hexadecimal digits
//	uuid ip podip   an id, a client's address, a pod's address
//	pod name uid container volume   of the pod that the line is about: namespace/name, name, UID, its container's and
//	                its volume's name; with the name of a program, of its first pod
//	method path upstream agent client order trace span   of the request, see request
//	variant level   of the statement
//	cid             the id of that pod's container
//	klog rfc nano micro clf comma dot slash second clock kitchen tomcat haproxy syslog redis unix epoch uptime   the time,
//	                as programs write it
//	self node       the name of the pod that writes, and of the node
func newValue(text string) value {
	if strings.Contains(text, "|") {
		of := strings.Split(text, "|")
		return func(r *run) { r.str(pick(r, of)) }
	}
	words := strings.Fields(text)
	switch words[0] {
	case "int":
		low, high := number(words[1]), number(words[2])
		return func(r *run) { r.int(low + r.rng.IntN(high-low+1)) }
	case "wide":
		low, high := number(words[1]), number(words[2])
		return func(r *run) { r.wide(low + r.rng.IntN(high-low+1)) }
	case "ms":
		low, high := number(words[1]), number(words[2])
		return func(r *run) { r.millis(r.micros(low, high)) }
	case "go":
		low, high := number(words[1]), number(words[2])
		return func(r *run) { r.str((time.Duration(r.micros(low, high)) * time.Microsecond).String()) }
	case "hex":
		digits := number(words[1])
		return func(r *run) { r.hex(digits) }
	case "pod", "name", "uid", "container", "volume":
		return podValue(words)
	}
	if format, ok := clocks[words[0]]; ok {
		return func(r *run) { r.buf = r.record.Time.AppendFormat(r.buf, format) }
	}
	v, ok := values[words[0]]
	if !ok {
		panic("edge node: no value «" + text + "»")
	}
	return v
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("edge node: " + err.Error())
	}
	return n
}

func podValue(words []string) value {
	which := func(r *run) *pod { return r.about }
	if len(words) > 1 {
		which = func(r *run) *pod { return r.of[words[1]][0] }
	}
	switch words[0] {
	case "uid":
		return func(r *run) { r.str(which(r).uid) }
	case "name":
		return func(r *run) { r.str(which(r).name) }
	case "container":
		return func(r *run) { r.str(which(r).program) }
	case "volume":
		return func(r *run) { r.str(which(r).volume) }
	}
	return func(r *run) { p := which(r); r.str(p.namespace); r.str("/"); r.str(p.name) }
}

var clocks = map[string]string{
	"rfc":   "2006-01-02T15:04:05.000Z07:00",
	"nano":  "2006-01-02T15:04:05.000000000Z07:00",
	"clf":   "02/Jan/2006:15:04:05 -0700",
	"comma": "2006-01-02 15:04:05,000",
	"dot":   "2006-01-02 15:04:05.000",
	"slash": "2006/01/02 15:04:05",
	"redis": "02 Jan 2006 15:04:05.000",

	"micro":   "2006-01-02T15:04:05.000000Z07:00",
	"second":  "2006-01-02 15:04:05",
	"clock":   "15:04:05",
	"kitchen": time.Kitchen,
	"tomcat":  "02-Jan-2006 15:04:05.000",
	"haproxy": "02/Jan/2006:15:04:05.000",
	"syslog":  time.Stamp,
}

var values = map[string]value{
	"uuid":     (*run).uuid,
	"ip":       (*run).ip,
	"podip":    func(r *run) { r.str("10.42.3."); r.int(2 + r.rng.IntN(60)) },
	"method":   func(r *run) { r.str(r.req.route.method) },
	"path":     func(r *run) { r.write(r.req.path) },
	"upstream": func(r *run) { r.str(r.req.route.upstream) },
	"agent":    func(r *run) { r.str(r.req.agent) },
	"client":   func(r *run) { r.str(r.req.client) },
	"order":    func(r *run) { r.padded(r.req.order, 8, '0') },
	"trace":    func(r *run) { r.buf = hex.AppendEncode(r.buf, r.record.TraceID[:]) },
	"span":     func(r *run) { r.buf = hex.AppendEncode(r.buf, r.record.SpanID[:]) },
	"variant":  func(r *run) { r.str(r.line.variant) },
	"level":    func(r *run) { r.str(r.line.severity) },
	"cid":      func(r *run) { r.str(r.about.container) },
	"node":     func(r *run) { r.str(r.node) },
	"self":     func(r *run) { r.str(r.by.name) },
	"klog":     (*run).klog,
	"epoch":    func(r *run) { r.buf = strconv.AppendInt(r.buf, r.record.Time.UnixMilli(), 10) },
	"unix":     func(r *run) { r.millis(int(r.record.Time.UnixMilli())) },
	"uptime": func(r *run) {
		r.padded(86_400+int(r.now/time.Second), 5, ' ')
		r.str(".")
		r.padded(int(r.now%time.Second)/1000, 6, '0')
	},
}

func (r *run) str(s string) { r.buf = append(r.buf, s...) }

func (r *run) int(n int) { r.buf = strconv.AppendInt(r.buf, int64(n), 10) }

// wide appends n in full-width digits.
func (r *run) wide(n int) {
	for _, digit := range strconv.Itoa(n) {
		r.buf = utf8.AppendRune(r.buf, '０'+digit-'0')
	}
}

// padded appends n with filling before it.
func (r *run) padded(n, width int, filling byte) {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(n), 10)
	for range width - len(d) {
		r.buf = append(r.buf, filling)
	}
	r.buf = append(r.buf, d...)
}

// micros is a duration in microseconds, given its usual limits in milliseconds.
func (r *run) micros(low, high int) int {
	n := 1000*low + r.rng.IntN(1000*(high-low)+1)
	if r.rng.IntN(16) == 0 {
		n *= 2 + r.rng.IntN(6)
	}
	return n
}

// millis appends thousandths with a point.
func (r *run) millis(n int) {
	r.int(n / 1000)
	r.str(".")
	r.padded(n%1000, 3, '0')
}

func (r *run) hex(digits int) {
	const alphabet = "0123456789abcdef"
	for bits := uint64(0); digits > 0; digits-- {
		if bits < 16 { // the highest digit is not random: it marks the end of those that are
			bits = r.rng.Uint64() | 1<<63
		}
		r.buf = append(r.buf, alphabet[bits&15])
		bits >>= 4
	}
}

func (r *run) uuid() {
	for i, digits := range [...]int{8, 4, 3, 3, 12} {
		r.str([...]string{"", "-", "-4", "-a", "-"}[i])
		r.hex(digits)
	}
}

func (r *run) ip() {
	r.int(11 + r.rng.IntN(200))
	for range 3 {
		r.str(".")
		r.int(r.rng.IntN(256))
	}
}

// klog appends the header of klog, up to the file: Lmmdd hh:mm:ss.uuuuuu threadid.
func (r *run) klog() {
	r.str(r.line.severity)
	r.buf = r.record.Time.AppendFormat(r.buf, "0102 15:04:05.000000 ")
	r.padded(r.line.by.pid, 7, ' ')
}
