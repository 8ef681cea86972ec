// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exempt matches the parts of a line that vary, and so are no words: URLs, paths, UUIDs, addresses, hosts, times, ids, units
// behind numbers, and the names of accounts where the rules are sure of them.
var exempt = regexp.MustCompile(strings.Join([]string{
	`[A-Za-z]+://[^\s"'<>()\[\]{},;|，。]+`,
	`[A-Za-z]:\\[^\s"'<>()\[\]{},;|]+`,
	`/[^\s/"'，。]+/[^\s"'<>()\[\]{},;|，。]+`,
	`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`,
	`[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5,}`,
	`[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){3,}`,
	`[\w-]+(\.[\w-]+)*\.(com|org|net|hk)\b`,
	`(\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d+`,
	`\d+[-/ ](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[-/ ]\d+`,
	`\d+ [KMG]?B\b|\d+ (ms|s|sec|min)\b`,
	`-[0-9a-z]{8,10}-[0-9a-z]{5}\b`,
	`"user":"\w+"|user=\w+|(invalid|for) user \w+ from|session (opened|closed) for user \w+`,
	`[A-Za-z]*\d[A-Za-z0-9]*`,
	`<\*>`,
}, "|"))

var anyWord = regexp.MustCompile(`\p{L}+`)

// realistic are lines of many programs. Numbers in them are replaced before each trial.
var realistic = strings.Split(strings.TrimSpace(`
2026-01-02T10:00:00.000Z INFO job-1-failed after 12 retries on worker-7: disk full
attempt_1445144423722_0020_m_000000_0 TaskAttempt Transitioned from NEW to UNASSIGNED
10.0.0.1:80:Got exception while serving blk_-123 to /10.0.0.2:50010
pod nginx-7d9c5b8f6-xkcdq ready, pod nginx-7d9c5b8f6-failed
container v1.2.3-beta of release-5-candidate, 3rd-party 5-failed 2xx_errors order-12.cancelled task_5_timeout
new user created by admin, new user rejected for 5 reasons
for user deleted by admin and with user login from cache as user unknown
error=db.connection.refused code=12 state=not.ready.yet cause=rpc.timeout.internal profile=shop.env.dev
dial tcp 10.0.0.1:5432: connect: connection refused
{"level":30,"time":1735812000000,"pid":7,"hostname":"cart-1","orderId":100,"msg":"charge finished"}
{"t":{"$date":"2025-01-02T10:00:00.000+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted"}
level=info ts=2025-01-02T10:00:00Z caller=main.go:12 msg="listener started" addr=:8080 user=bob
Failed password for invalid user bob from 10.0.0.1 port 22 ssh2
pam_unix(sshd:session): session opened for user root by (uid=0)
authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=220-135-151-1.hinet-ip.hinet.net user=root
10.11.10.1 "GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2477829
10.0.0.1 - - [02/Jan/2026:10:00:00 +0000] "GET /pay HTTP/1.1" 503 19 "-" "Mozilla/5.0 (X11; Linux) Safari/537.36"
proxy.cse.cuhk.edu.hk:5070 close, 403 bytes sent, 426 bytes received, lifetime 00:17
setSystemUiVisibility vis=0 mask=1 oldVal=40000500 newVal=40000500 fullscreenStackVis=0
onStandStepChanged 3579, calculateCaloriesWithCache totalCalories=126775
ciod: generated 128 core files for program /bgl/apps/swl-prep
E0102 10:00:00.000000 12 reflector.go:138] Failed to watch: unknown (get pods)
mac FF:F2:9F:16:E2:23 joined en0 at fe80::c6b3:1ff:fecd:467f with signal=9
id 3fa85f64-5717-4562-b3fc-2c963f66afa6 expired in 5 min, used 12 KB of 13
open C:\Windows\system\a.dll failed with 0x80070005, reading https://a.example.com/b?c=d stopped
Sat Jul 01 08:16:53 2005 kernel: eth0: link up, 100Mbps, lpa 0xC5E1
received a+7+b at x@7@y and 12/failed 13:broken 14~lost 15\gone
用户12345登录失败，磁盘10086损坏：数据丢失
订单a8Xk2Qz9已取消；退出码：137，重试12次后放弃
пользователь 12 не найден, ошибка5сервера
σφάλμα 5-αποτυχία στον κόμβο7
فشل ١٢٣ محاولة للمستخدم
step2 finished, task12345failed and 77lost, base64Decoder broke
a_1, a_2, b_3 and failed 1, failed 2, broken 3
result: accepted, status=1/FAILURE, signal: killed, exited with code 2
org.example.TimeoutException: com.example.Service.load(Service.java:12) timed out
`), "\n")

var otherWords = []string{"failed", "ok", "closed", "x", "bad", "dead", "may", "user", "for", "session", "code", "net", "Opened", "KO", "ab", "ms",
	"失败", "成功", "отказ", "αποτυχία", "é"}

// spans are the words of a line that are not exempt.
func spans(line string) [][]int {
	taken := exempt.FindAllStringIndex(line, -1)
	var out [][]int
words:
	for _, w := range anyWord.FindAllStringIndex(line, -1) {
		for _, x := range taken {
			if w[0] < x[1] && x[0] < w[1] {
				continue words
			}
		}
		out = append(out, w)
	}
	return out
}

var digitRun = regexp.MustCompile(`[0-9]+`)

// An outcome is a word more often than not: whichever word of a line is replaced, the template is another.
func TestAnotherWordIsAnotherTemplate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	trials := 0
	for range 50 {
		for _, line := range realistic {
			line = digitRun.ReplaceAllStringFunc(line, func(d string) string {
				if r.IntN(4) > 0 || len(d) > 4 {
					return d
				}
				return d[:1] + string(rune('0'+r.IntN(10)))
			})
			before := masked(line)
			for _, w := range spans(line) {
				old := line[w[0]:w[1]]
				other := otherWords[r.IntN(len(otherWords))]
				if other == old {
					continue
				}
				changed := line[:w[0]] + other + line[w[1]:]
				assert.NotEqual(t, before, masked(changed), "%q, where %q was %q", changed, other, old)
				trials++
			}
		}
	}
	require.Greater(t, trials, 10000)
}

func TestOneMoreWordIsAnotherTemplate(t *testing.T) {
	for _, line := range realistic {
		require.True(t, utf8.ValidString(line))
		for _, w := range spans(line) {
			changed := line[:w[1]] + " denied" + line[w[1]:]
			assert.NotEqual(t, masked(line), masked(changed), "%q", changed)
		}
	}
}
