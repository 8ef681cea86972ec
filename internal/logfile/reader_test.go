// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/logfile"
)

// read returns all records, and the error that ended them.
func read(t testing.TB, r io.Reader, o logfile.Options) ([]logfile.Record, error) {
	t.Helper()
	in, err := logfile.NewReader(r, o)
	if err != nil {
		return nil, err
	}
	var out []logfile.Record
	for {
		record, err := in.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			_, again := in.Read()
			assert.Equal(t, err, again, "an error stays")
			return out, err
		}
		out = append(out, record)
	}
}

func readAll(t testing.TB, text string, o logfile.Options) []logfile.Record {
	t.Helper()
	out, err := read(t, strings.NewReader(text), o)
	require.NoError(t, err)
	return out
}

// one reads the one record of a line.
func one(t *testing.T, line string) logfile.Record {
	t.Helper()
	out := readAll(t, line, logfile.Options{})
	require.Len(t, out, 1)
	out[0].Resource = nil
	return out[0]
}

func ns(s string) uint64 {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return uint64(at.UnixNano())
}

func TestAJSONLineIsReadByTheNamesOfItsKeys(t *testing.T) {
	noon := ns("2026-01-31T12:00:00.5Z")
	trace := [16]byte{0xaf, 15: 1}
	for line, want := range map[string]logfile.Record{
		`{"time":"2026-01-31T12:00:00.5Z","level":"INFO","msg":"hello"}`:               {Time: noon, Severity: 9, Body: "hello"},
		`{"@timestamp":"2026-01-31T13:00:00.5+01:00","log.level":"warn","message":""}`: {Time: noon, Severity: 13},
		`{"ts":1769860800.5,"level":"error","msg":"zap"}`:                              {Time: noon, Severity: 17, Body: "zap"},
		`{"level":30,"time":1769860800500,"msg":"pino"}`:                               {Time: noon, Severity: 9, Body: "pino"},
		`{"level":4,"timestamp":1769860800.5,"message":"GELF"}`:                        {Time: noon, Severity: 13, Body: "GELF"},
		`{"Timestamp":"2026-01-31T12:00:00.5","Level":"Warning","Message":"Serilog"}`:  {Time: noon, Severity: 13, Body: "Serilog"},
		`{"t":"x","s":"E","c":"STORAGE","ctx":"main","msg":"Mongo"}`: {Severity: 17, Body: "Mongo", Attributes: logfile.Attributes{
			{Name: "c", Value: "STORAGE"}, {Name: "ctx", Value: "main"}, {Name: "t", Value: "x"},
		}},
		`{"LogLevel":"Critical","status":503,"msg":"x"}`:   {Severity: 18, Body: "x", Attributes: logfile.Attributes{{Name: "status", Value: "503"}}},
		`{"level":"info","lvl":"debug","msg":"one field"}`: {Severity: 9, Body: "one field", Attributes: logfile.Attributes{{Name: "lvl", Value: "debug"}}},
		`{"severity_number":22,"body":{"a": [1, 2]},"trace_id":"af000000000000000000000000000001"}`: {
			Severity: 22, Body: `{"a":[1,2]}`, TraceID: trace,
		},
		`{"asctime":"2026-01-31 12:00:00,500","levelname":"CRITICAL","message":"Python"}`: {Time: noon, Severity: 18, Body: "Python"},
		`{"level":"loud","time":"noon","msg":"x","n":1.50,"s":"t","o":{"a" : 1},"z":null}`: {Body: "x", Attributes: logfile.Attributes{
			{Name: "level", Value: "loud"}, {Name: "n", Value: "1.50"}, {Name: "o", Value: `{"a":1}`}, {Name: "s", Value: "t"},
			{Name: "time", Value: "noon"}, {Name: "z", Value: "null"},
		}},
		`{"code":7}`: {Body: `{"code":7}`, Attributes: logfile.Attributes{{Name: "code", Value: "7"}}},
		`{"msg":"a","message":"b","log":"c"}`: {Body: "b", Attributes: logfile.Attributes{
			{Name: "log", Value: "c"}, {Name: "msg", Value: "a"},
		}},
	} {
		assert.Equal(t, want, one(t, line), line)
	}
}

