// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/sealgate/sealgate/wasmhost/columns"

// The memory of templates: sets of ways, the oldest of a set makes room for a new one. At most
// 4096 texts of 1 KiB.
const (
	templateSets    = 1024
	templateWays    = 4
	maxTemplateText = 1 << 10
)

// templates remembers the masked text of template ids seen last, so that a report can show it.
type templates struct {
	sets   [templateSets]templateSet
	masker columns.Masker
	masked []byte
}

type templateSet struct {
	ids  [templateWays]uint64
	text [templateWays]string // empty: free
	next uint8
}

func (t *templates) set(id uint64) *templateSet { return &t.sets[id%templateSets] }

// remember is told the body of a record, and does nothing where its template is known.
func (t *templates) remember(id uint64, body string) {
	s := t.set(id)
	if _, ok := s.find(id); ok {
		return
	}
	t.masked, _ = t.masker.Append(t.masked[:0], body[:min(len(body), 4*maxTemplateText)])
	s.ids[s.next], s.text[s.next] = id, clip(string(t.masked[:min(len(t.masked), maxTemplateText)]), maxTemplateText)
	s.next = (s.next + 1) % templateWays
	if cap(t.masked) > maxText {
		t.masked = nil
	}
}

func (t *templates) text(id uint64) string {
	text, _ := t.set(id).find(id)
	return text
}

func (s *templateSet) find(id uint64) (string, bool) {
	for w, have := range s.ids {
		if have == id && s.text[w] != "" {
			return s.text[w], true
		}
	}
	return "", false
}
