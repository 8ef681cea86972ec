// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// podLog is the log of a container as the kubelet keeps it.
type podLog struct {
	*site
	file    string // that the runtime writes
	written int    // lines so far
	rotated []string
}

func (s *site) newPodLog() *podLog {
	return &podLog{site: s, file: filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID, "app", "0.log")}
}

// line is the n-th. The filter keeps every error.
func (p *podLog) line(n int) string {
	return fmt.Sprintf("ERROR line %d of the many lines that are padded to about one hundred bytes in all", n)
}

// log writes so many lines.
func (p *podLog) log(n int) {
	lines := make([]string, n)
	for i := range lines {
		p.written++
		lines[i] = written(p.line(p.written))
	}
	p.write(p.file, lines...)
}

// rotate does what the kubelet does: it compresses what was rotated before, and renames the file.
func (p *podLog) rotate() {
	p.t.Helper()
	for i, name := range p.rotated {
		if filepath.Ext(name) != ".gz" {
			p.compress(name)
			p.rotated[i] = name + ".gz"
		}
	}
	name := fmt.Sprintf("%s.20261124-0800%02d", p.file, len(p.rotated))
	require.NoError(p.t, os.Rename(p.file, name))
	p.rotated = append(p.rotated, name)
}

func (p *podLog) compress(name string) {
	p.t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(p.t, err)
	f, err := os.Create(name + ".tmp")
	require.NoError(p.t, err)
	packed := gzip.NewWriter(f)
	_, err = packed.Write(content)
	require.NoError(p.t, err)
	require.NoError(p.t, packed.Close())
	require.NoError(p.t, f.Close())
	require.NoError(p.t, os.Rename(f.Name(), name+".gz"))
	require.NoError(p.t, os.Remove(name))
}

// assertOnce requires that each line came out, and none twice.
func (p *podLog) assertOnce() {
	p.t.Helper()
	counts, last := map[string]int{}, map[string]line{}
	lost, doubled := 0, 0
	err := harness.Poll(p.ctx, "every line", func(context.Context) (bool, error) {
		counts, last = p.site.lines()
		lost, doubled = 0, 0
		for n := 1; n <= p.written; n++ {
			switch count := counts[p.line(n)]; {
			case count == 0:
				lost++
			case count > 1:
				doubled++
			}
		}
		return lost == 0, nil
	})
	require.NoError(p.t, err, "%d of %d lines were lost", lost, p.written)
	require.Zero(p.t, doubled, "of %d lines came twice", p.written)
	last[p.line(1)].assertResource(p.t, map[string]string{"k8s.pod.name": pod, "k8s.deployment.name": "web", "service.name": "storefront"})
}

func TestAnAgentReadsWhatRotatedWhileItWasAway(t *testing.T) {
	s := newSite(t)
	p, env := s.newPodLog(), s.agentEnv()
	p.log(5000)
	agent := s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	p.assertOnce()
	require.NoError(t, agent.Stop())

	p.log(2500) // of a file that the agent has read in part, and that is compressed when it comes back
	p.rotate()
	p.log(5000) // of one that it never saw, compressed
	p.rotate()
	p.log(5000) // of one that was only renamed
	p.rotate()
	p.log(1)
	agent = s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	p.assertOnce()

	for range 2 { // and while it reads
		p.log(1000)
		p.rotate()
		p.log(249)
		p.assertOnce()
	}
	require.NoError(t, agent.Stop())
	s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	p.log(1)
	p.assertOnce()
	require.Equal(t, 20_000, p.written)
}
