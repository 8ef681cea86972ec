// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func masked(body string) string {
	var m Masker
	text, _ := m.Append(nil, body)
	return string(text)
}

func TestWhatVariesIsMaskedAndWhatSaysWhatHappenedStays(t *testing.T) {
	for _, group := range []struct {
		rule  string
		cases [][2]string
	}{
		{"numbers", [][2]string{
			{"took 12 of 13", "took <*> of <*>"},
			{"delta -5 and +6.5e3.", "delta <*> and <*>."},
			{"size=   42   bytes", "size= <*> bytes"},
			{"size=42 bytes", "size=<*> bytes"},
			{"free 874.3 KB, used 2 MB", "free <*>, used <*>"},
			{"waited 15ms", "waited <*>"},
			{"at 50% of 3rd", "at <*>% of <*>"},
			{"took <1 sec or ~5 min or <5> or a<5", "took <*> or <*> or <<*>> or a<<*>"},
		}},
		{"ids", [][2]string{
			{"object 0x7fe133460660 freed", "object <*> freed"},
			{"trace ab12cd34ef56 ends", "trace <*> ends"},
			{"id 3fa85f64-5717-4562-b3fc-2c963f66afa6 seen", "id <*> seen"},
			{"id cafe-dead 3", "id cafe-dead <*>"},
			{"token a8Xk2Qz9 expired", "token <*> expired"},
			{"pod nginx-7d9c5b8f6-xkcdq ready", "pod nginx-<*> ready"},
		}},
		{"names with digits", [][2]string{
			{"ssh2 over ipv6 on en0, IPV4", "ssh<*> over ipv6 on en<*>, IPV4"},
			{"jk2_init() of log4.properties", "jk2_init() of log4.properties"},
			{"part00347 of worker12", "part<*> of worker<*>"},
			{"base64Decoder failed", "base64Decoder failed"},
			{"HTTP/1.1 by TLSv1.3", "HTTP/<*> by TLSv1.<*>"},
		}},
		{"addresses", [][2]string{
			{"from 10.0.0.1:5432 to [::1]:80", "from <*> to [::<*>]:<*>"},
			{"mac FF:F2:9F:16:E2:23 up", "mac <*> up"},
			{"addr fe80::c6b3:1ff:fecd:467f up", "addr <*> up"},
			{"10.0.0.1:80:Got exception", "<*>:Got exception"},
		}},
		{"dates", [][2]string{
			{"since Fri Jul 01 08:16:53 2005 up", "since <*> up"},
			{"at 2026-06-03T15:42:50.675Z up", "at <*> up"},
			{"[02/Jan/2026:15:04:05 +0000] GET", "[<*>] GET"},
			{"Wed, 02 Jan 2026 x", "<*> x"},
			{"May fail", "May fail"},
		}},
		{"paths and URLs", [][2]string{
			{"open /var/log/app/x.log: denied", "open /var/<*>: denied"},
			{"GET /healthz", "GET /healthz"},
			{"GET https://a.example/b?c=d ok", "GET https://<*> ok"},
			{"and/or read/write", "and/or read/write"},
			{"in /a/b.", "in /a/<*>."},
		}},
		{"paths of Windows", [][2]string{
			{`open C:\Windows\system\a.dll, D:\x`, `open C:\Windows\<*>, D:\x`},
			{`in c:\\Users\\bob\\a.txt"`, `in c:\\Users\\<*>"`},
			{`ratio a:\ and x_c:\a\b or c:`, `ratio a:\ and x_c:\a\<*> or c:`},
		}},
		{"statuses of responses keep their first digit", [][2]string{
			{`"GET /a HTTP/1.1" 503 17`, `"GET /a HTTP/<*>" 5<*>`},
			{`{"status":200,"code": "404"}`, `{"status":2<*>,"code": "4<*>"}`},
			{"exit code 1 or status=77 or status: 999 or 404 files", "exit code <*> or status=<*> or status: <*> or <*> files"},
		}},
		{"hosts", [][2]string{
			{"to www.example.com failed", "to <*> failed"},
			{"to proxy.uni.edu.hk:5070 open", "to <*> open"},
			{"to host190-81.pool.example.it.", "to <*>."},
			{"mail bob.x@example.org bounced", "mail <*> bounced"},
			{"com.apple.Safari quits", "com.apple.Safari quits"},
			{"rhost=mail.ifj.example.pl, name=com.example.shop", "rhost=<*>, name=<*>"},
			{"class=org.example.TimeoutException state=not.ready", "class=org.example.TimeoutException state=not.ready"},
			{"use mapreduce.task.id or java.net", "use mapreduce.task.id or java.net"},
		}},
		{"accounts", [][2]string{
			{"invalid user bob from x", "invalid user <*> from x"},
			{"session for user root.", "session for user <*>."},
			{`{"user":"bob","ok":true}`, `{"user":"<*>","ok":true}`},
			{"user=  done", "user= <*>"},
			{"user login", "user login"},
			{"users for superuser root", "users for superuser root"},
		}},
		{"lists", [][2]string{
			{"channels 1, 2, 3 and 4", "channels <*> and <*>"},
			{"delete blk_1 blk_-2 blk_3", "delete blk_<*>"},
			{"rdd_1, rdd_2", "rdd_<*>"},
			{"a_1 b_2", "a_<*> b_<*>"},
			{"xz1 z22", "xz<*> z<*>"},
		}},
		{"what is no text", [][2]string{
			{"", ""},
			{" ", " "},
			{"\xff77\x00", "\xff<*>\x00"},
			{"température 7", "température <*>"},
			{"\n\tat a.B(C.java:12)\n\tat a.B(C.java:7)", "\n\tat a.B(C.java:<*>)\n\tat a.B(C.java:<*>)"},
		}},
	} {
		t.Run(group.rule, func(t *testing.T) {
			for _, c := range group.cases {
				assert.Equal(t, c[1], masked(c[0]), "%q", c[0])
			}
		})
	}
}

