// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// shipped is where the module is built.
const shipped = "../shipped/rules"

func native() sdktest.Module { return sdktest.Native(New) }

// modules are the filter natively and, unless tests are to be short, as WASM.
func modules(t *testing.T) map[string]sdktest.Module {
	m := map[string]sdktest.Module{"native": native()}
	if !testing.Short() {
		m["wasm"] = sdktest.Build(t, shipped)
	}
	return m
}

func attr(key, value string) sdktest.Record {
	return sdktest.Record{Attrs: map[string]string{key: value}}
}

func resource(key, value string) sdktest.Record {
	return sdktest.Record{Resource: map[string]string{key: value}}
}

func body(s string) sdktest.Record { return sdktest.Record{Body: s} }

func severity(n uint8) sdktest.Record { return sdktest.Record{Severity: n} }

// conditions are one condition each, with records of which it holds and others
// of which it does not.
var conditions = []struct {
	name, condition string
	holds, fails    []sdktest.Record
}{
	{
		"a severity below another; one that is not known is not below", `"severity_below":"INFO"`,
		[]sdktest.Record{severity(1), severity(8)}, []sdktest.Record{severity(0), severity(9), severity(24), severity(25), severity(33), severity(255)},
	},
	{
		"a severity of at least another; one that is not known is not", `"severity_at_least":"WARN"`,
		[]sdktest.Record{severity(13), severity(24)}, []sdktest.Record{severity(0), severity(12), severity(25)},
	},
	{
		"a severity and its three steps", `"severity":"INFO"`,
		[]sdktest.Record{severity(9), severity(12)}, []sdktest.Record{severity(8), severity(13)},
	},
	{
		"one of some severities", `"severity":["INFO2",3,"UNSPECIFIED"]`,
		[]sdktest.Record{severity(10), severity(3), severity(0), severity(98)}, []sdktest.Record{severity(9), severity(11), severity(1)},
	},
	{
		"a text in the body", `"body_contains":"/healthz"`,
		[]sdktest.Record{body("GET /healthz"), body("/healthz?x")}, []sdktest.Record{body("/health"), body("/HEALTHZ"), body("")},
	},
	{
		"one of some texts in the body, in whatever case", `"body_contains":["Debug","trace"],"ignore_case":true`,
		[]sdktest.Record{body("a DEBUG line"), body("TRACE")}, []sdktest.Record{body("deb ug")},
	},
	{
		"a body", `"body_equals":"ok"`,
		[]sdktest.Record{body("ok")}, []sdktest.Record{body("ok "), body("OK"), body("o"), body("")},
	},
	{
		"an empty body", `"body_equals":""`,
		[]sdktest.Record{body("")}, []sdktest.Record{body(" ")},
	},
	{
		"a pattern for the whole body", `"body_matches":"GET /*/status * 200"`,
		[]sdktest.Record{body("GET /a/b/status x 200"), body("GET //status  200")},
		[]sdktest.Record{body("GET /status x 200"), body("XGET /a/status x 200"), body("GET /a/status x 200 "), body("get /a/status x 200")},
	},
	{
		"a pattern whose parts do not overlap", `"body_matches":"aba*aba"`,
		[]sdktest.Record{body("abaaba"), body("aba-aba")}, []sdktest.Record{body("aba"), body("ababa")},
	},
	{
		"a pattern with a piece that must come after another", `"body_matches":"*one*two*"`,
		[]sdktest.Record{body("onetwo"), body("x one y two z")}, []sdktest.Record{body("two one"), body("one")},
	},
	{
		"a pattern with an asterisk as it is", `"body_matches":"2 \\* 3*"`,
		[]sdktest.Record{body("2 * 3 = 6")}, []sdktest.Record{body("2 x 3 = 6")},
	},
	{
		"a pattern in whatever case", `"body_matches":["User * logged IN"],"ignore_case":true`,
		[]sdktest.Record{body("user bob Logged in")}, []sdktest.Record{body("user bob logged in.")},
	},
	{
		"a pattern with an open end, of a long body too", `"body_matches":"x*"`,
		[]sdktest.Record{body("x"), body(strings.Repeat("x", 1<<20))}, []sdktest.Record{body("yx")},
	},
	{
		"a pattern with an asterisk as it is and an end is not true of a body whose end was cut off", `"body_matches":"x*\\*y"`,
		[]sdktest.Record{body("x" + strings.Repeat("y", 1000) + "*y")}, []sdktest.Record{body("x" + strings.Repeat("*y", 1<<20))},
	},
	{
		"a pattern is for the whole of a long body", `"body_matches":"x*z"`,
		[]sdktest.Record{body("x" + strings.Repeat("y", 1<<20) + "z")}, []sdktest.Record{body("x" + strings.Repeat("y", 1<<20))},
	},
	{
		"a text far behind in a long body", `"body_contains":"needle"`,
		[]sdktest.Record{body(strings.Repeat("x", 1<<20) + "needle")}, []sdktest.Record{body(strings.Repeat("x", 1<<20))},
	},
	{
		"a body above a size", `"body_size_above":3`,
		[]sdktest.Record{body("1234"), body(strings.Repeat("x", 1<<20))}, []sdktest.Record{body("123"), body("")},
	},
	{
		"a body below a size", `"body_size_below":3`,
		[]sdktest.Record{body("12"), body("")}, []sdktest.Record{body("123")},
	},
	{
		"an event name", `"event_name":["device.*","login"]`,
		[]sdktest.Record{{EventName: "device.app"}, {EventName: "login"}}, []sdktest.Record{{EventName: "logins"}, {}},
	},
	{
		"an attribute that is there", `"attribute":"k","exists":true`,
		[]sdktest.Record{attr("k", ""), attr("k", "x")}, []sdktest.Record{attr("K", "x"), {}},
	},
	{
		"an attribute that is not there", `"attribute":"k","exists":false`,
		[]sdktest.Record{attr("other", "x"), {}}, []sdktest.Record{attr("k", "")},
	},
	{
		"an attribute of a value", `"attribute":"k","equals":["a",""]`,
		[]sdktest.Record{attr("k", "a"), attr("k", "")}, []sdktest.Record{attr("k", "A"), attr("k", "ab"), {}},
	},
	{
		"an attribute of one of many values", `"attribute":"k","equals":["1","2","3","4","5","6","7","8","9"]`,
		[]sdktest.Record{attr("k", "9")}, []sdktest.Record{attr("k", "10"), attr("k", ""), {}},
	},
	{
		"an attribute with a text in it, in whatever case", `"attribute":"k","contains":"Mid","ignore_case":true`,
		[]sdktest.Record{attr("k", "a MID b"), attr("k", "ABC MID"), attr("k", "mid"), attr("k", strings.Repeat("mi", 9)+"d")}, []sdktest.Record{attr("k", "mi d"), {}},
	},
	{
		"an attribute that matches a pattern", `"attribute":"k","matches":["a*z","b"]`,
		[]sdktest.Record{attr("k", "az"), attr("k", "b")}, []sdktest.Record{attr("k", "a"), attr("k", "bb"), {}},
	},
	{
		"an attribute of the resource", `"resource_attribute":"k8s.namespace.name","matches":"kube-*"`,
		[]sdktest.Record{resource("k8s.namespace.name", "kube-system")}, []sdktest.Record{resource("k8s.namespace.name", "shop"), {}, attr("k8s.namespace.name", "kube-system")},
	},
	{
		"all of the keys of a condition", `"severity_below":"WARN","body_contains":"x"`,
		[]sdktest.Record{{Severity: 9, Body: "x"}}, []sdktest.Record{{Severity: 9}, {Severity: 13, Body: "x"}, {Body: "x"}},
	},
	{
		"any of some conditions", `"any":[{"body_contains":"x"},{"attribute":"k","exists":true}]`,
		[]sdktest.Record{body("x"), attr("k", "")}, []sdktest.Record{body("y")},
	},
	{
		"all of some conditions, and not another", `"all":[{"body_contains":"x"},{"body_contains":"y"}],"not":{"severity":"INFO"}`,
		[]sdktest.Record{body("xy"), {Body: "yx", Severity: 1}}, []sdktest.Record{body("x"), {Body: "xy", Severity: 9}},
	},
}

