// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// quiet is a filter of a few kilobytes: it drops what is below INFO, and counts what
// has one of some texts in it.
const quiet = "../../wasmfilters/quiet/c/quiet.wasm"

// inFile writes a file with a name.
func inFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const sampleLogs = `{"time":"2026-01-31T12:00:00Z","level":"info","msg":"order 4711 placed"}
{"time":"2026-01-31T12:00:01Z","level":"debug","msg":"cache hit"}
{"time":"2026-01-31T12:00:02Z","level":"info","msg":"GET /healthz 200"}
{"time":"2026-01-31T12:00:03Z","level":"error","msg":"GET /healthz 503"}
2026-01-31T12:00:04Z DEBUG a line	that is no JSON` + "\x1b[2J\n"

func TestAFilterIsTriedOnLogs(t *testing.T) {
	logs, config := inFile(t, "logs.jsonl", sampleLogs), inFile(t, "c.json", `{"contains":["GET /healthz"]}`)
	r := sealctl(t, "filter", "test", quiet, "--logs", logs, "--config", config)
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{
		"quiet 1.0.0, sha256:", "5 records, 111 bytes, of 2026-01-31T12:00:00Z to 2026-01-31T12:00:04Z",
		"kept                                               2  40.0     33  29.7\n",
		"dropped: severity                                  2  40.0     62  55.9\n",
		"dropped and counted: contains: GET /healthz        1  20.0     16  14.4\n",
		"dropped in all                                     3  60.0     78  70.3\n",
		"\nkept\n  INFO    order 4711 placed\n  ERROR   GET /healthz 503\n",
		"  DEBUG   cache hit\n  DEBUG   2026-01-31T12:00:04Z DEBUG a line\\tthat is no JSON\\x1b[2J\n",
		"reports: 1, which with representatives tell of 1 of 1 counted records\n",
		"templates kept most\n         1  GET /healthz 5<*>\n",
		"units a record", "pages of 64 KiB", "to compile",
	} {
		assert.Contains(t, r.stdout, want)
	}
	assert.NotContains(t, r.stdout, "note:")
}

func TestAFilterIsTriedOnLogsFromStdinAndFromSeveralFiles(t *testing.T) {
	r := sealctlWith(t, nil, sampleLogs, "filter", "test", quiet, "--logs", inFile(t, "a.log", "a\nb\n"), "--logs", "-", "--json")
	require.Equal(t, exitDone, r.code, r.stderr)
	var result filterbench.Result
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &result))
	assert.Equal(t, uint64(7), result.Records)
	assert.Equal(t, uint64(2), result.Timeless)
}

func TestNothingOfTheLogsIsShownUnlessItIsAskedFor(t *testing.T) {
	r := sealctlWith(t, nil, sampleLogs, "filter", "test", quiet, "--logs", "-", "--examples", "0", "--top", "0")
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, word := range []string{"order", "cache hit", "503", "JSON"} {
		assert.NotContains(t, r.stdout+r.stderr, word)
	}
}

func TestTheGuardAndTheClockAreAsAskedFor(t *testing.T) {
	lines := "DEBUG a\nDEBUG b\nno level\n"
	config := inFile(t, "c.json", `{"contains":[]}`)
	r := sealctlWith(t, nil, lines, "filter", "test", quiet, "--config", config, "--logs", "-", "--never-drop", "debug")
	assert.Contains(t, r.stdout, "kept by --never-drop: severity        2")
	assert.Contains(t, r.stdout, "note: 3 of 3 records have no time")
	assert.Contains(t, r.stdout, "note: 1 of 3 records have no severity that is known")
	r = sealctlWith(t, nil, lines, "filter", "test", quiet, "--config", config, "--logs", "-", "--never-drop", "NONE", "--time", "arrival", "--no-severity", "--infer-severity", "off")
	assert.NotContains(t, r.stdout, "have no time")
	assert.Contains(t, r.stdout, "note: 3 of 3 records have no severity")
	r = sealctlWith(t, nil, `{"level":"debug","msg":"x","audit":true}`, "filter", "test", quiet, "--config", config, "--logs", "-", "--never-drop-attribute", "audit=*")
	assert.Contains(t, r.stdout, "kept by --never-drop: severity")
}

