// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestHelpIsAsInTheGoldenFiles(t *testing.T) {
	cases := map[string][]string{"overview": {"help"}}
	for _, c := range commands() {
		cases[strings.ReplaceAll(c.name, " ", "-")] = append(strings.Fields(c.name), "-h")
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			r := sealctl(t, args...)
			require.Equal(t, exitDone, r.code)
			require.Empty(t, r.stderr)
			path := filepath.Join("testdata", "help", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(r.stdout), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), r.stdout)
		})
	}
}

func TestHelpOfACommandIsTheSameEitherWay(t *testing.T) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		require.Equal(t, sealctl(t, append([]string{"help"}, words...)...), sealctl(t, append(words, "--help")...))
	}
}

func TestWithoutACommandTheCommandsAreListedAndNothingIsDone(t *testing.T) {
	r := sealctl(t)
	require.Equal(t, exitNot, r.code)
	require.Empty(t, r.stdout)
	require.Equal(t, overview(), r.stderr)
}

func TestAnUnknownCommandIsNamedAndTheCommandsAreListed(t *testing.T) {
	for _, args := range [][]string{{"decypt"}, {"help", "decypt"}, {"filter", "decypt"}, {"help", "filter", "decypt"}} {
		r := sealctl(t, args...)
		require.Equal(t, exitNot, r.code)
		require.Regexp(t, `there is no command "(filter )?decypt"`, r.stderr)
		require.Contains(t, r.stderr, "decrypt         turn sealed files into OTLP")
	}
}

func TestAWrongCommandLineSaysWhatIsWrongAndHowToGoOn(t *testing.T) {
	key := symmetricKey(t, testKey)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":           {[]string{"verify", "--kye", "x"}, "flag provided but not defined: -kye"},
		"inspect nothing":        {[]string{"inspect"}, "no file: name sealed files"},
		"verify without a key":   {[]string{"verify", "x"}, "no key: give the reader's with --key FILE"},
		"verify without a path":  {[]string{"verify", "--key", key}, "no file: name sealed files"},
		"decrypt without a key":  {[]string{"decrypt", "x"}, "no key"},
		"decrypt to xml":         {[]string{"decrypt", "--format", "xml"}, "neither json nor protobuf"},
		"decrypt profiles":       {[]string{"decrypt", "--signal", "profiles"}, "one of traces, logs, metrics"},
		"an odd time":            {[]string{"decrypt", "--from", "noon"}, `--from "noon" is no time`},
		"a time long ago":        {[]string{"decrypt", "--from", "1914-01-01"}, "the year must be 1970 to 2261"},
		"a range that is none":   {[]string{"decrypt", "--from", "2026-02-01", "--to", "2026-01-01"}, "exchange them"},
		"replay to nowhere":      {[]string{"replay", "--key", key, "x"}, "no endpoint"},
		"replay by pigeon":       {[]string{"replay", "--protocol", "pigeon", "--endpoint", "x:1"}, "neither grpc nor http"},
		"replay backwards":       {[]string{"replay", "--rate", "-1"}, "must not be negative"},
		"an endpoint by ftp":     {[]string{"replay", "--endpoint", "ftp://x:1"}, "is not an endpoint"},
		"a password in a URL":    {[]string{"replay", "--endpoint", "https://u:p@x:1"}, "password"},
		"gRPC with a path":       {[]string{"replay", "--endpoint", "http://x:1/v1/traces"}, "was --protocol http meant?"},
		"gRPC without a port":    {[]string{"replay", "--endpoint", "http://x"}, "has no port"},
		"TLS and not":            {[]string{"replay", "--endpoint", "https://x:1", "--insecure"}, "leave out one"},
		"a CA without TLS":       {[]string{"replay", "--endpoint", "http://x:1", "--ca", "y"}, "write https://"},
		"a header without value": {[]string{"replay", "--endpoint", "http://x:1", "--header", "secret"}, "NAME=VALUE"},
		"unseal a file":          {[]string{"unseal", "--key", key, "a.json"}, "< a.json"},
		"unseal from elsewhere":  {[]string{"unseal", "--key", key, "--from-backend", "jaeger"}, "one of tempo, loki, auto"},
		"token of nothing":       {[]string{"token", "--search-key", key}, "an attribute and a value"},
		"token without a key":    {[]string{"token", "user.id", "1"}, "no search key"},
		"token with two keys":    {[]string{"token", "--search-key", key, "--search-key-env", "X", "user.id", "1"}, "two search keys"},
		"token for elsewhere":    {[]string{"token", "--search-key", key, "--for", "jaeger", "user.id", "1"}, "neither tempo nor loki"},
		"rewrap nothing":         {[]string{"rewrap", "--key", key, "x"}, "nothing to do"},
		"remove a person":        {[]string{"rewrap", "--remove", "bob"}, "is no recipient"},
		"add and remove":         {[]string{"rewrap", "--add", key, "--remove", kekName(t)}, "decide on one"},
		"a command without id":   {[]string{"verify", "--key-command", "prog", "x"}, "ID=PROGRAM"},
		"keygen with arguments":  {[]string{"keygen", "x"}, "takes no argument"},
		"keygen twice protected": {[]string{"keygen", "--symmetric", "--passphrase-env", "X"}, "cannot have a passphrase"},
		"an empty key flag":      {[]string{"verify", "--key", "", "x"}, "it is empty"},
		"test of no filter":      {[]string{"filter", "test", "--logs", "x"}, "it takes one module, there are 0"},
		"test of two filters":    {[]string{"filter", "test", "a", "b", "--logs", "x"}, "it takes one module, there are 2"},
		"test without logs":      {[]string{"filter", "test", "a"}, "no logs: name a file of them with --logs FILE"},
		"test by the moon":       {[]string{"filter", "test", "a", "--logs", "x", "--time", "moon"}, "neither record nor arrival"},
		"test of XML":            {[]string{"filter", "test", "a", "--logs", "x", "--format", "xml"}, "one of [auto plain json otlp]"},
		"test with less":         {[]string{"filter", "test", "a", "--logs", "x", "--examples", "-1"}, "must not be negative"},
		"test without memory":    {[]string{"filter", "test", "a", "--logs", "x", "--memory-mib", "0"}, "must be 1 to 4096"},
		"a loud guard":           {[]string{"filter", "test", "a", "--logs", "x", "--never-drop", "LOUD"}, "one of TRACE, DEBUG"},
		"a guard of nothing":     {[]string{"filter", "test", "a", "--logs", "x", "--never-drop-attribute", "=x"}, "is not NAME=VALUE"},
		"check nothing":          {[]string{"filter", "check"}, "it takes one module, there are 0"},
		"a filter without name":  {[]string{"filter", "new"}, "it takes one name"},
		"a name with a path":     {[]string{"filter", "new", "../x"}, "it takes one name"},
		"selftest of something":  {[]string{"selftest", "x"}, "takes no argument"},
		"version of something":   {[]string{"version", "x"}, "takes no argument"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sealctl(t, c.args...)
			assert.Equal(t, exitNot, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, c.want)
			assert.Contains(t, r.stderr, "usage: sealctl "+c.args[0])
		})
	}
}

