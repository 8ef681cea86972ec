// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/severity"
)

func TestFinderReadsAttributes(t *testing.T) {
	for key, want := range map[string]uint8{
		"level": 17, "Level": 17, "LEVEL": 17, "lvl": 17, "severity": 17, "severity_text": 17, "severityText": 17, "log.level": 17, "log_level": 17,
		"loglevel": 17, "logLevel": 17, "levelname": 17, "level_name": 17, "@l": 17, "@level": 17, "级别": 17, "等级": 17, "日志级别": 17, "レベル": 17,
		"priority": 17, "msg": 0, "game.level": 0, "levels": 0, "": 0, strings.Repeat("level", 100): 0,
	} {
		var f severity.Finder
		f.String(key, "eRRor")
		got := f.Result()
		assert.Equal(t, want, got.Number, key)
		if want != 0 {
			assert.Equal(t, "eRRor", got.Text, key)
			assert.Equal(t, severity.Attribute, got.Source, key)
		}
	}
}

func TestFinderPrefersFieldsToTheBody(t *testing.T) {
	var f severity.Finder
	f.String("level", "info")
	f.Text("ERROR x")
	assert.Equal(t, severity.Result{Number: 9, Text: "info", Confidence: severity.Certain, Source: severity.Attribute}, f.Result())

	f.Reset()
	f.In(severity.Field)
	f.String("lvl", "warn")
	f.Text("exit status 1")
	assert.Equal(t, severity.Result{Number: 13, Text: "warn", Confidence: severity.Certain, Source: severity.Field, Severe: true}, f.Result())

	f.Reset()
	f.Text("E0102 10:00:00.000000       1 controller.go:40] x")
	assert.Equal(t, severity.Result{Number: 17, Text: "E", Confidence: severity.Strong, Source: severity.Klog}, f.Result())
}

func TestFinderOrdersFieldsByTrust(t *testing.T) {
	var f severity.Finder
	f.Number("level", 3)
	f.String("priority", "debug")
	f.String("level", "info")
	f.String("severity", "warn")
	assert.Equal(t, uint8(13), f.Result().Number)
	f.Number("severity_number", 18)
	assert.Equal(t, uint8(18), f.Result().Number)
}

func TestFinderReadsNumbersByTheirScale(t *testing.T) {
	number := func(key string, v float64, company ...string) severity.Result {
		var f severity.Finder
		f.Number(key, v)
		for _, k := range company {
			f.String(k, "x")
		}
		return f.Result()
	}
	assert.Equal(t, uint8(9), number("level", 30, "pid", "hostname").Number)
	assert.Equal(t, uint8(13), number("level", 30, "lineno", "funcName").Number)
	assert.Equal(t, severity.Strong, number("level", 30, "pid").Confidence)
	assert.Equal(t, uint8(13), number("level", 30).Number)
	assert.Equal(t, severity.Weak, number("level", 30).Confidence)
	assert.Equal(t, uint8(17), number("levelno", 40).Number)
	assert.Equal(t, uint8(17), number("syslog.severity", 3).Number)
	assert.Equal(t, uint8(13), number("level", 4, "short_message", "host").Number)
	assert.Equal(t, uint8(17), number("LogLevel", 4, "EventId", "Category").Number)
	assert.Equal(t, uint8(24), number("severity_number", 24).Number)
	for _, v := range []float64{1e308, -1e308, -1, 2.5, 1 << 40} {
		assert.Zero(t, number("level", v).Number, v)
	}
}

func TestFinderReadsOutcomesOfAttributes(t *testing.T) {
	severe := func(key string, v float64) bool {
		var f severity.Finder
		f.Number(key, v)
		return f.Result().Severe
	}
	assert.True(t, severe("http.response.status_code", 503))
	assert.False(t, severe("http.response.status_code", 499))
	assert.True(t, severe("process.exit.code", 137))
	assert.False(t, severe("exit_code", 0))
	assert.True(t, severe("rpc.grpc.status_code", 14))
	assert.False(t, severe("rpc.grpc.status_code", 5))
	assert.True(t, severe("exit_code", -1))
}

func TestFinderReadsMongoLettersOfAttributes(t *testing.T) {
	var f severity.Finder
	f.String("s", "E")
	assert.Zero(t, f.Result().Number)
	f.String("ctx", "conn1")
	assert.Equal(t, uint8(17), f.Result().Number)
}

func TestFinderReadsAtMostMaxText(t *testing.T) {
	pad := strings.Repeat("x ", severity.MaxText/2-8)
	assert.True(t, severity.Infer(pad+"exit status 1 ").Severe)
	assert.False(t, severity.Infer(pad+"padding exit status 1").Severe)
	assert.Zero(t, severity.Infer(`{"msg":"`+pad+pad+`","level":"error"}`).Number)
}

