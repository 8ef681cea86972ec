// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"maps"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Record is a log record in plain form.
type Record struct {
	Time      uint64 // nanoseconds since 1970
	Severity  uint8
	Body      string
	EventName string
	TraceID   [16]byte
	Protected bool
	Attrs     map[string]string
	Resource  map[string]string
	Matches   []Match // of those detectors that the filter has
}

// resourceKey is a number for a resource, the same for equal ones.
func resourceKey(resource map[string]string) uint64 {
	h := xxhash.New()
	for _, k := range slices.Sorted(maps.Keys(resource)) {
		h.WriteString(k + "\x00" + resource[k] + "\x00")
	}
	return h.Sum64()
}

// needles are the words of a body in the column needles.
func needles(body string, list []sdk.Needle) []uint64 {
	out := make([]uint64, max(1, (len(list)+63)/64))
	for i, n := range list {
		if contains(body, n) {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

func contains(body string, n sdk.Needle) bool {
	text := n.Text
	if n.Fold {
		body, text = string(lower(body)), string(lower(text))
	}
	parts := []string{text}
	if n.Glob {
		parts = strings.Split(text, "*")
	}
	for i, p := range parts {
		if i == 0 && n.Start {
			if !strings.HasPrefix(body, p) {
				return false
			}
			body = body[len(p):]
			continue
		}
		if i == len(parts)-1 && n.End {
			return strings.HasSuffix(body, p)
		}
		at := strings.Index(body, p)
		if at < 0 {
			return false
		}
		body = body[at+len(p):]
	}
	// One part at both ends is the whole.
	return !n.End || len(parts) > 1 || body == ""
}

// lower makes the letters of ASCII small, and no others.
func lower(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// Mask is a template in the simplest way: each word that has a digit becomes an
// asterisk. The host's is better, and the ids are not the same.
func Mask(body string) string {
	words := strings.Split(body, " ")
	for i, w := range words {
		if strings.ContainsAny(w, "0123456789") {
			words[i] = "*"
		}
	}
	return strings.Join(words, " ")
}