func TestWhatCouldNotBeReadIsSaidAndTheRestIsJudged(t *testing.T) {
	r := sealctlWith(t, nil, "{\"msg\":\"a\"}\nnone\n", "filter", "test", quiet, "--logs", "-", "--format", "json")
	assert.Equal(t, exitPart, r.code)
	assert.Contains(t, r.stderr, "-: line 2: it is no JSON object")
	assert.Contains(t, r.stdout, "1 records")
}

func TestWhyAFilterCannotBeTriedIsSaid(t *testing.T) {
	logs, module := inFile(t, "a.log", "a\n"), inFile(t, "text.wasm", "hello")
	wrong := inFile(t, "wrong.json", `{"below":"LOUD"}`)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no module":                  {[]string{"test", module, "--logs", logs}, "is no WebAssembly module; build one: GOOS=wasip1"},
		"a module that is not there": {[]string{"test", "nowhere.wasm", "--logs", logs}, "nowhere.wasm: no such file"},
		"a filter that is not":       {[]string{"test", "builtin:nothing", "--logs", logs}, `there is no built-in filter "nothing"`},
		"a module of no filter":      {[]string{"test", inFile(t, "x.wasm", "\x00asm\x01\x00\x00\x00"), "--logs", logs}, "cannot run in the gateway"},
		"a refused configuration":    {[]string{"test", quiet, "--logs", logs, "--config", wrong}, "the guest refuses its configuration: `below`"},
		"a configuration in YAML":    {[]string{"test", quiet, "--logs", logs, "--config", inFile(t, "c.yaml", "below: INFO")}, "it is no JSON at byte 1"},
		"a configuration of nowhere": {[]string{"test", quiet, "--logs", logs, "--config", "nowhere.json"}, "nowhere.json"},
		"logs that are not there":    {[]string{"test", quiet, "--logs", "nowhere.log"}, "nowhere.log: no such file"},
		"logs without a record":      {[]string{"test", quiet, "--logs", inFile(t, "empty.log", "\n\n")}, "there is no log record in it"},
		"a checkout that is none":    {[]string{"new", "x", "--replace", t.TempDir()}, "is no checkout of github.com/sealgate/sealgate"},
		"a language that is none":    {[]string{"new", "x", "--lang", "cobol"}, "must be one of go, c, assemblyscript"},
		"a check of no module":       {[]string{"check", module}, "is no WebAssembly module"},
	} {
		r := sealctl(t, append([]string{"filter"}, c.args...)...)
		assert.Equal(t, exitNot, r.code, name)
		assert.Contains(t, r.stderr, c.want, name)
		assert.Empty(t, r.stdout, name)
	}
}

func TestAModuleIsCheckedWithALineForEachCheck(t *testing.T) {
	r := sealctl(t, "filter", "check", quiet, "--config", inFile(t, "c.json", `{"contains":["x"]}`))
	require.Equal(t, exitDone, r.code, r.stdout)
	assert.NotContains(t, r.stdout, "FAIL")
	assert.Contains(t, r.stdout, "ok    the gateway starts it with the configuration\n")
	assert.Contains(t, r.stdout, "ok    65535 records get as many verdicts\n")
}

func TestAModuleThatDoesNotStartFailsTheCheckWithTheReason(t *testing.T) {
	r := sealctl(t, "filter", "check", quiet, "--config", inFile(t, "c.json", `{"below":7.5}`))
	assert.Equal(t, exitPart, r.code)
	assert.Regexp(t, "^FAIL  the gateway starts it with the configuration: .*`below`.*\n$", r.stdout)
}

// Each of a dozen checks waited for its deadline, a minute and a half in all.
func TestTheCheckOfAFilterThatLoopsEndsAtTheFirstLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	module := sdktest.Compile(t, "../../processor/wasmfilterprocessor/testdata/broken")
	r := sealctl(t, "filter", "check", module)
	assert.Equal(t, exitPart, r.code)
	assert.Equal(t, 1, strings.Count(r.stdout, "FAIL"))
	assert.Contains(t, r.stdout, "loops for ever")
	assert.Contains(t, r.stdout, "the other checks are left out")
}

func TestWhatAFilterWritesIsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	module := sdktest.Compile(t, "testdata/talker")
	r := sealctl(t, "filter", "test", module, "--logs", inFile(t, "a.log", "panic\n"))
	assert.Equal(t, exitPart, r.code)
	assert.Contains(t, r.stdout, "the filter wrote\n  judging 1 records\n")
	assert.Contains(t, r.stdout, "panic: no record is called panic")
	r = sealctl(t, "filter", "test", module, "--logs", inFile(t, "a.log", "panic\n"), "--examples", "0", "--top", "0")
	assert.NotContains(t, r.stdout, "judging")
	assert.NotContains(t, r.stdout, "no record is called")
	r = sealctl(t, "filter", "check", module)
	assert.Contains(t, r.stdout, "panic: no record is called")
}

func TestAFilterThatIsShippedIsNamedAsInTheGateway(t *testing.T) {
	if len(builtin.Names()) == 0 {
		t.Skip("no filter is compiled in; `make filters` builds them")
	}
	config := inFile(t, "c.json", `{"rules":[{"name":"debug","drop":true,"severity_below":"INFO"}]}`)
	r := sealctlWith(t, nil, sampleLogs, "filter", "test", "builtin:rules", "--config", config, "--logs", "-")
	require.Equal(t, exitDone, r.code, r.stderr)
	assert.Contains(t, r.stdout, "dropped: debug")
}

func TestAnOutputOfAFilterThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, args := range [][]string{
		{"filter", "test", quiet, "--logs", inFile(t, "a.log", "a\n")}, {"filter", "check", quiet},
		{"filter", "new", "x", "--dir", t.TempDir(), "--replace", "../.."},
	} {
		var stderr strings.Builder
		require.Equal(t, exitNot, run(t.Context(), args, strings.NewReader(""), brokenPipe{}, &stderr), args)
		require.Contains(t, stderr.String(), "broken pipe")
	}
}

// inSkeleton runs a command in a skeleton, without a network.
func inSkeleton(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

// TestTheSkeletonBuildsAndPassesItsTestAndTheChecksAsItIs builds it outside of the repository, with the copy of the SDK.
func TestTheSkeletonBuildsAndPassesItsTestAndTheChecksAsItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	dir := filepath.Join(t.TempDir(), "made")
	r := sealctl(t, "filter", "new", "no-debug", "--dir", dir)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "make -C "+dir+" test try")
	inSkeleton(t, dir, "make", "all", "test")
	inSkeleton(t, dir, "go", "vet", ".")
	inSkeleton(t, dir, "sh", "-c", `test -z "$(gofmt -l .)"`)
	module, logs := filepath.Join(dir, "no-debug.wasm"), filepath.Join(dir, "sample.jsonl")
	r = sealctl(t, "filter", "check", module)
	require.Equal(t, exitDone, r.code, r.stdout)
	r = sealctl(t, "filter", "test", module, "--logs", logs)
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{"dropped: severity", "dropped and counted: texts", "tell of 1 of 1 counted records"} {
		assert.Contains(t, r.stdout, want)
	}
}

func TestTheSkeletonIsOfTheVersionsOfThisBuild(t *testing.T) {
	ours, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	_, ourGo, _ := strings.Cut(string(ours), "\n\n")
	ourGo, _, _ = strings.Cut(ourGo, "\n")
	dir, checkout := t.TempDir(), t.TempDir()
	require.Equal(t, exitDone, sealctl(t, "filter", "new", "x", "--dir", dir).code)
	for _, name := range []string{"go.mod", "sealgate/go.mod"} {
		mod, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(mod), "\n"+ourGo+"\n", name)
	}
	require.Equal(t, exitDone, sealctl(t, "filter", "new", "x", "--dir", checkout, "--replace", "../..").code)
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	require.NoError(t, err)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	assert.Contains(t, string(mod), "=> "+strconv.Quote(root)+"\n")
	assert.NoDirExists(t, filepath.Join(checkout, "sealgate"))
}

