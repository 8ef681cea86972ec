// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package distributions

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Configurations of the shapes that docs/how-to/switch.md starts from, and the binary that takes each
// as it is.
func TestOtherCollectorsConfigurationsAreAccepted(t *testing.T) {
	const agent = gateway + "-agent"
	shape := func(name string) string { return filepath.Join(root(t), "distributions", "testdata", "switch", name) }
	for name, tt := range map[string]struct {
		binary  string
		configs []string
	}{
		"a gateway of the distribution k8s":            {gateway, []string{shape("k8s-gateway.yaml")}},
		"a DaemonSet of the distribution k8s":          {agent, []string{shape("k8s-node.yaml")}},
		"the same with the gateway's binary":           {gateway, []string{shape("k8s-node.yaml")}},
		"the chart's default values":                   {gateway, []string{shape("chart-defaults.yaml")}},
		"the chart with presets":                       {gateway, []string{shape("chart-defaults.yaml"), shape("chart-presets.yaml")}},
		"Fluent Bit in front of the agent":             {agent, []string{"embedded:agent", shape("fluent-bit.yaml")}},
		"Fluent Bit in front of the agent, nodes' own": {agent, []string{"embedded:agent", shape("fluent-bit.yaml"), "yaml:receivers::fluent_forward::endpoint: 'unix:///run/fluent.sock'"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := validate(t, tt.binary, tt.configs...)
			require.NoError(t, err, out)
		})
	}
}
