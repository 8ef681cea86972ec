// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import "strings"

// secretWords end a key whose value is a secret. A short one must be a word of its own.
var secretWords = []struct {
	word  string
	alone bool
}{
	{"password", false}, {"passwd", false}, {"passphrase", false}, {"pwd", true}, {"pass", true},
	{"secret", false}, {"token", false}, {"credential", false}, {"credentials", false},
	{"apikey", false}, {"api_key", false}, {"api-key", false}, {"access_key", false}, {"access-key", false}, {"accesskey", false},
	{"secret_key", false}, {"secret-key", false}, {"secretkey", false}, {"private_key", false}, {"private-key", false}, {"privatekey", false},
	{"authorization", false}, {"cookie", false}, {"session_id", false}, {"sessionid", false}, {"jsessionid", false}, {"phpsessid", false},
	{"cvv", true}, {"cvv2", true}, {"cvc", true}, {"pin", true}, {"signature", true}, {"sig", true},
}

// secretWide are the words of Chinese.
var secretWide = []string{"密码", "口令", "令牌", "密钥", "验证码"}

// secretEnds are the last letters of secretWords: most keys are known not to be one by theirs.
var secretEnds = func() (ends [256]bool) {
	for _, w := range secretWords {
		ends[w.word[len(w.word)-1]] = true
	}
	return ends
}()

// IsSecretKey reports whether the value of a key is a secret, by the end of its name.
func IsSecretKey(key string) bool {
	if key == "" {
		return false
	}
	last := key[len(key)-1]
	if last >= 0x80 {
		for _, w := range secretWide {
			if strings.HasSuffix(key, w) {
				return true
			}
		}
		return false
	}
	if !secretEnds[last|0x20] && !secretEnds[last] {
		return false
	}
	for _, w := range secretWords {
		if hasSuffixFold(key, w.word) && (!w.alone || endsAlone(key, len(key)-len(w.word))) {
			return true
		}
	}
	return false
}

// endsAlone reports whether a word begins at i of a key: db_pwd and userPwd have pwd, bypass has no pass.
func endsAlone(key string, i int) bool {
	return i == 0 || !isLetter(key[i-1]) || key[i]&0x20 == 0 && key[i-1]&0x20 != 0
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

func isWideColon(text string, i int) bool { return strings.HasPrefix(text[i:], "：") }

// maxKey bounds how far back a key is looked at.
const maxKey = 64

// secret is the value behind the colon or the equals sign at i, if what is before it is the key of a secret.
func secret(text string, i, width int) (start, end int) {
	keyEnd := i
	for keyEnd > 0 && (text[keyEnd-1] == '"' || text[keyEnd-1] == '\'' || text[keyEnd-1] == '\\' || text[keyEnd-1] == ' ') && i-keyEnd < 3 {
		keyEnd--
	}
	if keyEnd == 0 {
		return 0, 0
	}
	if last := text[keyEnd-1]; last < 0x80 && !secretEnds[last|0x20] && !secretEnds[last] {
		return 0, 0
	}
	keyStart := keyEnd
	for keyStart > 0 && keyEnd-keyStart < maxKey && (isWord(text[keyStart-1]) || text[keyStart-1] == '-' || text[keyStart-1] >= 0x80) {
		keyStart--
	}
	key := text[keyStart:keyEnd]
	if !IsSecretKey(key) {
		return 0, 0
	}
	return value(text, i+width, hasSuffixFold(key, "cookie"))
}

// value is the value that begins at i behind spaces, in quotation marks or not. A line is a value that ends with its line.
func value(text string, i int, line bool) (start, end int) {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '=' || text[i] == '>') { // key => value, key == value
		i++
	}
	quote := i
	for i < len(text) && text[i] == '\\' {
		i++
	}
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		return quoted(text, i+1, text[quote:i+1])
	}
	i = quote
	if n := schemeAt(text, i); n > 0 {
		i += n
	}
	for end = i; end < len(text) && !endsValue(text[end], line); end++ {
	}
	if end == i || isNothing(text[i:end]) {
		return 0, 0
	}
	return i, end
}

// quoted is a value from i to before the mark, which may have backslashes before it where the text is quoted itself.
func quoted(text string, i int, mark string) (start, end int) {
	for end = i; end < len(text); end++ {
		if strings.HasPrefix(text[end:], mark) {
			break
		}
		if text[end] == '\\' && len(mark) == 1 {
			end++
		}
	}
	end = min(end, len(text))
	if end == i || isNothing(text[i:end]) {
		return 0, 0
	}
	return i, end
}

func endsValue(c byte, line bool) bool {
	switch c {
	case '\n', '\r', '"':
		return true
	case ' ', '\t', ',', ';', '&', ')', '}', ']', '<', '>', '\'':
		return !line
	}
	return false
}

func isNothing(s string) bool {
	switch s {
	case "null", "nil", "none", "true", "false", "<nil>", "undefined", "{", "[", "-":
		return true
	}
	return false
}

// schemeAt is the length of the name of a scheme of HTTP authentication and the space behind it, 0 if there is none.
func schemeAt(text string, i int) int {
	for _, scheme := range [...]string{"bearer ", "basic ", "digest ", "token "} {
		if len(text)-i > len(scheme) && strings.EqualFold(text[i:i+len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}

// minToken is the length of the shortest token, in bytes.
const minToken = 8

// credentials is the token behind Bearer or Basic, whose b is at i.
func credentials(text string, i int) (start, end int) {
	if len(text)-i < len("basic ")+minToken || text[i+1]|0x20 != 'e' && text[i+1]|0x20 != 'a' || wordBefore(text, i) {
		return 0, 0
	}
	n := schemeAt(text, i)
	if n == 0 {
		return 0, 0
	}
	start = i + n
	word := true // of small letters, as in "bearer authentication"
	for end = start; end < len(text) && isToken(text[end]); end++ {
		word = word && text[end] >= 'a' && text[end] <= 'z'
	}
	for end > start && text[end-1] == '.' {
		end--
	}
	if end-start < minToken || word {
		return 0, 0
	}
	return start, end
}

// isToken is of token68, RFC 9110 section 11.2.
func isToken(c byte) bool {
	return isWord(c) || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' || c == '='
}

// jwt is a JSON Web Token, RFC 7519: three parts in base64url, of which two begin with eyJ. Its first J is at i. If it is none,
// there is none before end.
func jwt(text string, i, done int) (start, end int, ok bool) {
	if start = i - 2; start < done || text[start:i] != "ey" || wordBefore(text, start) {
		return 0, 0, false
	}
	dots := 0
	for end = start; end < len(text); end++ {
		if c := text[end]; c == '.' {
			dots++
		} else if !isWord(c) && c != '-' {
			break
		}
	}
	if dots < 2 || !strings.Contains(text[i:end], ".eyJ") {
		return 0, end, false
	}
	for text[end-1] == '.' {
		end--
	}
	return start, end, true
}
