// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/labelbackends"
)

// requireGolden compares text with a golden file, or writes it with -update.
func requireGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", "labels", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestTheFragmentsAreAsInTheGoldenFiles(t *testing.T) {
	dotted := writeFile(t, "gateway.yaml", "processors: {cloudlabels: {key_style: dotted, promote: false, logs: {key_style: underscore}}}\n")
	for name, config := range map[string][]string{
		"default": nil,
		"dotted":  {"--config", dotted},
	} {
		for _, backend := range labelbackends.Names() {
			t.Run(backend+" "+name, func(t *testing.T) {
				r := sealctl(t, append([]string{"labels", "--for", backend}, config...)...)
				require.Equal(t, exitDone, r.code, r.stderr)
				requireGolden(t, backend+"-"+name+".yaml", r.stdout)
			})
		}
	}
}

func TestAConfigurationIsReadAsTheGatewayReadsIt(t *testing.T) {
	t.Setenv("STYLE", "dotted")
	part := writeFile(t, "part.yaml", "dotted")
	for name, configs := range map[string][]string{
		"embedded, and an inline override": {"embedded:gateway", "yaml:processors::cloudlabels::key_style: dotted"},
		"a variable":                       {"yaml:processors: {cloudlabels: {key_style: '${env:STYLE}'}}"},
		"a variable without a scheme":      {"yaml:processors: {cloudlabels: {key_style: '${STYLE}'}}"},
		"a variable's default":             {"yaml:processors: {cloudlabels: {key_style: '${env:NO_SUCH_VARIABLE:-dotted}'}}"},
		"another file":                     {"yaml:processors: {cloudlabels: {key_style: '${file:" + part + "}'}}"},
		"one signal's":                     {"yaml:processors: {cloudlabels: {traces: {key_style: dotted}}}"},
		"the only one, by whatever name":   {"yaml:processors: {cloudlabels/x: {key_style: dotted}}"},
		"a file":                           {writeFile(t, "gateway.yaml", "processors: {cloudlabels: {key_style: dotted}}")},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"labels", "--for", "tempo"}
			for _, c := range configs {
				args = append(args, "--config", c)
			}
			r := sealctl(t, args...)
			require.Equal(t, exitDone, r.code, r.stderr)
			require.Contains(t, r.stdout, "name: cloud.provider,")
		})
	}
}

func TestOneOfSeveralProcessorsIsChosen(t *testing.T) {
	config := "yaml:processors: {cloudlabels: , cloudlabels/traces: {key_style: dotted}}"
	r := sealctl(t, "labels", "--for", "tempo", "--config", config, "--processor", "cloudlabels/traces")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "name: cloud.provider,")
}

func TestAConfigurationThatWillNotDoIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no backend":            {[]string{"labels"}, `--for "" must be one of prometheus, loki, tempo`},
		"another backend":       {[]string{"labels", "--for", "mimir"}, `--for "mimir" must be one of prometheus, loki, tempo`},
		"an argument":           {[]string{"labels", "--for", "tempo", "gateway.yaml"}, `"gateway.yaml"`},
		"no processor":          {[]string{"labels", "--for", "tempo", "--config", "yaml:receivers: {otlp: }"}, "there is no processor cloudlabels in it"},
		"several processors":    {[]string{"labels", "--for", "tempo", "--config", "yaml:processors: {cloudlabels: , cloudlabels/x: }"}, "--processor cloudlabels|cloudlabels/x"},
		"a processor elsewhere": {[]string{"labels", "--for", "tempo", "--processor", "cloudlabels/x"}, "--config"},
		"a processor not there": {[]string{"labels", "--for", "tempo", "--config", "embedded:gateway", "--processor", "cloudlabels/x"}, "there is cloudlabels"},
		"a wrong setting":       {[]string{"labels", "--for", "tempo", "--config", "yaml:processors::cloudlabels::key_style: camel"}, "processors::cloudlabels: `key_style` is \"camel\""},
		"an unknown setting":    {[]string{"labels", "--for", "tempo", "--config", "yaml:processors::cloudlabels::keystyle: dotted"}, "keystyle"},
		"no such file":          {[]string{"labels", "--for", "tempo", "--config", "nowhere.yaml"}, "nowhere.yaml"},
		"no such configuration": {[]string{"labels", "--for", "tempo", "--config", "embedded:gatway"}, "gateway"},
		"no resource":           {[]string{"labels", "explain"}, "--resource FILE"},
		"no such resource":      {[]string{"labels", "explain", "--resource", "nowhere.json"}, "nowhere.json"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sealctl(t, c.args...)
			require.Equal(t, exitNot, r.code)
			require.Empty(t, r.stdout)
			require.Contains(t, r.stderr, c.want)
		})
	}
}

