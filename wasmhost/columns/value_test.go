// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValuesAreMaskedAsBehindTheirKey(t *testing.T) {
	var m Masker
	for _, c := range []struct {
		key, value, want string
	}{
		{"peer", "10.0.0.1:80", "<*>"},
		{"msg", "failed", "failed"},
		{"msg", "", ""},
		{"code", "503", "503"},
		{"exitCode", "-1", "-1"},
		{"level", `"50"`, `"50"`},
		{"http.status_code", "503", "503"},
		{"took", "503", "<*>"},
		{"status", "1/FAILURE", "1/FAILURE"},
		{"status", "1234567890", "<*>"},
		{"status", "200 ms", "<*>"},
		{"status", "job 5", "job <*>"},
		{"status", "code=5 of 7", "code=5 of <*>"},
		{"退出码", "137", "137"},
		{"user", "bob", "<*>"},
		{"username", "张三", "<*>"},
		{"user", "login failed", "login failed"},
		{"path", "/var/log/x", "/var/<*>"},
		{"file", `C:\Windows\a\b`, `C:\Windows\<*>`},
		{"name", "com.example.shop", "com.example.shop"},
	} {
		assert.Equal(t, Hash(c.want), m.Value(c.key, c.value), "%s=%s", c.key, c.value)
	}
}

func TestValuesOfAnswersLeaveTheMaskerAsItWas(t *testing.T) {
	var m Masker
	m.Value("code", "5")
	assert.Equal(t, Hash("<*>"), m.ID("5"))
	text, _ := m.Append(nil, "5")
	assert.Equal(t, "<*>", string(text))
}

// A body and a value differ in nothing but the key that stands before.
func TestValuesAgreeWithBodies(t *testing.T) {
	var m Masker
	for _, key := range []string{"code", "took", "http.status", "退出码", "name"} {
		for _, value := range []string{"5", "-5", "503", "0x1f", "12 ms", "5.5", "failed", "10.0.0.1", "123456", "5-failed", "1/x", "２"} {
			body := masked(key + "=" + value)
			assert.Equal(t, Hash(strings.TrimPrefix(body, key+"=")), m.Value(key, value), "%s=%s", key, value)
		}
	}
}

func TestValuesAllocateNothing(t *testing.T) {
	var m Masker
	m.ID("")
	long := strings.Repeat("some words and 12 numbers ", 4000)
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		sink += m.Value("status", "503") + m.Value("msg", "failed") + m.Value("user", "bob") + m.Value("text", long)
	}))
}

func FuzzValue(f *testing.F) {
	f.Add("code", "503")
	f.Add("user", "bob")
	f.Add("退出码", "１３７")
	f.Add("path", `C:\a\b 7`)
	var m Masker
	f.Fuzz(func(t *testing.T, key, value string) {
		id := m.Value(key, value)
		if m.Value(key, value) != id {
			t.Fatalf("two ids of %q=%q", key, value)
		}
		if !Answers(key) && !accountKey(key) && m.ID(value) != id {
			t.Fatalf("the id of %q behind the key %q differs from the id of the value alone", value, key)
		}
	})
}

func BenchmarkValue(b *testing.B) {
	for _, c := range []struct{ name, key, value string }{
		{"word", "http.request.method", "GET"},
		{"answer", "http.response.status_code", "503"},
		{"address", "peer", "10.0.0.1:5432"},
		{"words", "message", "connection closed by remote peer"},
	} {
		var m Masker
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink += m.Value(c.key, c.value)
			}
		})
	}
}
