// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheFilterPassesEveryLevel(t *testing.T) {
	for _, s := range words.slots {
		if s.text == "" || s.text[0] >= 0x80 {
			continue
		}
		for _, digit := range []string{"", "2", "3", "4"} {
			word := s.text + digit
			for _, word := range []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:]} {
				assert.True(t, levels.may(word) || wordOf(word) == 0, word)
			}
		}
	}
	for _, letter := range "IWEF" {
		for _, digits := range []string{"0102", "1231", "20250109", "20261230"} {
			assert.True(t, levels.may(string(letter)+digits), "%c%s", letter, digits)
		}
	}
	for _, word := range []string{"password", "connection", "from", "user", "authentication", strings.Repeat("error", 20)} {
		assert.False(t, levels.may(word), word)
	}
}

func FuzzWordsEndWhereTheirBytesEnd(f *testing.F) {
	f.Add("error")
	f.Add("a_word1 of some")
	f.Add("@[`{/:^~ words")
	f.Add("abcdefgh错误：next")
	for c := range 256 {
		f.Add("abc" + string([]byte{byte(c)}) + "defgh")
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i := range len(s) + 1 {
			end := i
			for end < len(s) && classes[s[end]] >= isDigit && (s[end] < 0x80 || punctuation(s, end) == 0) {
				end++
			}
			assert.Equal(t, end, wordEnd(s, i), "%q from %d", s, i)
		}
	})
}

func TestPlainLinesAllocateNothing(t *testing.T) {
	for _, line := range []string{
		"com.apple.cts[258]: com.apple.EscrowSecurityAlert.daily: scheduler_evaluate_activity told me to run",
		"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.7",
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { Infer(line) }), line)
	}
}
