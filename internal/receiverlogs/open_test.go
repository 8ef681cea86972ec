// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/input/file"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/parser/container"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.yaml.in/yaml/v3"
)

const podFile = "/var/log/pods/shop_web-7d4b9c-x2x5z_0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11/app/3.log"

// read returns the records of a text as they are described, and their bodies.
func read(t *testing.T, as As, name, text string) (records, bodies []string) {
	t.Helper()
	source, err := Open(t.Context(), as, name, strings.NewReader(text))
	require.NoError(t, err)
	records, bodies, err = rest(source)
	require.NoError(t, err)
	return records, bodies
}

func rest(source Source) (records, bodies []string, err error) {
	for {
		logs, err := source.Next()
		if err == io.EOF {
			return records, bodies, source.Close()
		}
		if err != nil {
			return records, bodies, err
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					records = append(records, described(rl, r))
					bodies = append(bodies, r.Body().AsString())
				}
			}
		}
	}
}

func described(rl plog.ResourceLogs, r plog.LogRecord) string {
	return fmt.Sprintf("%v %v %q %v %d %q", rl.Resource().Attributes().AsRaw(), r.Attributes().AsRaw(), r.Body().AsString(),
		r.Timestamp().AsTime(), r.SeverityNumber(), r.SeverityText())
}

func TestAgentKeepsStreamsApart(t *testing.T) {
	_, bodies := read(t, Agent, podFile, `2025-01-02T10:00:00.000000001Z stderr F before the empty line
2025-01-02T10:00:00.000000002Z stderr F 
2025-01-02T10:00:00.000000003Z stderr F after the empty line
2025-01-02T10:00:01.000000001Z stdout P ERROR first half of a long line, 
2025-01-02T10:00:01.000000002Z stderr F something else on stderr
2025-01-02T10:00:01.000000003Z stdout F second half
2025-01-02T10:00:02.000000001Z stdout P last words without an end
`)
	assert.ElementsMatch(t, []string{"before the empty line", "", "after the empty line", "something else on stderr",
		"ERROR first half of a long line, second half", "last words without an end"}, bodies)
}

func TestAgentJoinsPartsOfDocker(t *testing.T) {
	_, bodies := read(t, Agent, podFile, `{"log":"a part, ","stream":"stdout","time":"2025-01-02T10:00:02.1Z"}
{"log":"on stderr\n","stream":"stderr","time":"2025-01-02T10:00:02.2Z"}
{"log":"\n","stream":"stderr","time":"2025-01-02T10:00:02.2Z"}
{"log":"and its end\n","stream":"stdout","time":"2025-01-02T10:00:02.3Z"}
{"log":"no end","stream":"stdout","time":"2025-01-02T10:00:02.4Z"}
`)
	assert.ElementsMatch(t, []string{"a part, and its end", "on stderr", "", "no end"}, bodies)
}

// What the agent says of ordinary lines is what the operator container says.
func TestAgentSaysWhatContainerSays(t *testing.T) {
	const text = `2025-01-02T10:00:00.000000001Z stdout F containerd
2025-01-02T10:00:00Z stderr F 	indented
2025-01-02T18:00:00.123456789+08:00 stdout F CRI-O
2025-01-02T10:00:01Z stdout P part 
2025-01-02T10:00:02Z stdout F end
{"log":"Docker","stream":"stderr","time":"2025-01-02T10:00:02.1Z"}
no format of a container
2025-01-02T10:00:03Z stdin F no stream
`
	for _, name := range []string{podFile, podFile + ".20250102-100000", "/var/log/other/app.log"} {
		t.Run(name, func(t *testing.T) {
			got, _ := read(t, Agent, name, text)
			config, err := readConfig(t.Context(), Agent)
			require.NoError(t, err)
			config.Operators = []operator.Config{operator.NewConfig(container.NewConfig())}
			want, _ := readWith(t, config, name, text)
			assert.ElementsMatch(t, want, got)
		})
	}
}

func readWith(t *testing.T, config *fileConfig, name, text string) (records, bodies []string) {
	t.Helper()
	l := &lines{ctx: t.Context()}
	var err error
	l.in, err = splitLines(strings.NewReader(text), &config.Input)
	require.NoError(t, err)
	require.NoError(t, l.start(config, name))
	records, bodies, err = rest(l)
	require.NoError(t, err)
	return records, bodies
}

func TestAgentNamesNoPodOutsideOfPodLogs(t *testing.T) {
	got, bodies := read(t, Agent, "app.log", "2025-01-02T10:00:00Z stdout P one \n2025-01-02T10:00:00Z stdout F record\n")
	assert.Equal(t, []string{"one record"}, bodies)
	assert.NotContains(t, got[0], "k8s.")
	assert.Contains(t, got[0], "log.iostream:stdout")
}

func TestEdgeJoinsTraces(t *testing.T) {
	t.Setenv("SEALGATE_NODE", "edge-7")
	got, bodies := read(t, Edge, "/var/log/app.log", "starts\n\n  indented\nERROR failed\njava.io.IOException: x\n\tat a.B.c(D.java:1)\nbad \xff UTF-8\nends")
	assert.Equal(t, []string{"starts", "  indented", "ERROR failed\njava.io.IOException: x\n\tat a.B.c(D.java:1)", "bad \uFFFD UTF-8", "ends"}, bodies)
	assert.Equal(t, `map[host.name:edge-7 service.name:edge] map[log.file.path:/var/log/app.log] "starts" 1970-01-01 00:00:00 +0000 UTC 0 ""`, got[0])
}