// A resource in which every rule decides something.
const everyRule = `{
	"k8s.cluster.name": "idc-7",
	"cloud.provider": "aliyun",
	"cloudRegion": "cn-shenzhen-a",
	"cloud.availability_zone": "cn-shenzhen",
	"k8s.node.provider_id": "cn-shenzhen.i-bp15hr53jws84akg4gkd",
	"host.type": 7,
	"service.name": "checkout"
}`

func TestAnExplanationNamesValueRuleOriginAndTheNamesInTheBackends(t *testing.T) {
	config := "yaml:processors: {cloudlabels: {static: [{match: {k8s.cluster.name: idc-*}, set: {cloud.account.id: '7'}}], traces: {key_style: dotted}}}"
	args := []string{"labels", "explain", "--resource", "-", "--config", config}
	r := sealctlWith(t, nil, everyRule, args...)
	require.Equal(t, exitDone, r.code, r.stderr)
	requireGolden(t, "explained.txt", r.stdout)

	r = sealctlWith(t, nil, everyRule, append(args, "--json")...)
	require.Equal(t, exitDone, r.code, r.stderr)
	var all []explained
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &all))
	requireGolden(t, "explained.json", r.stdout)
}

func TestAResourceMayBeAnObjectOrThatOfOTLP(t *testing.T) {
	object := sealctlWith(t, nil, `{"cloud.provider": "aliyun", "host.type": 7}`, "labels", "explain", "--resource", "-")
	otlp := sealctlWith(t, nil, `{"attributes": [
		{"key": "cloud.provider", "value": {"stringValue": "aliyun"}},
		{"key": "host.type", "value": {"intValue": "7"}}]}`, "labels", "explain", "--resource", "-")
	require.Equal(t, exitDone, object.code, object.stderr)
	require.Equal(t, object, otlp)
}

func TestALabelThatIsDroppedHasNoNameInTheBackends(t *testing.T) {
	r := sealctlWith(t, nil, `{"cloud.provider": "nimbus"}`, "labels", "explain", "--resource", "-",
		"--config", "yaml:processors::cloudlabels::on_unknown: drop")
	require.Equal(t, exitDone, r.code, r.stderr)
	assert.Contains(t, r.stdout, "canonical, dropped")
	assert.NotContains(t, r.stdout, "cloud_provider")
}

func TestAResourceWithoutCloudLabelsIsSaidToBeOne(t *testing.T) {
	r := sealctlWith(t, nil, `{"service.name": "checkout"}`, "labels", "explain", "--resource", "-")
	require.Equal(t, result{exitDone, "it has no cloud labels, and nothing from which they could be inferred\n", ""}, r)
	r = sealctlWith(t, nil, `{}`, "labels", "explain", "--resource", "-", "--json")
	require.Equal(t, result{exitDone, "[]\n", ""}, r)
}

func TestWhatIsNoResourceIsRefused(t *testing.T) {
	for _, text := range []string{``, `[]`, `"x"`, `{"attributes": [7]}`, `{"a": 1} {}`} {
		r := sealctlWith(t, nil, text, "labels", "explain", "--resource", "-")
		require.Equal(t, exitNot, r.code, text)
		require.NotEmpty(t, r.stderr, text)
	}
}

func FuzzResource(f *testing.F) {
	f.Add([]byte(everyRule))
	f.Add([]byte(`{"attributes": [{"key": "cloud.provider", "value": {"arrayValue": {}}}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = parseResource(text) })
}
