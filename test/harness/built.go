// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os"
	"testing"
)

// Built returns the path of the binary that an environment variable names,
// SEALGATE_BIN say, or skips the test: `make test` builds them all.
func Built(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s does not name a built binary; `make test` builds it and runs this test", variable)
	}
	return path
}