// The ids are part of saved state: a change here needs a new Format.
func TestTemplateIDsOfFormat1AreFixed(t *testing.T) {
	require.Equal(t, 1, Format)
	var m Masker
	for body, want := range map[string]uint64{
		"": 0xef46db3751d8e999,
		"Received block blk_-12 of size 67108864 from /10.0.0.1":             goldenBlock,
		"Failed password for invalid user bob from 10.0.0.1 port 36300 ssh2": goldenPassword,
		strings.Repeat("a long text without end ", 1000) + "7":               goldenLong,
	} {
		assert.Equal(t, want, m.ID(body), "%.80q is %#x", body, m.ID(body))
	}
}

func TestHashIsXXH64(t *testing.T) {
	assert.Equal(t, uint64(0xef46db3751d8e999), Hash(""))
	assert.Equal(t, uint64(0x44bc2cf5ad770999), Hash("abc"))
}

func TestTheIDIsTheHashOfTheMaskedText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var m Masker
	byText, byID := map[string]uint64{}, map[uint64]string{}
	for range 40000 {
		body := randomLine(r)
		text, id := m.Append([]byte("before"), body)
		require.True(t, bytes.HasPrefix(text, []byte("before")))
		text = text[len("before"):]
		require.Equal(t, id, m.ID(body))
		require.Equal(t, xxhash.Sum64(text), id)
		if old, ok := byText[string(text)]; ok {
			require.Equal(t, old, id)
		}
		if old, ok := byID[id]; ok {
			require.Equal(t, old, string(text))
		}
		byText[string(text)], byID[id] = id, string(text)
	}
	assert.Less(t, len(byID), 40000)
}

// randomLine is built of what the rules look at.
func randomLine(r *rand.Rand) string {
	parts := []string{"user", "User", "username", "name", "for", "invalid", " ", "  ", "-", "_", ".", "/", "//", ":", "::", ",", "=", `"`, "\\", "[", ")",
		"0", "7", "42", "0x1f", "ff", "FF", "dead", "abc", "xyz", "Jan", "Mon", "KB", "ms", "com", "de", "example", "http", "\x00", "\xff", "é", "+", "@", "~",
		`:\`, `c:\`, "<", "status", "code=", "HTTP/", "503"}
	var b strings.Builder
	for range r.IntN(14) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func TestOnlyTheValueOfAVariableDoesNotMakeATemplate(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var m Masker
	for _, format := range []string{"took %d ms", "a=%d,b=%[1]d", "blk_%d", "%d", "x %08x y", "worker-%d: done", "[%d]", "/srv/%d/x"} {
		ids := map[uint64]bool{}
		for range 300 {
			ids[m.ID(fmt.Sprintf(format, r.Uint32()))] = true
		}
		assert.LessOrEqual(t, len(ids), 2, "%s", format) // %08x has a digit nearly always
	}
}

func TestBodiesOfAMegabyteTakeBoundedMemoryAndLinearTime(t *testing.T) {
	var m Masker
	for _, unit := range []string{"a", "1", "a1", "en0", "en0_", "en0-1 ", ".", "a.", "a.b1", "/", "/a", "//", ":", "ff:", "1:", "-", "user", "user ", "for user ",
		"us", " ", "  1", "Jan ", "Jan 1", "1, ", "x_1 ", "\xff", "\x00", "@", "a@", "http://", "user=", `"user"`, `"user" `, "1-", "=/a", "1::", "1:-", "a.b ", "-1", "a-1.com ", `\`, `:\`, `c:\`, `c:\a\`, `c:\a\1 `, "<1 ", "=a.b.c", "status 200 ", `HTTP/1" 200 `} {
		body := strings.Repeat(unit, 1<<20/len(unit))
		text, id := m.Append(nil, body)
		require.Equal(t, id, m.ID(body), "%q", unit)
		require.Equal(t, id, xxhash.Sum64(text), "%q", unit)
		require.LessOrEqual(t, cap(m.buf), spill)
		// Linear: were it not, these would take minutes.
	}
}

func TestMaskingAllocatesNothing(t *testing.T) {
	ls := lines()
	long := strings.Repeat("some words and 12 numbers ", 4000)
	var m Masker
	dst := make([]byte, 0, 1<<10)
	m.ID("")
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		for _, l := range ls[:20] {
			sink += m.ID(l) + Hash(l)
			dst, _ = m.Append(dst[:0], l)
		}
		sink += m.ID(long)
	}))
}

func FuzzMask(f *testing.F) {
	for _, l := range lines()[:8] {
		f.Add(l)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		f.Add(randomLine(r))
	}
	var m Masker
	f.Fuzz(func(t *testing.T, body string) {
		text, id := m.Append(nil, body)
		if xxhash.Sum64(text) != id || m.ID(body) != id {
			t.Fatalf("id and text of %q differ", body)
		}
		if strings.Count(string(text), Mark) == 0 && string(text) != body {
			t.Fatalf("%q became %q", body, text)
		}
	})
}
