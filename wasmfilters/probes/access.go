// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"bytes"
	"strings"
)

// access is a request, and the answer to it, as a record tells of them.
type access struct {
	patterns []pattern
	pattern  int  // that was seen, a path rather than an agent
	ok       bool // a status was seen
	not      bool // something was seen that a successful probe does not have
}

// probe is the pattern of a successful probe, or none.
func (a *access) probe() int {
	if !a.ok || a.not {
		return none
	}
	return a.pattern
}

// seeStatus reads a status such as 200 or 200 OK.
func (a *access) seeStatus(status []byte) {
	a.ok = true
	if len(status) > 3 && status[3] == ' ' {
		status = status[:3]
	}
	if len(status) != 3 || status[0] != '2' && status[0] != '3' || !isNumber(status) {
		a.not = true
	}
}

func (a *access) seeMethod(method []byte) {
	if string(method) != "GET" && string(method) != "HEAD" {
		a.not = true
	}
}

// seePath looks for the path. It comes before an agent that was seen already.
func (a *access) seePath(path []byte) {
	for i := range a.patterns {
		if a.patterns[i].isPath(path) {
			a.pattern = i
			return
		}
	}
}

// productsBegin has the bytes behind which a product begins in a user agent, such
// as Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/).
const productsBegin = " +(;,"

func (a *access) seeAgent(agent []byte) {
	for at := 0; at < len(agent) && a.pattern == none; at++ {
		if at == 0 || strings.IndexByte(productsBegin, agent[at-1]) >= 0 {
			a.seeProduct(agent[at:])
		}
	}
}

func (a *access) seeProduct(product []byte) {
	for i := range a.patterns {
		if a.patterns[i].isAgent(product) {
			a.pattern = i
			return
		}
	}
}

// seeRequest reads a request line, such as GET /healthz HTTP/1.1.
func (a *access) seeRequest(line []byte) bool {
	method, line, _ := bytes.Cut(line, []byte(" "))
	path, version, ok := bytes.Cut(line, []byte(" "))
	if !ok || !bytes.HasPrefix(version, []byte("HTTP/")) {
		return false
	}
	a.seeMethod(method)
	a.seePath(path)
	return true
}

// readLine reads an access log in the common or the combined format, or one that
// begins like them: the first text in quotation marks is the request line, and
// the status follows. Among the other texts in quotation marks is the user agent.
// The line must not speak of trouble elsewhere.
func (a *access) readLine(line []byte) {
	line = bytes.TrimRight(line, "\r\n")
	head, line, _ := bytes.Cut(line, []byte("\""))
	request, line, ok := bytes.Cut(line, []byte("\""))
	if !ok || bytes.IndexByte(line, '\n') >= 0 || !a.seeRequest(request) {
		return
	}
	if len(line) < 4 || line[0] != ' ' || len(line) > 4 && line[4] != ' ' {
		return
	}
	a.seeStatus(line[1:4])
	a.not = a.not || hasFlags(line[4:]) || mentionsTrouble(head)
	for ok && !a.not {
		var text []byte
		head, line, _ = bytes.Cut(line, []byte("\""))
		a.not = hasFailure(head, false) || mentionsTrouble(head)
		if text, line, ok = bytes.Cut(line, []byte("\"")); !ok {
			return
		}
		if a.pattern == none {
			a.seeAgent(text)
		}
		a.not = a.not || hasFailure(text, true) && isList(text)
	}
}
