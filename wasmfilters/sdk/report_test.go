// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestALongTextIsCutBeforeARune(t *testing.T) {
	for _, r := range []string{"x", "é", "退", "\U0001F600"} {
		for shift := range 4 {
			text := cutText(strings.Repeat("x", shift) + strings.Repeat(r, MaxReportText))
			if !utf8.ValidString(text) || len(text) > MaxReportText || len(text) <= MaxReportText-utf8.UTFMax {
				t.Errorf("%q after %d bytes is cut to %d bytes: %q", r, shift, len(text), text[len(text)-4:])
			}
		}
	}
	if bad := cutText(strings.Repeat("\x80", 2*MaxReportText)); len(bad) < MaxReportText-utf8.UTFMax {
		t.Errorf("what is not UTF-8 is cut to %d bytes", len(bad))
	}
}