func TestEdgeCutsALineOfMegabytes(t *testing.T) {
	_, bodies := read(t, Edge, "a.log", strings.Repeat("x", 3<<20)+"\nnext\n")
	assert.Equal(t, 3<<20, len(strings.Join(bodies[:len(bodies)-1], "")))
	assert.Equal(t, "next", bodies[len(bodies)-1])
	assert.Len(t, bodies, 4)
}

func TestManyBatchesKeepTheirOrder(t *testing.T) {
	var text strings.Builder
	var want []string
	for i := range 1234 {
		want = append(want, fmt.Sprintf("line %d", i))
		fmt.Fprintln(&text, want[i])
	}
	_, bodies := read(t, Edge, "a.log", text.String())
	assert.Equal(t, want, bodies)
}

func TestARuleOfOnesOwnIsAVariable(t *testing.T) {
	t.Setenv("SEALGATE_CONTINUES", `body startsWith "| " || body matches "^note: \\d"`)
	for as, prefix := range map[As]string{Edge: "", Agent: "2025-01-02T10:00:00Z stdout F "} {
		_, bodies := read(t, as, podFile, prefix+"one\n"+prefix+"| two\n"+prefix+"note: 3\n"+prefix+"four\n")
		assert.Equal(t, []string{"one\n| two\nnote: 3", "four"}, bodies, as)
	}
}

// The page says how to add rules: its examples do what it says.
func TestThePageAboutJoiningLinesIsRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/how-to-join-lines.md")
	require.NoError(t, err)
	rules := regexp.MustCompile(`(?m)^SEALGATE_CONTINUES='(.*)'$`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, rules, 2)
	for i, c := range []struct {
		text string
		want []string
	}{
		{"one\n| two\nERROR bad\nSTATEMENT: select\n  alone", []string{"one\n| two", "ERROR bad\nSTATEMENT: select", "  alone"}},
		{"2025-01-02 one\nwhatever\n2025-01-02 two", []string{"2025-01-02 one\nwhatever", "2025-01-02 two"}},
	} {
		t.Setenv("SEALGATE_CONTINUES", rules[i][1])
		_, bodies := read(t, Edge, "a.log", c.text)
		assert.Equal(t, c.want, bodies)
	}

	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	var content map[string]any
	require.NoError(t, yaml.Unmarshal(block[1], &content))
	part, err := confmap.NewFromStringMap(content).Sub("receivers::file_log")
	require.NoError(t, err)
	config := &fileConfig{Input: *file.NewConfig()}
	require.NoError(t, part.Unmarshal(config))
	config.Input.IncludeFilePath = true
	_, bodies := readWith(t, config, "a.log", "one\n| two\nError: x\n    at f (a.js:1:2)")
	assert.Equal(t, []string{"one\n| two", "Error: x", "at f (a.js:1:2)"}, bodies)
}

func TestOTLPIsReadAsItWasSent(t *testing.T) {
	const document = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
		"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","severityNumber":9,"body":{"stringValue":"one"}}]}]}]}`
	got, _ := read(t, OTLP, "-", document+"\n"+document)
	assert.Equal(t, []string{
		`map[service.name:shop] map[] "one" 1970-01-01 00:00:00.000000001 +0000 UTC 9 ""`,
		`map[service.name:shop] map[] "one" 1970-01-01 00:00:00.000000001 +0000 UTC 9 ""`,
	}, got)
}

func TestWhatIsNotOTLPIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"a line":                            "line 1: the document that begins here is no JSON",
		`{"resourceLogs":[]}{"resource`:     "line 1: the document that begins here is no JSON",
		`{"level":"info"}`:                  "it has no resourceLogs",
		`[1]`:                               "it has no resourceLogs",
		`{"resourceLogs":[{"resource":1}]}`: "the document that ends here is not OTLP",
		`{"resourceLogs":[{"x":"` + strings.Repeat("x", 64<<20): "more than 64 MiB",
	} {
		source, err := Open(t.Context(), OTLP, "-", strings.NewReader(text))
		require.NoError(t, err)
		_, _, err = rest(source)
		assert.ErrorContains(t, err, want)
		_, again := source.Next()
		assert.Equal(t, err, again, "any error is the last")
	}
}

func TestGzipIsUnpacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("one\ntwo\n"))
	require.NoError(t, z.Close())
	_, bodies := read(t, Edge, "a.log.gz", packed.String())
	assert.Equal(t, []string{"one", "two"}, bodies)

	source, err := Open(t.Context(), Edge, "a.log.gz", bytes.NewReader(packed.Bytes()[:packed.Len()-10]))
	require.NoError(t, err)
	_, _, err = rest(source)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAnUnknownReceiverIsRefused(t *testing.T) {
	_, err := Open(t.Context(), "gateway", "a.log", strings.NewReader(""))
	assert.EqualError(t, err, `"gateway" is not one of [agent edge otlp]`)
}
