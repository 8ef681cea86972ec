// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

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
			{"id 3fa85f64-aaaa-bbbb-cccc-dddddddddddd or aaaaaaaa-aaaa-4bbb-cccc-dddddddddddd, beadfe12-1111-4bbb-cccc-dddddddddddd seen", "id <*> or <*> seen"},
			{"token a8Xk2Qz9 expired", "token <*> expired"},
			{"pod nginx-7d9c5b8f6-xkcdq ready", "pod nginx-<*> ready"},
		}},
		{"names with digits", [][2]string{
			{"ssh2 over ipv6 on en0, IPV4", "ssh<*> over ipv6 on en<*>, IPV4"},
			{"jk2_init() of log4.properties", "jk2_init() of log4.properties"},
			{"part00347 of worker12", "part<*> of worker<*>"},
			{"base64Decoder of log4jInit failed", "base<*>Decoder of log4jInit failed"},
			{"E0102 or I0102 or bad12 of a12", "E<*> or I<*> or bad<*> of <*>"},
			{"task12345failed, task12345done, 12345failed", "task<*>failed, task<*>done, <*>failed"},
			{"12added, 5xx of 2xx, 0x1f or 0xfade", "<*>added, 5xx of 2xx, <*> or <*>"},
			{"HTTP/1.1 by TLSv1.3", "HTTP/<*> by TLSv1.<*>"},
		}},
		{"addresses", [][2]string{
			{"from 10.0.0.1:5432 to [::1]:80", "from <*> to [::<*>]:<*>"},
			{"mac FF:F2:9F:16:E2:23 up", "mac <*> up"},
			{"mac ff-f2-aa-bb-cc-03 or ff:f2:aa:bb:cc:03:dd:ee up", "mac <*> or <*> up"},
			{"on en0:2607:f140:6000:8:c6b3:1ff:fecd:467f up", "on en<*> up"},
			{"bad::5 or 1:bad:2 or feed-12", "bad::<*> or <*>:bad:<*> or feed-<*>"},
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
			{"GET /v2/54fadb412c4e40cd/servers/detail ok", "GET /v<*> ok"},
			{"5/failed/retry at 10.0.0.1/shop/cart", "<*>/failed/retry at <*>/shop/<*>"},
			{"读取/data/app/x.log，失败", "读取/data/app/x.log，失败"},
			{"读取 /data/app/x.log，失败", "读取 /data/<*>，失败"},
			{"读取：/data/app/x.log失败", "读取：/data/<*>失败"},
			{"请求http://a.example/b?c=d失败", "请求http://<*>失败"},
			{"in /data/报告/一.txt，失败", "in /data/<*>，失败"},
			{"/healthz，见/var/log", "/healthz，见/var/log"},
		}},
		{"paths of Windows", [][2]string{
			{`open C:\Windows\system\a.dll, D:\x`, `open C:\Windows\<*>, D:\x`},
			{`in c:\\Users\\bob\\a.txt"`, `in c:\\Users\\<*>"`},
			{`ratio a:\ and x_c:\a\b or c:`, `ratio a:\ and x_c:\a\<*> or c:`},
		}},
		{"statuses in access logs keep their first digit", [][2]string{
			{`"GET /a HTTP/1.1" 503 17`, `"GET /a HTTP/<*>" 5<*>`},
			{`"GET /a HTTP/2.0" 200 17 "-"`, `"GET /a HTTP/<*>" 2<*> "-"`},
			{"GET /cart/5/items 503 12.345 ms - 170", "GET /cart/<*> 5<*>"},
			{"POST /login 200 3 ms", "POST /login 2<*>"},
			{`[GIN] 2026/01/02 - 10:00:00 | 503 |  1.2ms | 10.0.0.1 | GET  "/x"`, `[GIN] <*> | 5<*> | GET  "/x"`},
			{"|\x1b[97;41m 503 \x1b[0m| 1ms", "|\x1b[<*> 5<*> \x1b[<*>"},
			{`"GET http://a.example/x HTTP/1.1" from 10.0.0.1:1234 - 503 19B in 1.2ms`, `"GET http://<*> HTTP/<*>" from <*> - 5<*> in <*>`},
			{"10.0.0.1:1234 [02/Jan/2026:10:00:00.123] web app/s1 0/0/1/2/3 503 213 - -", "<*> [<*>] web app/s<*> 5<*> - -"},
			{"10.0.0.1 TCP_MISS/503 1234 GET http://a.example/ -", "<*> TCP_MISS/5<*> GET http://<*> -"},
			{"Completed 503 Service Unavailable in 12ms", "Completed 503 Service Unavailable in <*>"},
			{"Completed 503 tasks, 404 files, a/b 404, 1/2/3 404 x", "Completed <*> tasks, <*> files, a/b <*> x"},
		}},
		{"hosts", [][2]string{
			{"to www.example.com failed", "to <*> failed"},
			{"to proxy.uni.edu.hk:5070 open", "to <*> open"},
			{"to host190-81.pool.example.it.", "to <*>."},
			{"mail bob.x@example.org bounced", "mail <*> bounced"},
			{"com.apple.Safari quits", "com.apple.Safari quits"},
			{"rhost=mail.ifj.example.pl, name=com.example.shop", "rhost=<*>, name=com.example.shop"},
			{"host web-7.shop.example.it up", "host <*> up"},
			{"error=db.connection.internal to a.b.internal:80 or x@a.b.local", "error=db.connection.internal to <*> or <*>"},
			{"at ip-10-0-0-1.ec2.internal, db.shop.svc.cluster.local", "at <*>"},
			{"error=db.connection.refused or db-1.connection.refused", "error=db.connection.refused or db-<*>.connection.refused"},
			{"连接www.example.com失败", "连接<*>失败"},
			{"www.example.com:443/a/b/c x", "<*>/a/<*> x"},
			{"class=org.example.TimeoutException state=not.ready", "class=org.example.TimeoutException state=not.ready"},
			{"use mapreduce.task.id or java.net", "use mapreduce.task.id or java.net"},
		}},
		{"accounts", [][2]string{
			{"Failed password for invalid user bob from 10.0.0.1 port 22 ssh2", "Failed password for invalid user <*> from <*> port <*> ssh<*>"},
			{"Disconnected from user bob 10.0.0.1 port 22", "Disconnected from user <*> port <*>"},
			{"input_userauth_request: invalid user bob [preauth]", "input_userauth_request: invalid user <*> [preauth]"},
			{"session opened for user bob by (uid=0)", "session opened for user <*> by (uid=<*>)"},
			{"session closed for user bob", "session closed for user <*>"},
			{`{"user":"bob","ok":true} {\"user\": \"bob\"}`, `{"user":"<*>","ok":true} {\"user\": \"<*>\"}`},
			{`user=bob username="bob" {"user":"张三"}`, `user=<*> username="<*>" {"user":"<*>"}`},
			{"user=bob登录失败, user=张三登录失败", "user=<*>登录失败, user=张三登录失败"},
			{`{"user":"login failed"}`, `{"user":"login failed"}`},
			{"user=  done, user: login failed", "user=  done, user: login failed"},
			{"new user created, for user login, by user deleted", "new user created, for user login, by user deleted"},
			{"invalid user input from form", "invalid user input from form"},
			{"user login", "user login"},
			{"users for superuser root", "users for superuser root"},
		}},
		{"words that are joined to numbers", [][2]string{
			{"job-1-failed", "job-<*>-failed"},
			{"attempt_2017_0025_m_000001", "attempt_<*>_m_<*>"},
			{"10.0.0.1:80:Bad request", "<*>:Bad request"},
			{"v1.2.3-beta or 5.15.0-91-generic", "v<*>-beta or <*>-generic"},
			{"5-failed, 3rd-party, 2xx_errors", "<*>-failed, <*>-party, 2xx_errors"},
			{"order-12.cancelled task_5_timeout a+7+b x@7@y", "order-<*>.cancelled task_<*>_timeout a+<*>+b x@<*>@y"},
			{"12/failed 12~failed", "<*>/failed <*>~failed"},
			{"02-Jan-2025 02/Jan/2026:15:04:05 5-may-fail", "<*>-may-fail"},
			{"nginx-7d9c5b8f6-xkcdq, web-7d9c5b8f6-ready", "nginx-<*>, web-<*>-ready"},
			{"pod report-28391234-ztsfp or report-28391234-ztsf4 of job-12-https", "pod report-<*> or report-<*> of job-<*>-https"},
			{"kubepods-podfafb1234_aaaa_4bbb_cccc_dddddddddddd.slice, kubepods-podfafbabcd_aaaa_4bbb_cccc_dddddddddddd.slice", "kubepods-pod<*>.slice, kubepods-pod<*>.slice"},
			{"fluent-bit-x7kdq", "fluent-bit-<*>"},
		}},
		{"text outside ASCII", [][2]string{
			{"用户12345登录失败", "用户<*>登录失败"},
			{"用户12登录失败", "用户<*>登录失败"},
			{"用户１２３登录失败，第1页", "用户<*>登录失败，第<*>页"},
			{"磁盘10086损坏，数据丢失", "磁盘<*>损坏，数据丢失"},
			{"订单a8Xk2Qz9已取消", "订单<*>已取消"},
			{"ошибка12а в блоке7", "ошибка<*>а в блоке<*>"},
			{"فشل ١٢٣ محاولة", "فشل <*> محاولة"},
			{"σφάλμα 5-αποτυχία", "σφάλμα <*>-αποτυχία"},
			{"通道1、2、3，4", "通道<*>"},
			{"耗时203µs或10ms", "耗时<*>或<*>"},
			{"१२ और ๑๒", "<*> और <*>"},
			{"\xe7\x94 12\xff失", "\xe7\x94 <*>\xff失"},
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

// Append and ID agree on texts that ID cannot hold in its buffer.
func TestLongTextsHaveTheIDOfTheirText(t *testing.T) {
	require.Equal(t, 2, Format, "a change of the rules is a new format")
	var m Masker
	for _, unit := range []string{"a long text without end ", "用户登录失败", "code 5 "} {
		text, id := m.Append(nil, strings.Repeat(unit, 1000)+"7")
		require.Greater(t, len(text), spill)
		assert.Equal(t, Hash(string(text)), id)
		assert.Equal(t, id, m.ID(strings.Repeat(unit, 1000)+"7"))
		assert.True(t, strings.HasSuffix(string(text), Mark) || strings.HasSuffix(string(text), "7"))
	}
}

func TestHashesOfTwoProcessesDiffer(t *testing.T) {
	const probe = "SEALGATE_PRINT_HASHES"
	ids := func() string {
		var m Masker
		return fmt.Sprintf("%x %x %x", Hash("abc"), m.ID("abc"), m.Value("k", "abc"))
	}
	if os.Getenv(probe) != "" {
		fmt.Print(ids(), "\n")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), probe+"=1")
	out, err := cmd.Output()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator runs this program, and the system cannot")
	}
	require.NoError(t, err)
	theirs, _, _ := strings.Cut(string(out), "\n")
	mine := strings.Fields(ids())
	require.Len(t, strings.Fields(theirs), 3)
	for i, hash := range strings.Fields(theirs) {
		assert.NotEqual(t, mine[i], hash)
	}
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
		require.Equal(t, maphash.Bytes(seed, text), id)
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
		`:\`, `c:\`, "<", "status", "code=", "HTTP/", "503", "用户", "，", "：", "１", "失败", "退出码", "\xe7", "٣", "invalid user ", " from ", "10.0.0.1", "a", "io", "-xkcdq", "7d9c5b8f6", "is ", "returned ", "E1", "0x"}
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
		"us", " ", "  1", "Jan ", "Jan 1", "1, ", "x_1 ", "\xff", "\x00", "@", "a@", "http://", "user=", `"user"`, `"user" `, "1-", "=/a", "1::", "1:-", "a.b ", "-1", "a-1.com ", `\`, `:\`, `c:\`, `c:\a\`, `c:\a\1 `, "<1 ", "=a.b.c", "status 200 ", "status ", "code=5 ", "-ff", "ff-", "ff:", "ff:1", "1:ff", "1-ff", "0:", "12345678-", "a1b", "a1b-", "1-Jan-", "1-abcde", "bcdfgh2-xkcdq",
		"\xe7", "用户", "用户1", "１", "，", "1，", "1、2", "\xef\xbc", "退出码：1", "退出码", "为", "：", "user=\"张", "user=a", "invalid user a from ", "for user 1.1 ", "a@b.", "a.io ", "/1/", "/1/a", "/户", "\\\\", "\\\"user", "1.1.1.1/a",
		"a-b.c-1.", "exited with ", "GET /a 200 ", "| 200 |", "TCP_MISS/200 ", "1/2/3/4/5 200 ", "- 200 1B in ", "rhost=", "[=", "=", "(((", "\t", "-", "+1", "0x", "E1 ", `HTTP/1" 200 `} {
		body := strings.Repeat(unit, 1<<20/len(unit))
		text, id := m.Append(nil, body)
		require.Equal(t, id, m.ID(body), "%q", unit)
		require.Equal(t, id, maphash.Bytes(seed, text), "%q", unit)
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
		if maphash.Bytes(seed, text) != id || m.ID(body) != id {
			t.Fatalf("id and text of %q differ", body)
		}
		if strings.Count(string(text), Mark) == 0 && string(text) != body {
			t.Fatalf("%q became %q", body, text)
		}
	})
}
