// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

const key = "0123456789abcdef"

// found is a record with what each of the detectors finds in their order.
func found(texts ...string) sdktest.Record {
	var r sdktest.Record
	for i, text := range texts {
		r.Matches = append(r.Matches, sdktest.Match{Detector: i, Text: text})
	}
	return r
}

// values are the replacements.
func values(run *sdktest.Run, records ...sdktest.Record) (all []string) {
	for _, v := range run.Judge(records...) {
		if v != sdk.Keep {
			return []string{"a record is dropped"}
		}
	}
	for _, p := range run.Patches() {
		all = append(all, p.Value)
	}
	return all
}

func TestTheFilterConforms(t *testing.T) {
	filtertest.Each(t, "redact", New, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{}`, `{"action":"hash","key":"`+key+`","patterns":{"a":"b"}}`, `{"action":"mask","in":["body"]}`)
	})
}

var everything = found("4111 1111 1111 1111", "11010519491231002X", "+86 138-0013-8000", "jo@example.com", "192.0.2.77", "abc123def456", "hunter2", "EMP-17")

func TestActions(t *testing.T) {
	for action, want := range map[string][]string{
		"replace": {"[REDACTED:card]", "[REDACTED:cn_id]", "[REDACTED:phone]", "[REDACTED:email]", "[REDACTED:ip]", "[REDACTED:bearer]", "[REDACTED:secret]", "[REDACTED:employee]"},
		"mask":    {"**** **** **** 1111", "1****************X", "+86 1**-****-8000", "j***@example.com", "192.0.*.*", "********", "********", "********"},
		"hash":    {hashed("card", "4111 1111 1111 1111"), hashed("cn_id", "11010519491231002X"), hashed("phone", "+86 138-0013-8000"), hashed("email", "jo@example.com"), hashed("ip", "192.0.2.77"), hashed("bearer", "abc123def456"), hashed("secret", "hunter2"), hashed("employee", "EMP-17")},
	} {
		t.Run(action, func(t *testing.T) {
			run := sdktest.Start(t, sdktest.Native(New), `{"action":"`+action+`","key":"`+key+`","patterns":{"employee":"EMP-[0-9]+"}}`)
			assert.Equal(t, want, values(run, everything))
			for i, p := range run.Patches() {
				assert.Equal(t, sdktest.Patch{Kind: sdktest.PatchMatch, Rule: uint16(i + 1), At: i, Value: want[i]}, p)
			}
		})
	}
}

func hashed(name, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return "[" + name + ":" + hex.EncodeToString(mac.Sum(nil))[:16] + "]"
}

func TestEachDetectorCanHaveItsAction(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"detect":["email","card"],"action":"mask","actions":{"email":"replace"},"replacement":"<{name}>"}`)
	assert.Equal(t, []string{"<email>", "************1111"}, values(run, found("a@b.co", "4111111111111111")))
	assert.Equal(t, []string{"email", "card"}, run.Manifest.Rules)
	assert.Equal(t, []string{"body", "attributes"}, run.Manifest.Patches)
}

func TestAMaskHidesMostOfAShortText(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"detect":["phone","ip","email"],"action":"mask"}`)
	assert.Equal(t, []string{"********", "::*", "a***@b.co"}, values(run, found("12345678", "::1", "a@b.co")))
}

// A host refuses a record that grows by more than 64 KiB: then nothing would be redacted.
func TestARecordDoesNotGrowWithoutEnd(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"detect":["ip"],"action":"hash","key":"`+key+`"}`)
	var r sdktest.Record
	for range 20000 {
		r.Matches = append(r.Matches, sdktest.Match{Text: "::1"})
	}
	growth := 0
	all := values(run, r, r)
	assert.Len(t, all, 40000)
	for _, s := range all[:20000] {
		growth += len(s) - len("::1")
	}
	assert.LessOrEqual(t, growth, maxGrowth)
	assert.Equal(t, "*", all[19999])
	assert.Equal(t, hashed("ip", "::1"), all[20000], "the next record has its own allowance")
}

func TestItAllocatesNothing(t *testing.T) {
	for _, config := range []string{`{}`, `{"action":"mask"}`} {
		filtertest.AllocatesNothing(t, New, config, []sdktest.Record{everything, {}, everything})
	}
}

func TestConfigurationsAreRefusedByTheirKeys(t *testing.T) {
	filtertest.Refused(t, New, map[string]string{
		`{"detect":["iban"]}`: "`detect`", `{"detect":"card"}`: "`detect`",
		`{"patterns":{"a":""}}`: "`patterns`", `{"patterns":[]}`: "`patterns`", `{"action":"drop"}`: "`action`", `{"actions":{"card":"x"}}`: "`actions`", `{"actions":[]}`: "`actions`",
		`{"replacement":"` + strings.Repeat("x", 65) + `"}`: "`replacement`", `{"key":"short"}`: "`key`", `{"in":[]}`: "`in`", `{"in":["severity"]}`: "`in`", `{"x":1}`: "`x`",
	})
	for config, want := range map[string]string{ // which a schema cannot say
		`{"detect":[]}`: "nothing to do", `{"action":"hash"}`: "`key` is missing", `{"detect":["ip"],"actions":{"card":"mask"}}`: "neither", `{"patterns":{"card":"x"}}`: "not that of a detector", `{"patterns":{"a b":"x"}}`: "letters, digits",
	} {
		assert.Contains(t, sdktest.Refused(t, sdktest.Native(New), config), want)
	}
}

func TestTheFilterIsDocumented(t *testing.T) { filtertest.Documented(t, New, keys) }

func FuzzConfigure(f *testing.F) {
	filtertest.FuzzConfigure(f, New, `{}`, `{"actions":{"card":"hash"},"key":"`+key+`","patterns":{"a":"b"}}`)
}

func FuzzMask(f *testing.F) {
	for _, kind := range kinds {
		f.Add(kind, "4111 1111 1111 1111")
	}
	f.Add("ip", "2001:db8::1")
	f.Fuzz(func(t *testing.T, kind, text string) {
		out := string(appendMasked(nil, kind, []byte(text)))
		if len(out) > len(text)+8 {
			t.Fatalf("%q becomes %q", text, out)
		}
		if len(text) > 4 && out == text && strings.ContainsAny(text, "0123456789") && kind != "ip" {
			t.Fatalf("%q stays as it is", text)
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	records := make([]sdktest.Record, 512)
	for i := range records {
		if i%5 == 0 {
			records[i] = everything
		}
	}
	filtertest.Bench(b, "redact", New, records, map[string]string{
		"replace": `{}`, "hash": `{"action":"hash","key":"` + key + `"}`, "mask": `{"action":"mask"}`,
	})
}