func TestConditions(t *testing.T) {
	for kind, m := range modules(t) {
		for _, tt := range conditions {
			t.Run(kind+": "+tt.name, func(t *testing.T) {
				run := sdktest.Start(t, m, `{"rules":[{"name":"one","drop":true,`+tt.condition+`}]}`)
				records := append(append([]sdktest.Record{}, tt.holds...), tt.fails...)
				for i, v := range run.Judge(records...) {
					want := sdk.Keep
					if i < len(tt.holds) {
						want = sdk.Drop(1)
					}
					assert.Equal(t, want, v, "record %d: %.60q", i, fmt.Sprint(records[i]))
				}
			})
		}
	}
}

const several = `{"rules":[
	{"name":"important","keep":true,"attribute":"important","exists":true},
	{"name":"health checks","drop":true,"any":[{"body_contains":"/healthz"},{"attribute":"http.route","equals":"/healthz"}]},
	{"name":"debug","drop":true,"severity_below":"INFO"}],
	"default":"keep"}`

func TestTheFirstRuleThatHoldsDecides(t *testing.T) {
	for kind, m := range modules(t) {
		t.Run(kind, func(t *testing.T) {
			run := sdktest.Start(t, m, several)
			assert.Equal(t, []string{"important", "health checks", "debug"}, run.Manifest.Rules)
			assert.Equal(t, []sdk.Verdict{sdk.Drop(2), sdk.Drop(2), sdk.Drop(3), sdk.Keep, sdk.KeepBy(1)}, run.Judge(
				sdktest.Record{Severity: 5, Body: "GET /healthz"},
				attr("http.route", "/healthz"),
				severity(5),
				severity(9),
				sdktest.Record{Severity: 5, Body: "GET /healthz", Attrs: map[string]string{"important": "yes"}},
			))
		})
	}
}

