// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// isStatus says whether the 5 at i starts a status of HTTP from 500 to 599 that is the answer to
// a request.
func isStatus(s string, i int) bool {
	if i == 0 || i+3 > len(s) || s[i+1]-'0' > 9 || s[i+2]-'0' > 9 {
		return false
	}
	before, after := s[i-1], byte(' ')
	if i+3 < len(s) {
		after = s[i+3]
	}
	if after-'0' < 10 || isLetter(after) || after == '.' && i+4 < len(s) && s[i+4]-'0' < 10 {
		return false
	}
	switch before {
	case '[': // PHP's server writes [503]: GET /cart
		return after == ']' && hasMethod(s[i+4:min(len(s), i+16)])
	case '/': // Squid
		return strings.Contains(s[max(0, i-24):i], "TCP_")
	case '=', ':', '"', '\'', '>':
		return !counts(s[i+3:]) && keyBefore(s, i-1) == kindStatus
	case ' ', '\t', '|':
		return plainStatus(s, i)
	}
	return false
}

// keyBefore returns the kind of the key whose separator, and maybe a quote or a space, end at end.
func keyBefore(s string, end int) kind {
	i := trimQuotes(s, end)
	if s[i] == '>' && i > 0 { // =>
		i--
	}
	if i == 0 || s[i] != ':' && s[i] != '=' {
		return kindOther
	}
	i = trimQuotes(s, i-1)
	return kindOf(word(s[:i+1], i))
}

// trimQuotes returns the last place up to i that has no quote, backslash or space.
func trimQuotes(s string, i int) int {
	for i > 0 && (s[i] == '"' || s[i] == '\'' || s[i] == '\\' || s[i] == ' ') {
		i--
	}
	return i
}

// grpc looks for a code of gRPC by which a server fails.
func (f *Finder) grpc(s string) {
	if s == "" {
		return
	}
	for _, c := range [...]byte{'U', 'I', 'D'} { // Unavailable, Unknown, Internal, DataLoss
		for i := 1; ; i++ {
			n := strings.IndexByte(s[i:], c)
			if n < 0 {
				break
			}
			i += n
			if before := s[i-1]; before != '=' && before != '"' && before != ':' && before != ' ' {
				continue
			}
			if _, end := keyAround(s, i); grpcFails(s[i:end]) && keyBefore(s, i-1) == kindGRPC {
				f.severe(numError, Access)
				return
			}
		}
	}
}

// plainStatus says whether the number at i stands where an access log has the status.
func plainStatus(s string, i int) bool {
	rest := s[i+3:]
	if strings.HasPrefix(rest, " Internal Server") || strings.HasPrefix(rest, " Bad Gateway") || strings.HasPrefix(rest, " Service Unavail") ||
		strings.HasPrefix(rest, " Gateway Time") || strings.HasPrefix(rest, " Not Implemented") || strings.HasPrefix(rest, " Insufficient Storage") ||
		strings.HasPrefix(rest, " INTERNAL_SERVER") || strings.HasPrefix(rest, " SERVICE_UNAVAIL") || strings.HasPrefix(rest, " BAD_GATEWAY") {
		return true
	}
	j := i - 1
	for j > 0 && (s[j] == ' ' || s[j] == '\t') {
		j--
	}
	// The statuses of a load balancer and of the server behind it, after times.
	if pair := strings.HasPrefix(rest, " - ") || len(rest) > 4 && rest[1] == '5' && rest[4] == ' '; pair &&
		(strings.IndexByte(word(s[:j+1], j), '.') > 0 || has(s, j-2, " -1")) && hasRequest(rest[:min(len(rest), maxRequest)]) {
		return true
	}
	switch c := s[j]; {
	case c == '"':
		return endsRequest(s[:j])
	case c == '|':
		return len(rest) > 1 && strings.HasPrefix(strings.TrimLeft(rest, " "), "|")
	case c == ':' || c == '=':
		return keyBefore(s, i-1) == kindStatus
	case has(s, j-2, "<--") && strings.HasPrefix(rest, " http"): // OkHttp
		return true
	case c == '-' || c == '>' || c == ')':
		return rest[:min(len(rest), 1)] != `"` && (hasRequest(s[:j]) || hasRequest(rest[:min(len(rest), maxRequest)]))
	}
	w := word(s[:j+1], j)
	if strings.HasPrefix(w, "HTTP") || kindOf(w) == kindStatus && !strings.EqualFold(w, "rc") {
		return !counts(rest)
	}
	switch w {
	case "code", "Code", "Completed", "returned", "responded", "response", "Response", "answered", "got", "http":
		return !counts(rest)
	case "of":
		return strings.HasSuffix(s[:j-1], "status ")
	case "with":
		return !counts(rest) && strings.HasSuffix(s[:j-3], "responded ") || strings.HasSuffix(s[:j-3], "answered ") || strings.HasSuffix(s[:j-3], "failed ")
	case "1.0", "1.1", "2", "2.0", "3":
		if has(s, j-len(w)-4, "HTTP/") {
			return true
		}
	}
	// GET /path 503, and HAProxy's 0/0/1/2/3 503.
	k := j
	for k > 0 && s[k-1] != ' ' {
		k--
	}
	return s[k] == '/' && hasMethod(s[:k]) || strings.Count(s[k:j+1], "/") == 4 && s[k]-'0' < 10
}

// counts says whether a text that follows a number makes it a count: returned 500 rows.
func counts(s string) bool {
	if s == "" || s[0] != ' ' {
		return false
	}
	end := 1
	for end < len(s) && s[end]-'a' < 26 {
		end++
	}
	switch w := s[1:end]; w {
	case "status", "errors", "responses", "is", "was", "as", "this":
		return false
	default:
		return len(w) > 2 && w[len(w)-1] == 's' && (end == len(s) || s[end] != '=' && s[end] != ':')
	}
}

// endsRequest says whether s ends in a quoted request: "GET /path HTTP/1.1.
func endsRequest(s string) bool {
	s = strings.TrimSuffix(s, `\`)
	if before, ok := strings.CutSuffix(s, `"-`); ok { // no request was read; after the request, an agent or a referer
		return !strings.HasSuffix(strings.TrimRight(before, " \\"), `"`)
	}
	if len(s) > 12 && strings.Contains(s[len(s)-10:], " HTTP/") {
		return true
	}
	return hasMethod(s[strings.LastIndexByte(s, '"')+1:])
}

// maxRequest is how long requests are that are looked through for a method, in bytes.
const maxRequest = 512

var methods = [...]string{"GET ", "POST ", "PUT ", "DELETE ", "PATCH ", "HEAD ", "OPTIONS ", "CONNECT ", "TRACE "}

// hasMethod says whether the end of s has the method of a request.
func hasMethod(s string) bool {
	s = s[max(0, len(s)-maxRequest):]
	for _, m := range methods {
		if i := strings.Index(s, m); i >= 0 && (i == 0 || !isLetter(s[i-1])) {
			return true
		}
	}
	return false
}

func hasRequest(s string) bool {
	end := s[max(0, len(s)-maxRequest):]
	return hasMethod(end) && (strings.Contains(end, " /") || strings.Contains(end, "://"))
}
