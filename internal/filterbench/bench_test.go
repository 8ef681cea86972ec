// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmhost"
)

// quiet drops what is below INFO and counts what has a text in it.
func quiet(t *testing.T) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../../wasmfilters/quiet/c/quiet.wasm")
	require.NoError(t, err)
	return wasm
}

const probes = `{"contains":["GET /healthz"]}`

// list is a source of records.
type list struct{ left []logfile.Record }

func (l *list) Read() (logfile.Record, error) {
	if len(l.left) == 0 {
		return logfile.Record{}, io.EOF
	}
	r := l.left[0]
	l.left = l.left[1:]
	if r.Resource == nil {
		r.Resource = &logfile.Resource{}
	}
	return r, nil
}

func start(t *testing.T, wasm []byte, o Options) *Bench {
	t.Helper()
	b, err := New(t.Context(), wasm, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close(context.Background())) })
	return b
}

// result runs a filter on records.
func result(t *testing.T, wasm []byte, o Options, records ...logfile.Record) *Result {
	t.Helper()
	b := start(t, wasm, o)
	require.NoError(t, b.Run(t.Context(), &list{records}))
	require.Equal(t, uint64(len(records)), b.Records())
	r, err := b.Result(t.Context())
	require.NoError(t, err)
	return r
}

func TestEveryRecordHasOneOutcomeWithItsRuleAndExamples(t *testing.T) {
	records := []logfile.Record{
		{Severity: 9, Body: "order 1"}, {Severity: 9, Body: "order 2"}, {Severity: 9, Body: "payment"},
		{Severity: 5, Body: "cache"}, {Severity: 9, Body: "GET /healthz 200"}, {Severity: 17, Body: "GET /healthz 503"},
	}
	r := result(t, quiet(t), Options{Config: []byte(probes), Examples: 2, Top: 1}, records...)
	assert.Equal(t, []Outcome{
		{Kept, "", 3, 21, []Example{{9, "order 1"}, {9, "payment"}}},
		{Dropped, "severity", 1, 5, []Example{{5, "cache"}}},
		{Represented, "contains: GET /healthz", 2, 32, []Example{{9, "GET /healthz 200"}, {17, "GET /healthz 503"}}},
	}, r.Outcomes)
	assert.Equal(t, uint64(6), r.Records)
	assert.Equal(t, r.Records, r.Kept+r.Dropped+r.Represented)
	assert.Equal(t, []Template{{"order <*>", 2}}, r.KeptTemplates)
	assert.Equal(t, []Template{{"GET /healthz 2<*>", 1}}, r.DroppedTemplates)
	assert.Equal(t, uint64(1), r.Reports.Reports)
	assert.Equal(t, uint64(2), r.Reports.Records)
	assert.Equal(t, uint64(6), r.Timeless)
	assert.False(t, r.Faulty())
}

func TestTheGuardHasTheLastWord(t *testing.T) {
	audit := func(value string) logfile.Attributes { return logfile.Attributes{{Name: "audit", Value: value}} }
	guard := func(severity uint8, value string) logfilter.View {
		return logfilter.View{Guard: logfilter.Guard{Severity: severity, Attributes: map[string]string{"audit": value}}}
	}
	config := []byte(`{"below":"FATAL","contains":[]}`)
	r := result(t, quiet(t), Options{Config: config, View: guard(13, "yes")},
		logfile.Record{Severity: 12}, logfile.Record{Severity: 13}, logfile.Record{Severity: 0},
		logfile.Record{Severity: 1, Attributes: audit("yes")}, logfile.Record{Severity: 1, Attributes: audit("no")})
	assert.Equal(t, []Outcome{
		{Kept, "", 1, 0, []Example{}}, {Protected, "severity", 2, 0, []Example{}}, {Dropped, "severity", 2, 0, []Example{}},
	}, r.Outcomes)
	assert.Equal(t, uint64(1), r.Unranked)
	r = result(t, quiet(t), Options{Config: config, View: guard(0, "*")},
		logfile.Record{Severity: 13}, logfile.Record{Severity: 1, Attributes: audit("no")})
	assert.Equal(t, uint64(1), r.Dropped)
}

func TestTimeIsThatOfTheRecordsAndReportsComeEveryTenSecondsOfIt(t *testing.T) {
	var records []logfile.Record
	for second := range uint64(60) {
		records = append(records, logfile.Record{Time: 1e18 + second*1e9, Body: "GET /healthz"})
	}
	r := result(t, quiet(t), Options{Config: []byte(probes), Examples: 1}, records...)
	assert.Equal(t, uint64(6), r.Reports.Reports)
	assert.Equal(t, uint64(60), r.Reports.Records)
	assert.Equal(t, []string{`11 times in 10s by rule "contains: GET /healthz": GET /healthz`}, r.Reports.Examples)
	assert.Equal(t, uint64(60), r.Cost.Chunks, "a batch is of less than a second")
	assert.Equal(t, "2001-09-09T01:46:40Z", r.From.Format("2006-01-02T15:04:05Z07:00"))

	r = result(t, quiet(t), Options{Config: []byte(probes), Arrival: true}, records...)
	assert.Equal(t, uint64(1), r.Reports.Reports, "all came in now")
}

