// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Names of what sealing adds. An attribute that comes in with such a name is
// sealed like any other, so that a sender cannot pretend.
const (
	sealedPrefix = "sealed."
	tokenPrefix  = "tok."

	nameKey      = "sealed.key"
	nameResource = "sealed.resource"
	nameScope    = "sealed.scope"
	nameSpan     = "sealed.span"

	// hiddenName is what the names of sealed spans and scopes become.
	hiddenName = "sealed"
)

// chunkSize is what Tempo leaves of an attribute by default, in bytes. It cuts
// longer ones without a word (max_attribute_bytes).
const chunkSize = 2048

func reserved(name string) bool {
	return strings.HasPrefix(name, sealedPrefix) || strings.HasPrefix(name, tokenPrefix)
}

// chunkName returns the name of the chunk i of what is called name.
func chunkName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
}

// putChunks puts text into as many attributes as it needs.
func putChunks(m pcommon.Map, name, text string) {
	for i := 0; ; i++ {
		n := min(len(text), chunkSize)
		m.PutStr(chunkName(name, i), text[:n])
		if text = text[n:]; text == "" {
			return
		}
	}
}

// joinChunks returns the text that putChunks put.
func joinChunks(m pcommon.Map, name string) (string, bool) {
	first, ok := m.Get(name)
	if !ok {
		return "", false
	}
	text := first.Str()
	if next, more := m.Get(chunkName(name, 1)); more {
		return joinMore(m, name, text+next.Str()), true
	}
	return text, true
}

func joinMore(m pcommon.Map, name, text string) string {
	var b strings.Builder
	b.WriteString(text)
	for i := 2; ; i++ {
		next, ok := m.Get(chunkName(name, i))
		if !ok {
			return b.String()
		}
		b.WriteString(next.Str())
	}
}

// removeOwn removes what sealing added.
func removeOwn(m pcommon.Map) {
	m.RemoveIf(func(name string, _ pcommon.Value) bool { return reserved(name) })
}