func TestAPlainLineIsTheBodyAndMayBeginWithATime(t *testing.T) {
	noon := ns("2026-01-31T12:00:00Z")
	for line, want := range map[string]uint64{
		"2026-01-31T12:00:00Z INFO x":                                noon,
		"2026-01-31T12:00:00.000+0000 x":                             noon,
		"2026-01-31 12:00:00,000 INFO x":                             noon,
		"[2026-01-31 12:00:00.000] x":                                noon,
		"2026/01/31 12:00:00 [error] x":                              noon,
		`10.0.0.1 - - [31/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1"`: noon,
		"Jan 31 12:00:00 host sshd[7]: of no year":                   0,
		"12 monkeys": 0,
		"x":          0,
		"{no json":   0,
	} {
		got := one(t, line)
		assert.Equal(t, line, got.Body)
		assert.Equal(t, want, got.Time, line)
	}
}

func TestTheSeverityOfAPlainLineIsThatOfAnObviousWord(t *testing.T) {
	for line, want := range map[string]uint8{
		"2026-01-31T12:00:00Z INFO x":                       9,
		"2026-01-31 12:00:00,000 [main] WARN  o.e.Server":   13,
		"2026/01/31 12:00:00 [error] 7#7: *1 open() failed": 17,
		"ERROR: x":    17,
		"[WARNING] x": 13,
		"<notice> x":  10,
		`time="2026-01-31T12:00:00Z" level=warning msg="x"`: 13,
		`ts=1 lvl="debug" msg=x`:                            5,
		"I0131 12:00:00.000000       1 kubelet.go:7] x":     9,
		"W0131 12:00:00.000000       1 kubelet.go:7] x":     13,
		"E0131 12:00:00.000000       1 kubelet.go:7] x":     17,
		"F0131 12:00:00.000000       1 kubelet.go:7] x":     21,
		"2026 | SEVERE | x":                                 17,
		"2026-01-31 12:00:00 | error | x":                   17,
		"[错误] x":                                            17,
		"panic: x":                                          21,
		"container web exited with code 137":                17,
		"no error was found":                                0,
		"GET /ERROR/x HTTP/1.1":                             0,
		"INFORMATIONS":                                      0,
		"E=mc2":                                             0,
		strings.Repeat("x", 92) + " INFORMAL":               0,
		strings.Repeat("x ", 90) + "ERROR":                  0,
	} {
		assert.Equal(t, want, one(t, line).Severity, line)
		quiet := readAll(t, line, logfile.Options{NoSeverity: true})
		assert.Zero(t, quiet[0].Severity, line)
	}
}

func TestWhatAContainerRuntimeHasPutAroundALineIsUnwrapped(t *testing.T) {
	noon := ns("2026-01-31T12:00:00.123456789Z")
	stderr := logfile.Attributes{{Name: "log.iostream", Value: "stderr"}}
	for line, want := range map[string]logfile.Record{
		"2026-01-31T12:00:00.123456789Z stderr F ERROR x":                               {Time: noon, Severity: 17, Body: "ERROR x", Attributes: stderr},
		`2026-01-31T12:00:00.123456789Z stderr P {"level":"warn","msg":"x"}`:            {Time: noon, Severity: 13, Body: "x", Attributes: stderr},
		`{"log":"ERROR x\n","stream":"stderr","time":"2026-01-31T12:00:00.123456789Z"}`: {Time: noon, Severity: 17, Body: "ERROR x", Attributes: stderr},
		"noon stderr F x": {Body: "noon stderr F x"},
	} {
		assert.Equal(t, want, one(t, line), line)
	}
}

func TestLinesOfSeveralKindsMayBeInOneFile(t *testing.T) {
	out := readAll(t, "\xef\xbb\xbfstarting\r\n\n{\"msg\":\"a\"}\nlast", logfile.Options{})
	var bodies []string
	for _, r := range out {
		bodies = append(bodies, r.Body)
		assert.Same(t, out[0].Resource, r.Resource)
	}
	assert.Equal(t, []string{"starting", "a", "last"}, bodies)
}

