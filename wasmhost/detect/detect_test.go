// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func setOf(t testing.TB, kinds ...Kind) *Set {
	t.Helper()
	var list []Detector
	for _, k := range kinds {
		list = append(list, Detector{Kind: k})
	}
	s, err := New(list)
	require.NoError(t, err)
	return s
}

var allKinds = []Kind{Card, CNID, Phone, Email, IP, Bearer, Secret}

// marked is the text with its matches marked.
func marked(s *Set, names []Kind, text string) string {
	var b strings.Builder
	at := 0
	for _, m := range s.Find(nil, "", text) {
		fmt.Fprintf(&b, "%s«%s:%s»", text[at:m.Start], names[m.Detector], text[m.Start:m.End])
		at = m.End
	}
	return b.String() + text[at:]
}

// marks are how a test writes what is found: «kind:match».
var marks = regexp.MustCompile(`«\w+:([^»]*)»`)

func TestFind(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
	for kind, texts := range map[string][]string{
		"cards": {
			"paid with «card:4111111111111111».", "«card:4111 1111 1111 1111» ok", "«card:4111-1111-1111-1111»", "(«card:378282246310005»)",
			"«card:3782 822463 10005»", "«card:5555555555554444»,«card:6011111111111117»", "银行卡«card:6212345678901232»已绑定",
			"«card:3530111333300000»", "«card:30569309025904»", "4111111111111112", "1234567890123452", "41111111111111111111",
			"x4111111111111111", "4111111111111111x", "4111 11111111 1111",
		},
		"resident ids": {
			"身份证«cn_id:11010519491231002X»。", "«cn_id:11010519491231002x»", "110105194912310021", "11010519491331002X", "111010519491231002X",
		},
		"phones": {
			"手机«phone:13800138000»", "«phone:138-0013-8000»", "«phone:138 0013 8000»", "«phone:+8613800138000»", "«phone:+86 138 0013 8000»",
			"«phone:+86-13800138000»", "«phone:008613800138000»", "«phone:8613800138000»", "«phone:010-62345678»", "«phone:0755-26012345»",
			"«phone:415-555-0132»", "«phone:(415) 555-0132»", "«phone:+1 415 555 0132»", "«phone:+44 20 7946 0958»", "«phone:(+86) 13800138000»",
			"q=a+«phone:13800138000»", "call(«phone:13800138000»)", "12345678901", "1700000000123", "138001380001", "13.800138000",
			"2025-01-02 10:00:00.123",
		},
		"e-mail": {
			"to «email:jo.doe+x@mail.example.com».", "<«email:a@b.co»>", "«email:13800138000@qq.com»", "user:«email:pw@host.example»/x",
			"邮箱«email:li@example.cn»，", "@b.co", "a@b", "a@b.", "a@b.1",
		},
		"addresses": {
			"«ip:10.0.0.7»:8080", "from «ip:192.0.2.1».", "[«ip:2001:db8::1»]:443", "«ip:::1»", "«ip:fe80::1»", "at «ip:2001:db8::1».",
			"«ip:2001:0db8:85a3:0000:0000:8a2e:0370:7334»", "«ip:::ffff:10.0.0.1»",
			"1.2.3", "1.2.3.256", "1.2.3.4.5", "v1.2.3.4", "12:00:00", "aa:bb:cc:dd:ee:ff", "std::vector", "abc::add",
		},
		"tokens": {
			"got Bearer «bearer:abc123def456», ok", "BEARER «bearer:QWERTYUIOP»", "Basic «bearer:dXNlcjpwYXNz»", "x «bearer:" + jwt + "» y",
			"eyJ-«phone:13800138000»", "bearer authentication failed", "basic understanding", "eyJhbGciOiJIUzI1NiJ9.",
		},
		"secrets": {
			"password=«secret:hunter2» ok", "password = «secret:hunter2»", `{"password":"«secret:hunter2»","a":1}`, `{\"password\":\"«secret:hunter2»\"}`,
			"PWD: «secret:x»", "db_pwd=«secret:a»&x=1", "userPwd=«secret:a»", "密码：«secret:一二三» 完", "密码:«secret:abc»", "api_key: '«secret:a b c»'",
			"access-key=>«secret:ab»", `password="«secret:a\"b»"`, "Cookie: «secret:a=b; c=d e»\nnext", "token=«secret:10.0.0.1»", "password=«secret:a@b.co»",
			"https://h/?token=«secret:abc»&user=1", "cvv=«secret:123»", "pin: «secret:1234»", "Authorization: Basic «secret:dXNlcjpwYXNz»",
			"Authorization: Bearer «secret:abc123def456»", "password:'«secret:open»",
			"password=", "password: null", "bypass=1", "tokens=15", "spin=1",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			for _, want := range texts {
				assert.Equal(t, want, marked(setOf(t, allKinds...), allKinds, marks.ReplaceAllString(want, "$1")))
			}
		})
	}
}

func TestOnlyWhatIsAskedForIsFound(t *testing.T) {
	text := "4111111111111111 11010519491231002X 13800138000 a@b.co 10.0.0.7 ::1 Bearer abc123def456 password=x"
	for i, k := range allKinds {
		found := setOf(t, k).Find(nil, "", text)
		require.NotEmpty(t, found, k)
		for _, m := range found {
			assert.Zero(t, m.Detector)
		}
		assert.Contains(t, marked(setOf(t, k), allKinds[i:], text), "«"+string(k)+":")
	}
	assert.Empty(t, setOf(t).Find(nil, "password", text))
}

func TestEveryValidNumberIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := setOf(t, Card, CNID)
	for range 2000 {
		card := fmt.Sprintf("4%014d", r.Int64N(1e14))
		card += string('0' + byte(checkDigit(card)))
		assert.Equal(t, []Match{{0, 1, 17}}, s.Find(nil, "", " "+card), card)
		wrong := card[:15] + string('0'+(card[15]-'0'+1+byte(r.IntN(9)))%10)
		assert.Empty(t, s.Find(nil, "", wrong), wrong)

		id := fmt.Sprintf("%06d%04d%02d%02d%03d", 110000+r.IntN(500000), 1900+r.IntN(120), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1000))
		sum := 0
		for k := range id { // ISO 7064: the weight of a position is a power of 2, modulo 11
			sum = (sum + int(id[k]-'0')) * 2 % 11
		}
		id += string("0123456789X"[(12-sum)%11])
		assert.Equal(t, []Match{{1, 0, 18}}, s.Find(nil, "", id), id)
	}
}

// checkDigit is Luhn's, digit by digit from the left.
func checkDigit(number string) int {
	sum := 0
	for k := range number {
		v := int(number[k] - '0')
		if (len(number)-k)%2 == 1 {
			v *= 2
		}
		sum += v/10 + v%10
	}
	return (10 - sum%10) % 10
}

func TestPatterns(t *testing.T) {
	s, err := New([]Detector{{Kind: Email}, {Kind: Regexp, Pattern: `EMP-[0-9]{3}`}, {Kind: Regexp, Pattern: `badge (\w+)`}})
	require.NoError(t, err)
	names := []Kind{Email, "emp", "badge"}
	for _, want := range []string{
		"«emp:EMP-123» and «emp:EMP-456»", "badge «badge:x7», «email:a@b.co»", "«email:EMP-123@b.co»", "EMP-12",
	} {
		assert.Equal(t, want, marked(s, names, marks.ReplaceAllString(want, "$1")))
	}
}

func TestTheValueOfASecretKeyIsFound(t *testing.T) {
	s := setOf(t, Email, Secret)
	assert.Equal(t, []Match{{1, 0, 6}}, s.Find(nil, "db.password", "a@b.co"))
	assert.Equal(t, []Match{{0, 0, 6}}, s.Find(nil, "db.user", "a@b.co"))
	assert.Empty(t, s.Find(nil, "token", ""))
}

func TestKeys(t *testing.T) {
	for key, want := range map[string]bool{
		"password": true, "Password": true, "MY_TOKEN": true, "accessToken": true, "http.request.header.authorization": true, "x-api-key": true, "密码": true,
		"userPwd": true, "db_pwd": true, "cvv2": true, "": false, "bypass": false, "tokens": false, "spin": false, "compass": false, "user": false, "用户": false, "key": false,
	} {
		assert.Equal(t, want, IsSecretKey(key), key)
	}
}

func TestBadDetectorsAreRefused(t *testing.T) {
	for want, list := range map[string][]Detector{
		"this host knows": {{Kind: "iban"}}, "there already": {{Kind: IP}, {Kind: IP}}, "missing closing": {{Kind: Regexp, Pattern: "("}},
		"empty text": {{Kind: Regexp, Pattern: "a*"}}, "0 bytes": {{Kind: Regexp}}, "at most 64": make([]Detector, 65),
	} {
		_, err := New(list)
		assert.ErrorContains(t, err, want)
	}
}

// The time for a text must be linear in its length, whatever is in it: these would take minutes otherwise.
func TestLongTextsAreSearchedOnce(t *testing.T) {
	s, err := New([]Detector{{Kind: Card}, {Kind: CNID}, {Kind: Phone}, {Kind: Email}, {Kind: IP}, {Kind: Bearer}, {Kind: Secret}, {Kind: Regexp, Pattern: "EMP-[0-9]"}})
	require.NoError(t, err)
	for _, part := range []string{"eyJ-", "eyJ.", "a@b.co EMP-1 ", "@", ":", "::", "1", "1-", "(", "+1 ", "password=\"", "token:", "\\", "Bearer a", "4111 ", "a@", "1.", "EMP-1@b.co "} {
		list := s.Find(nil, "", strings.Repeat(part, 4<<20/len(part)))
		end := 0
		for _, m := range list {
			require.GreaterOrEqual(t, m.Start, end, part)
			end = m.End
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "password=\"x", "a@b.co::1", "+1 (415) 555-0132", "Bearer abc123def456", "eyJ.eyJ.x", "密码：x", "EMP-1@b.co"} {
		f.Add(s)
	}
	list := []Detector{{Kind: Regexp, Pattern: `EMP-([0-9]+)`}}
	for _, k := range allKinds {
		list = append(list, Detector{Kind: k})
	}
	s, err := New(list)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, m := range s.Find(nil, "", text) {
			if m.Start < end || m.End <= m.Start || m.End > len(text) || m.Detector >= len(list) {
				t.Fatalf("%q: %+v", text, m)
			}
			end = m.End
		}
	})
}

func BenchmarkFind(b *testing.B) {
	line := `10.1.2.3 - - "POST /api/orders/1000 HTTP/1.1" 201 37 "https://shop.example/cart" upstream=web:8080 upstream=web:8080 upstream=web:8080 upstream=web:8080 upstream=web:8080 upstream=web:8080 upstream=we`
	for name, s := range map[string]*Set{"all": setOf(b, allKinds...), "email": setOf(b, Email), "all but ip": setOf(b, Card, CNID, Phone, Email, Bearer, Secret)} {
		b.Run(name, func(b *testing.B) {
			var list []Match
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				list = s.Find(list[:0], "", line)
			}
		})
	}
}
