// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/load"
)

// A filter that breaks holds nobody up, and what it fails to judge goes where the
// configuration says.
func TestABrokenFilterLosesNothingThatIsNotCounted(t *testing.T) {
	t.Parallel()
	guest := buildGuest(t)
	for _, c := range []struct {
		mode, onError string
		kind          []string
	}{
		{"loop", "pass", []string{"kind", "fuel"}},
		{"panic", "drop", []string{"kind", "trap"}},
		{"bomb", "pass", nil}, // the kind depends on what is asked for first: fuel or memory
	} {
		t.Run(fmt.Sprintf("%s, %s", c.mode, c.onError), func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			s := newSite(ctx, t,
				// The first chunks it judges, so that it owes reports when it breaks.
				fmt.Sprintf("processors::wasmfilter: {module: %s, on_error: %s, memory_mib: 16, config: {mode: %s, after: 5}}", guest, c.onError, c.mode))
			logs := s.sendLogs(ctx, t, load.Options{Rate: 4000, Items: 8000})
			spans := s.sendSpans(ctx, t, load.Options{Rate: 1000, Items: 2000})
			s.settled(ctx, t, logs, spans)
			assert.Equal(t, 2000, spans.Report().Delivered, "other signals do not notice")
			assert.Positive(t, s.counter(ctx, t, "otelcol_processor_wasmfilter_errors", c.kind...))
			assert.Equal(t, c.onError == "drop", s.counter(ctx, t, "otelcol_processor_wasmfilter_dropped", "rule", "on_error") > 0)
		})
	}
}

// buildGuest builds the guest with which the host itself is tested; it misbehaves as
// it is told.
func buildGuest(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", path, "../../wasmhost/testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}