// hostile are bodies that must not cost more than their length.
var hostile = []string{
	strings.Repeat("[", 1<<20), strings.Repeat("{", 1<<20), strings.Repeat(`{"log":`, 1<<17), strings.Repeat(`{"a":[`, 1<<17), strings.Repeat("]", 4096),
	strings.Repeat("\xff", 4096), strings.Repeat("\xe7\xba", 2048), strings.Repeat("\x1b[", 2048), strings.Repeat("\\", 4096), strings.Repeat(`"`, 4096),
	strings.Repeat(`\"`, 2048), strings.Repeat("level=", 1000), strings.Repeat("k=v ", 10000), strings.Repeat("level=x ", 10000), strings.Repeat("ex", 2048),
	strings.Repeat("exit ", 1000), strings.Repeat(" 500", 1000), strings.Repeat(`"level":`, 500), strings.Repeat(`,"level":{`, 400), strings.Repeat("\n\tat ", 800),
	strings.Repeat(`stack":`, 500), strings.Repeat("1.1 512 512 ", 300), strings.Repeat("/x 500 ", 600),
	strings.Repeat("GET /500 ", 500), strings.Repeat("k", 4096), strings.Repeat("stack", 800), strings.Repeat("v", 4096), strings.Repeat("a.", 2048) + "(",
	strings.Repeat("f", 4096), strings.Repeat("eve", 1300), strings.Repeat(`"lvl `, 800), strings.Repeat("5 ", 2048), strings.Repeat("status=500x ", 400),
	`{"level":` + strings.Repeat("9", 4000) + "}", `{"level":{"level":{"level":"error"}}}`, "<" + strings.Repeat("9", 4000) + ">", strings.Repeat("\n", 4096),
}

func TestInferIsSafeOnHostileBodies(t *testing.T) {
	for _, body := range hostile {
		checkResult(t, body)
	}
}

func TestInferAllocatesNothing(t *testing.T) {
	var f severity.Finder
	bodies := append([]string{}, hostile...)
	for _, l := range benchLines {
		bodies = append(bodies, l.line)
	}
	for _, body := range bodies {
		allocs := testing.AllocsPerRun(3, func() {
			f.Reset()
			f.String("Log.Level", "x")
			f.Number("status", 3)
			f.Text(body)
			f.Result()
		})
		assert.Zero(t, allocs, "%.40s", body)
	}
}

func TestNamesOfSourcesAndConfidences(t *testing.T) {
	assert.Equal(t, "json", severity.JSON.String())
	assert.Equal(t, "exit", severity.Exit.String())
	assert.Equal(t, "unknown", severity.Source(99).String())
	assert.Equal(t, "certain", severity.Certain.String())
	assert.Equal(t, "unknown", severity.Confidence(99).String())
}

// checkResult holds what is true of every result.
func checkResult(t *testing.T, body string) {
	t.Helper()
	r := severity.Infer(body)
	assert.LessOrEqual(t, r.Number, uint8(24))
	assert.Equal(t, r.Number == 0, r.Confidence == severity.None)
	assert.Equal(t, r.Number == 0, r.Source == severity.Nowhere)
	if r.Severe {
		assert.NotZero(t, r.Number)
	}
	if r.Text != "" {
		assert.True(t, isPart(r.Text, body), "%q is not a part of the body", r.Text)
	}
	if len(body) > severity.MaxText {
		assert.Equal(t, r, severity.Infer(body[:severity.MaxText]))
	}
}

// isPart says whether the bytes of part are bytes of whole, not a copy of them.
func isPart(part, whole string) bool {
	p, w := uintptr(unsafe.Pointer(unsafe.StringData(part))), uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	return p >= w && p+uintptr(len(part)) <= w+uintptr(len(whole))
}

func FuzzInfer(f *testing.F) {
	for _, l := range benchLines {
		f.Add(l.line)
	}
	for _, body := range hostile {
		f.Add(body[:min(len(body), 200)])
	}
	f.Fuzz(func(t *testing.T, body string) { checkResult(t, body) })
}

func FuzzFinder(f *testing.F) {
	f.Add("level", "error", 50.0, `{"level":30,"pid":7}`)
	f.Add("s", "D1", -1.0, `{"s":"E","ctx":"x"}`)
	f.Add("级别", "\x1b[31mERROR\x1b[0m", 1e308, "级别：错误")
	f.Fuzz(func(t *testing.T, key, value string, number float64, body string) {
		var finder severity.Finder
		finder.String(key, value)
		finder.Number(key, number)
		finder.Text(body)
		r := finder.Result()
		assert.LessOrEqual(t, r.Number, uint8(24))
		assert.Equal(t, r, finder.Result(), "a result stays")
		finder.Reset()
		finder.Text(body)
		assert.Equal(t, severity.Infer(body), finder.Result(), "a Finder forgets")
		if r.Text != "" {
			assert.True(t, isPart(r.Text, value) || isPart(r.Text, body))
		}
	})
}