func TestAFormatThatIsAskedForIsKeptTo(t *testing.T) {
	out := readAll(t, `{"level":"warn","msg":"a"}`, logfile.Options{Format: logfile.FormatPlain})
	assert.Equal(t, `{"level":"warn","msg":"a"}`, out[0].Body)
	out, err := read(t, strings.NewReader("{\"msg\":\"a\"}\n\nnone\n"), logfile.Options{Format: logfile.FormatJSON})
	assert.Len(t, out, 1)
	require.ErrorContains(t, err, "line 3: it is no JSON object")
}

// otlp is a request with one resource and two records.
const otlp = `{"resourceLogs":[{
	"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
	"scopeLogs":[{"logRecords":[
		{"timeUnixNano":"1769860800000000000","severityNumber":13,"body":{"stringValue":"a"},"traceId":"af000000000000000000000000000001",
		 "eventName":"e","attributes":[{"key":"n","value":{"intValue":"7"}}]},
		{"observedTimeUnixNano":"1769860801000000000","severityNumber":99,"body":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}}]}]}]}`

func TestOTLPIsReadOnOneLineOrMany(t *testing.T) {
	flat := strings.Join(strings.Fields(otlp), "")
	for _, text := range []string{otlp, " \n" + otlp + "\n\n", flat, flat + "\n" + flat + "\n", otlp + otlp} {
		out := readAll(t, text, logfile.Options{})
		require.Len(t, out, 2*strings.Count(text, "resourceLogs"))
		for ; len(out) > 0; out = out[2:] {
			shop := &logfile.Resource{Attributes: logfile.Attributes{{Name: "service.name", Value: "shop"}}}
			assert.Equal(t, logfile.Record{
				Time: 1769860800000000000, Severity: 13, Body: "a", TraceID: [16]byte{0xaf, 15: 1}, EventName: "e",
				Attributes: logfile.Attributes{{Name: "n", Value: "7"}}, Resource: shop,
			}, out[0])
			assert.Equal(t, logfile.Record{Time: 1769860801000000000, Body: `{"k":true}`, Resource: shop}, out[1])
			assert.Same(t, out[0].Resource, out[1].Resource)
		}
	}
}

func TestWhatIsWrongWithAFileIsSaidWithTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    logfile.Options
		want string
	}{
		"OTLP that is cut off":     {otlp + "\n" + otlp[:50], logfile.Options{}, "line 7: the document that begins here is no JSON, or cut off"},
		"OTLP of another kind":     {otlp + "\n{\"resourceLogs\":7}", logfile.Options{}, "line 7: the document that ends here is not OTLP"},
		"text in place of OTLP":    {"hello", logfile.Options{Format: logfile.FormatOTLP}, "line 1: the document that begins here is no JSON"},
		"traces":                   {`{"resourceSpans":[]}`, logfile.Options{}, "traces or metrics, and not logs"},
		"a JSON array":             {"[ {\"msg\":\"x\"}]", logfile.Options{}, "jq -c '.[]'"},
		"UTF-16":                   {"\xff\xfex\x00", logfile.Options{}, "iconv"},
		"gzip that is broken":      {"\x1f\x8bx", logfile.Options{}, "gzip"},
		"a line of many megabytes": {"x\n" + strings.Repeat("x", 17<<20), logfile.Options{}, "line 2: it has more than 16 MiB"},
	} {
		_, err := read(t, strings.NewReader(c.text), c.o)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestADocumentIsBounded(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(otlp+"\n"+`{"resourceLogs":["`), spaces{})
	out, err := read(t, endless, logfile.Options{})
	assert.Len(t, out, 2)
	require.ErrorContains(t, err, "line 7: the document that begins here has more than 64 MiB")
}

// spaces is a text without an end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAnErrorRepeatsNothingOfTheLogs(t *testing.T) {
	_, err := read(t, strings.NewReader(`{"resourceLogs":[{"scopeLogs":"s3cret"}]}`), logfile.Options{})
	require.ErrorContains(t, err, "not OTLP")
	assert.NotContains(t, err.Error(), "s3cret")
}

