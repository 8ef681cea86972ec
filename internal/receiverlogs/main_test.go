// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