func TestASecretHeaderIsNotRepeatedInAnError(t *testing.T) {
	r := sealctl(t, "replay", "--endpoint", "http://x:1", "--header", "Bearer-s3cret")
	require.NotContains(t, r.stderr, "s3cret")
}

func TestFlagsMayStandBehindArguments(t *testing.T) {
	for _, c := range []struct{ args, rest []string }{
		{[]string{"--a", "1", "x", "y"}, []string{"x", "y"}},
		{[]string{"x", "--a", "1", "y"}, []string{"x", "y"}},
		{[]string{"x", "y", "--a=1"}, []string{"x", "y"}},
		{[]string{"x", "--a=1", "--", "--y"}, []string{"x", "--y"}},
		{[]string{"--a=1", "-"}, []string{"-"}},
	} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		a := fs.String("a", "", "")
		rest, err := parse(fs, c.args)
		require.NoError(t, err)
		require.Equal(t, "1", *a)
		require.Equal(t, c.rest, rest)
	}
}

func TestControlCharactersDoNotReachATerminal(t *testing.T) {
	require.Equal(t, `a\x1b[2Jb`, printable("a\x1b[2Jb"))
	require.Equal(t, "a\ufffd2Jb", printable("a\x9b2Jb"))
	require.Equal(t, "SM2 密钥\n", printable("SM2 密钥\n"))
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAnOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	for _, args := range [][]string{
		{"version"}, {"selftest"}, {"inspect", dir}, {"inspect", "--json", dir}, {"verify", "--key", key, dir},
		{"decrypt", "--key", key, dir}, {"token", "--search-key", key, "a", "b"},
	} {
		var stderr strings.Builder
		require.Equal(t, exitNot, run(t.Context(), args, strings.NewReader(""), brokenPipe{}, &stderr), args)
		require.Contains(t, stderr.String(), "broken pipe")
	}
}

func TestVersionNamesWhatItIsBuiltOf(t *testing.T) {
	r := sealctl(t, "version")
	require.Equal(t, exitDone, r.code)
	for _, name := range []string{"sealctl  dev", "go       go1.", "gmsm     ", "format   up to 1"} {
		require.Contains(t, r.stdout, name)
	}
}

func TestSelftestSaysOkAndWhatItRunsOn(t *testing.T) {
	r := sealctl(t, "selftest")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.True(t, strings.HasPrefix(r.stdout, "ok\n"), r.stdout)
	require.Contains(t, r.stdout, "MB/s")
}

func TestProgressIsShownOnATerminalOrWhereAskedFor(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		for _, forced := range []bool{false, true} {
			var stderr strings.Builder
			e := newEnv(strings.NewReader(""), io.Discard, &stderr)
			c := newClock()
			c.use(e)
			e.terminal = terminal
			p := e.newProgress(forced)
			p.show("too early")
			_ = c.sleep(t.Context(), progressInterval)
			p.show("file %d", 1)
			p.end()
			require.Equal(t, terminal || forced, strings.Contains(stderr.String(), "file 1"))
			require.NotContains(t, stderr.String(), "too early")
		}
	}
}