func TestWhatItTakesIsMeasured(t *testing.T) {
	r := result(t, quiet(t), Options{}, make([]logfile.Record, 2000)...)
	c := r.Cost
	assert.Equal(t, uint64(4), c.Chunks)
	assert.Positive(t, c.Compile)
	assert.Positive(t, c.Start)
	assert.Positive(t, c.Guest)
	assert.Greater(t, c.Judging, c.Guest)
	assert.Positive(t, c.Fuel)
	assert.GreaterOrEqual(t, c.FuelRecord, float64(c.Fuel)/2000)
	assert.GreaterOrEqual(t, c.FuelCall, c.Fuel/4)
	assert.Zero(t, c.Memory%(64<<10))
	assert.Positive(t, c.Memory)
}

func TestTemplatesAndExamplesAreBounded(t *testing.T) {
	var records []logfile.Record
	for i := range maxTemplates + 100 {
		records = append(records, logfile.Record{Body: words(i) + strings.Repeat(" é", 1000)})
	}
	b := start(t, quiet(t), Options{Examples: 3, Top: 1 << 20})
	require.NoError(t, b.Run(t.Context(), &list{records}))
	r, err := b.Result(t.Context())
	require.NoError(t, err)
	assert.Len(t, r.KeptTemplates, maxTemplates)
	assert.Len(t, r.Outcomes[0].Examples, 3)
	text := r.Outcomes[0].Examples[0].Body
	assert.LessOrEqual(t, len(text), maxText+len("…"))
	assert.True(t, strings.HasSuffix(text, "…"))
	assert.Equal(t, text, strings.ToValidUTF8(text, "?"))
}

// words writes a number without digits.
func words(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'k' }, fmt.Sprint(n))
}

func TestAFilterThatFailsLosesNoRecordAndIsToldOf(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	wasm, err := os.ReadFile(sdktest.Compile(t, "../../wasmfilters/sdk/sdktest/testdata/counter"))
	require.NoError(t, err)
	crash := logfile.Attributes{{Name: "crash", Value: "panic"}}
	r := result(t, wasm, Options{Examples: 1}, logfile.Record{Severity: 1}, logfile.Record{Severity: 9, Body: "x", Attributes: crash})
	assert.True(t, r.Faulty())
	assert.Equal(t, map[string]uint64{"trap": 1}, r.Errors)
	assert.Contains(t, r.LastError, "trapped")
	assert.Equal(t, Failed, r.Outcomes[0].Outcome)
	assert.Equal(t, r.Records, r.Kept)
}

func TestAFilterThatCannotRunIsRefusedWithTheReason(t *testing.T) {
	var guest *wasmhost.Error
	_, err := New(t.Context(), quiet(t), Options{Config: []byte(`{"below":"LOUD"}`)})
	require.ErrorAs(t, err, &guest)
	assert.Equal(t, wasmhost.KindConfigure, guest.Kind)
	require.ErrorContains(t, err, "`below`")
	_, err = New(t.Context(), []byte("no module"), Options{})
	require.ErrorAs(t, err, &guest)
	assert.Equal(t, wasmhost.KindABI, guest.Kind)
}

// breaking ends with an error after some records.
type breaking struct {
	list
	err error
}

func (s *breaking) Read() (logfile.Record, error) {
	r, err := s.list.Read()
	if err == io.EOF {
		err = s.err
	}
	return r, err
}

func TestWhatWasReadBeforeAnErrorIsJudged(t *testing.T) {
	bad := errors.New("line 3: bad")
	b := start(t, quiet(t), Options{})
	require.ErrorIs(t, b.Run(t.Context(), &breaking{list{make([]logfile.Record, 2)}, bad}), bad)
	assert.Equal(t, uint64(2), b.Records())
}

func TestACancelledContextEndsIt(t *testing.T) {
	b := start(t, quiet(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Run(ctx, &list{make([]logfile.Record, 2)}), context.Canceled)
}

func TestTheNamesInJSONAreAContract(t *testing.T) {
	want := `{"name":"","version":"","sha256":"","engine":"","records":0,"bytes":0,"without_time":0,"without_severity":0,` +
		`"kept":0,"dropped":0,"represented":0,"outcomes":[{"outcome":"kept","records":1,"bytes":2,"examples":[{"severity":9,"body":"x"}]}],` +
		`"reports":{"reports":0,"records":0,"by_host":0,"mismatch":0,"summaries":0,"summary_bytes":0,"examples":null},"kept_templates":[{"template":"x","records":1}],` +
		`"dropped_templates":null,"errors":null,"cost":{"compile_ns":0,"start_ns":0,"judging_ns":0,"guest_ns":0,"chunks":0,"fuel":0,` +
		`"fuel_most_per_record":0,"fuel_most_per_call":0,"memory_bytes":0,"instances_started":0}}`
	got, err := json.Marshal(Result{
		Outcomes: []Outcome{{Outcome: Kept, Records: 1, Bytes: 2, Examples: []Example{{9, "x"}}}}, KeptTemplates: []Template{{"x", 1}},
	})
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
}

func TestEachRecordComesWithItsFate(t *testing.T) {
	var seen []string
	each := func(r plog.LogRecord, f Fate) { seen = append(seen, r.Body().Str()+": "+string(f)) }
	result(t, quiet(t), Options{Config: []byte(probes), Each: each, CacheDir: t.TempDir()},
		logfile.Record{Severity: 9, Body: "order 1"}, logfile.Record{Severity: 5, Body: "cache"}, logfile.Record{Severity: 9, Body: "GET /healthz"})
	assert.Equal(t, []string{"order 1: kept", "cache: dropped", "GET /healthz: represented"}, seen)
}