// TestSkeletonsInOtherLanguagesAreWhatTheExampleIs builds them where the toolchain is there.
func TestSkeletonsInOtherLanguagesAreWhatTheExampleIs(t *testing.T) {
	for lang, needs := range map[string]string{"c": "wasm-ld", "assemblyscript": "npm"} {
		t.Run(lang, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "made")
			r := sealctl(t, "filter", "new", "calm", "--lang", lang, "--dir", dir)
			require.Equal(t, exitDone, r.code, r.stderr)
			require.Contains(t, r.stdout, "make -C "+dir+" check try")
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				assert.NotContains(t, string(text), "{{", path)
				assert.NotContains(t, string(text), "quiet.", path)
				return err
			})
			require.NoError(t, err)
			tools, err := filepath.Abs("../../build/assemblyscript-0.28.20")
			require.NoError(t, err)
			if _, err := exec.LookPath(needs); err != nil || lang == "assemblyscript" && !isDir(tools) {
				t.Skip("no toolchain")
			}
			if lang == "assemblyscript" {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, "build"), 0o755))
				require.NoError(t, os.Symlink(tools, filepath.Join(dir, "build", filepath.Base(tools))))
			}
			inSkeleton(t, dir, "make")
			r = sealctl(t, "filter", "test", filepath.Join(dir, "calm.wasm"), "--logs", filepath.Join(dir, "sample.jsonl"))
			require.Equal(t, exitDone, r.code, r.stderr)
			assert.Contains(t, r.stdout, "calm 1.0.0")
		})
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func TestChangesAreShownBeforeAndAfter(t *testing.T) {
	const route = "../../wasmfilters/route/c/route.wasm"
	lines := "ERROR mail to a@b.co failed\nINFO none\n"
	r := sealctlWith(t, nil, lines, "filter", "test", route, "--logs", "-")
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{
		"changed: e-mail, 1 times\n", "changed: errors, 1 times\n  attribute sealgate.route\n    - \n    + errors\n",
		"  body\n    - ERROR mail to a@b.co failed\n    + ERROR mail to *** failed\n", "needs `allow: [attributes, body]`",
	} {
		assert.Contains(t, r.stdout, want)
	}
	r = sealctlWith(t, nil, lines, "filter", "test", route, "--logs", "-", "--examples", "0", "--top", "0")
	assert.NotContains(t, r.stdout, "a@b.co")
	r = sealctlWith(t, nil, lines, "filter", "test", route, "--logs", "-", "--allow", "body")
	assert.Equal(t, exitNot, r.code)
	assert.Contains(t, r.stderr, "not allowed")
	r = sealctlWith(t, nil, lines, "filter", "test", route, "--logs", "-", "--allow", "time")
	assert.Equal(t, exitNot, r.code)
}

func TestTheSkeletonOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "filter.go")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	r := sealctl(t, "filter", "new", "x", "--dir", dir, "--replace", "../..")
	assert.Equal(t, exitNot, r.code)
	assert.Contains(t, r.stderr, "filter.go is there already, and is not overwritten")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 1, "nothing else was written either")
}

func TestAFilterIsTriedOnLogsAsANodeReadsThem(t *testing.T) {
	const trace = "ERROR failed\nError: x\n    at f (a.js:1:2)\n"
	cri := strings.ReplaceAll("2026-01-31T12:00:00Z stderr F "+strings.TrimSpace(trace), "\n", "\n2026-01-31T12:00:00Z stderr F ")
	for as, logs := range map[string]string{
		"edge":  trace + "done",
		"agent": cri + "\n2026-01-31T12:00:01Z stdout F done",
		"otlp":  `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"ERROR failed\nError: x\n    at f (a.js:1:2)"}},{"body":{"stringValue":"done"}}]}]}]}`,
	} {
		t.Run(as, func(t *testing.T) {
			r := sealctl(t, "filter", "test", quiet, "--as", as, "--infer-severity", "off", "--logs", inFile(t, "app.log", logs))
			require.Equal(t, exitDone, r.code, r.stderr)
			assert.Contains(t, r.stdout, "2 records, 45 bytes")
			assert.Contains(t, r.stdout, `ERROR failed\nError: x\n    at f (a.js:1:2)`)
			assert.Contains(t, r.stdout, "2 of 2 records have no severity", "the receiver sets none")
		})
	}
	r := sealctl(t, "filter", "test", quiet, "--as", "gateway", "--logs", "app.log")
	assert.NotEqual(t, exitDone, r.code)
	assert.Contains(t, r.stderr, `--as "gateway" is not one of [agent edge otlp]`)
}