func TestGzipIsUnpacked(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte("a\nb\n"))
	require.NoError(t, z.Close())
	whole := b.Bytes()
	out, err := read(t, bytes.NewReader(whole), logfile.Options{})
	require.NoError(t, err)
	assert.Len(t, out, 2)
	_, err = read(t, bytes.NewReader(whole[:len(whole)-6]), logfile.Options{})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	bad := errors.New("bad disk")
	_, err := read(t, failing{bad}, logfile.Options{})
	require.ErrorIs(t, err, bad)
	_, err = read(t, io.MultiReader(strings.NewReader(strings.Repeat("x\n", 1<<16)), failing{bad}), logfile.Options{})
	require.ErrorIs(t, err, bad)
	require.ErrorContains(t, err, "after line 65536")
}

func TestTimesAreReadInManyForms(t *testing.T) {
	want := ns("2026-01-31T12:00:00Z")
	for _, s := range []string{
		"2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31T14:00:00.000+0200", "2026-01-31T12:00:00",
		"2026-01-31 12:00:00.000", "2026-01-31 12:00:00 +0000", "2026/01/31 12:00:00", "Sat, 31 Jan 2026 12:00:00 GMT",
		"1769860800", "1769860800.0", "1.7698608e9", "1769860800000", "1769860800000000", "1769860800000000000",
	} {
		got, ok := logfile.ParseTime(s)
		assert.True(t, ok, s)
		assert.Equal(t, want, got, s)
	}
	for _, s := range []string{
		"", "noon", "7", "-1769860800", "NaN", "1e300", "99999999999999999999", "9999999999999999999", "1914-01-01T00:00:00Z",
		"2300-01-01T00:00:00Z", "2026-13-31T12:00:00Z", strings.Repeat("1", 100),
	} {
		_, ok := logfile.ParseTime(s)
		assert.False(t, ok, s)
	}
}

func TestSeveritiesAreThoseOfOTLP(t *testing.T) {
	for name, want := range map[string]uint8{
		"TRACE": 1, "trace4": 4, "Debug": 5, "info": 9, "INFO2": 10, "notice": 10, " Warning ": 13, "ERR": 17, "crit": 18,
		"alert": 19, "panic": 21, "FATAL4": 24,
	} {
		got, ok := logfile.Severity(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "loud", "INFO5", "INFO1", "notice2", "2"} {
		_, ok := logfile.Severity(name)
		assert.False(t, ok, name)
	}
	for n, want := range map[uint8]string{0: "-", 1: "TRACE", 8: "DEBUG4", 9: "INFO", 10: "INFO2", 24: "FATAL4", 25: "-"} {
		assert.Equal(t, want, logfile.SeverityName(n))
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{
		otlp, `{"time":1769860800.5,"level":30,"msg":"x"}`, "2026-01-31T12:00:00Z stderr F ERROR x",
		`{"log":"x\n","stream":"stdout","time":"2026-01-31T12:00:00Z"}`, "I0131 12:00:00.0 1 x.go:7] x", "[31/Jan/2026:12:00:00 +0000]",
	} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, format uint8) {
		formats := logfile.Formats()
		out, _ := read(t, bytes.NewReader(b), logfile.Options{Format: formats[int(format)%len(formats)]})
		for _, r := range out {
			assert.LessOrEqual(t, r.Severity, uint8(24))
			assert.NotNil(t, r.Resource)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for name, text := range map[string]string{
		"plain": "2026-01-31 12:00:00,000 [main] INFO  o.e.Server GET /api/v1/orders/4711 200 in 12 ms\n",
		"json":  `{"time":"2026-01-31T12:00:00.5Z","level":"INFO","msg":"GET /api/v1/orders/4711 200 in 12 ms","service":"shop"}` + "\n",
		"otlp":  strings.Join(strings.Fields(otlp), "") + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			lines := strings.Repeat(text, 1000)
			n := 0
			for b.Loop() {
				n += len(readAll(b, lines, logfile.Options{}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
		})
	}
}

// FuzzDocuments finds that reading ends whatever the text is.
func FuzzDocuments(f *testing.F) {
	f.Add(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"one"}}]}]}]} {"resourceLogs":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		source := logfile.NewDocuments(strings.NewReader(text))
		for range len(text) + 1 {
			if _, err := source.Next(); err != nil {
				return
			}
		}
		t.Error("there are more documents than bytes")
	})
}
