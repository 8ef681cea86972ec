// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nodenetworkreceiver

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// scrapeOnce returns the sums of one scrape by metric and attributes, such as "system.network.io eth0 receive".
func scrapeOnce(t *testing.T, root string) map[string]int64 {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.RootPath = root
	node := &nodeScraper{config: config, settings: receivertest.NewNopSettings(NewFactory().Type())}
	require.NoError(t, node.start(t.Context(), componenttest.NewNopHost()))
	metrics, err := node.scrape(t.Context())
	require.NoError(t, err)
	return sums(metrics)
}

func sums(metrics pmetric.Metrics) map[string]int64 {
	found := map[string]int64{}
	for _, resource := range metrics.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, m := range scope.Metrics().All() {
				for _, point := range m.Sum().DataPoints().All() {
					name := []string{m.Name()}
					for _, key := range []string{"device", "direction", "state"} {
						if value, ok := point.Attributes().Get(key); ok {
							name = append(name, value.Str())
						}
					}
					found[strings.Join(name, " ")] = point.IntValue()
				}
			}
		}
	}
	return found
}

func TestMeasuresTheNetworkOfTheFirstProcess(t *testing.T) {
	got := scrapeOnce(t, "testdata/root")
	want := map[string]int64{
		"system.network.io lo receive": 1000, "system.network.io lo transmit": 1000,
		"system.network.io eth0 receive": 5000, "system.network.io eth0 transmit": 6000,
		"system.network.packets lo receive": 10, "system.network.packets lo transmit": 10,
		"system.network.packets eth0 receive": 50, "system.network.packets eth0 transmit": 60,
		"system.network.errors lo receive": 0, "system.network.errors lo transmit": 0,
		"system.network.errors eth0 receive": 1, "system.network.errors eth0 transmit": 3,
		"system.network.dropped lo receive": 0, "system.network.dropped lo transmit": 0,
		"system.network.dropped eth0 receive": 2, "system.network.dropped eth0 transmit": 4,
	}
	for _, state := range states {
		want["system.network.connections "+state] = 0
	}
	want["system.network.connections LISTEN"] = 1
	want["system.network.connections ESTABLISHED"] = 2
	assert.Equal(t, want, got)
}

const childVariable = "NODE_NETWORK_TEST_CHILD"

// A pod has a network of its own. It is measured from within one that the node is measured from.
func TestMeasuresTheNodeFromAnotherNetwork(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		interfaces, err := net.Interfaces()
		require.NoError(t, err)
		require.Len(t, interfaces, 1, "a new network has the loopback interface alone")
		require.NoError(t, json.NewEncoder(os.Stdout).Encode(scrapeOnce(t, "/")))
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a connection that the other network does not have
	require.NoError(t, err)
	defer listener.Close()

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), childVariable+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	if os.IsPermission(err) {
		t.Skipf("this system does not allow a new network: %v", err)
	}
	require.NoError(t, err, "%s", out)
	var got map[string]int64
	require.NoError(t, json.NewDecoder(strings.NewReader(string(out))).Decode(&got), "%s", out)

	of := scrapeOnce(t, "/")
	for name := range of {
		assert.Contains(t, got, name, "what is measured on the node is measured from another network")
	}
	assert.Positive(t, got["system.network.connections LISTEN"])
}

func TestReportsANodeThatCannotBeRead(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("testdata/root")))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "proc/1/net")))
	node := &nodeScraper{config: createDefaultConfig().(*Config), settings: receivertest.NewNopSettings(NewFactory().Type())}
	node.config.RootPath = root
	require.NoError(t, node.start(t.Context(), componenttest.NewNopHost()))
	_, err := node.scrape(t.Context())
	assert.ErrorContains(t, err, "interfaces of the node")
	assert.ErrorContains(t, err, "connections of the node")

	node.config.RootPath = t.TempDir()
	assert.ErrorContains(t, node.start(t.Context(), componenttest.NewNopHost()), "`root_path` is "+node.config.RootPath)
}

func TestTheSampleShowsEveryKey(t *testing.T) {
	sample, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := sample.Sub("node_network")
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(config))
	assert.Equal(t, "/hostfs", config.RootPath)
	assert.False(t, config.Metrics.SystemNetworkConnections.Enabled)
	assert.True(t, config.Metrics.SystemNetworkIo.Enabled)
}