func TestWhatNoRuleHoldsOfIsDroppedIfAskedFor(t *testing.T) {
	run := sdktest.Start(t, native(), `{"rules":[{"name":"errors","keep":true,"severity_at_least":"ERROR"}],"default":"drop"}`)
	assert.Equal(t, []string{"errors", "default"}, run.Manifest.Rules)
	assert.Equal(t, []sdk.Verdict{sdk.KeepBy(1), sdk.Drop(2), sdk.Drop(2)}, run.Judge(severity(17), severity(16), severity(0)))
}

func TestWithoutRulesAllIsKept(t *testing.T) {
	for _, config := range []string{`{}`, `{"rules":[]}`, `{"default":"keep"}`} {
		run := sdktest.Start(t, native(), config)
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep}, run.Judge(severity(1), body("x")))
	}
}

func TestTheHostIsAskedForNoMoreThanTheRulesNeed(t *testing.T) {
	for config, want := range map[string][]string{
		`"severity_below":"INFO"`:                   {"severity"},
		`"body_contains":"x"`:                       {"severity", "needles"},
		`"body_equals":"x"`:                         {"severity", "needles"},
		`"body_matches":"*x*"`:                      {"severity", "needles"},
		`"body_matches":"x*"`:                       {"severity", "needles"},
		`"body_matches":"x\\**"`:                    {"severity", "body", "needles"},
		`"body_equals":""`:                          {"severity", "body_size"},
		`"attribute":"k","exists":true`:             {"severity", "attr:k"},
		`"resource_attribute":"k","equals":"x"`:     {"severity", "resource", "resource_attr:k"},
		`"event_name":"x","body_size_above":1`:      {"severity", "event_name", "body_size"},
		`"any":[{"severity":1},{"event_name":"x"}]`: {"severity", "event_name"},
	} {
		run := sdktest.Start(t, native(), `{"rules":[{"name":"one","drop":true,`+config+`}]}`)
		assert.Equal(t, want, run.Manifest.Columns, config)
	}
}

func TestATextIsLookedForOnce(t *testing.T) {
	run := sdktest.Start(t, native(), `{"rules":[
		{"name":"1","drop":true,"body_contains":["a","b"]},
		{"name":"2","drop":true,"body_contains":"a","severity":9},
		{"name":"3","drop":true,"body_contains":"a","ignore_case":true}]}`)
	assert.Equal(t, []sdk.Needle{{Text: "a"}, {Text: "b"}, {Text: "a", Fold: true}}, run.Manifest.Needles)
}

func TestTextsInOneWordAreOneStep(t *testing.T) {
	f := &filter{}
	_, err := f.Configure([]byte(one(`"drop":true,"body_contains":[` + numbers(64) + `]`)))
	require.NoError(t, err)
	assert.Len(t, f.steps, 1)
	_, err = f.Configure([]byte(one(`"drop":true,"body_contains":[` + numbers(256) + `]`)))
	require.NoError(t, err)
	assert.Len(t, f.steps, 4)
}

func TestHundredsOfTextsAreToldApart(t *testing.T) {
	for kind, m := range modules(t) {
		t.Run(kind, func(t *testing.T) {
			var rules []string
			for i := range sdk.MaxNeedles {
				rules = append(rules, fmt.Sprintf(`{"name":"%d","drop":true,"body_contains":"<%d>"}`, i, i))
			}
			run := sdktest.Start(t, m, `{"rules":[`+strings.Join(rules, ",")+`]}`)
			for range 2 { // the second time from memory
				for i := range sdk.MaxNeedles {
					v := run.Judge(body(fmt.Sprintf("<%d><%d>", i, (i+77)%sdk.MaxNeedles)), body("x"))
					assert.Equal(t, sdk.Drop(uint16(min(i, (i+77)%sdk.MaxNeedles)+1)), v[0])
					assert.Equal(t, sdk.Keep, v[1])
				}
			}
		})
	}
}

func TestConformance(t *testing.T) {
	for kind, m := range modules(t) {
		t.Run(kind, func(t *testing.T) {
			sdktest.Conformance(t, m, `{}`, several, everyKey)
		})
	}
}

// everyKey is a configuration that asks for nearly every column.
const everyKey = `{"rules":[
	{"name":"a","drop":true,"body_matches":"GET*z1 *ms","resource_attribute":"service.name","equals":"service1"},
	{"name":"b","drop":true,"event_name":"re*","attribute":"http.route","contains":"/x","body_size_above":1000},
	{"name":"c","keep":true,"body_equals":["ok","fine"]},
	{"name":"d","drop":true,"not":{"body_contains":"GET","ignore_case":true},"severity_below":"WARN"}]}`
