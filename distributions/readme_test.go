// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package distributions

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	remark  = regexp.MustCompile(`(?m)[ \t]*# .*$`) // a comment in a block
	heading = regexp.MustCompile(`(?m)^#+ `)
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	quoted  = regexp.MustCompile("`([^`\n]+)`")
)

// readme is what does not change when a README is translated.
type readme struct {
	headings, blocks []string // levels; blocks of code without their comments
	links, quotes    map[string]bool
}

func readReadme(t *testing.T, name string) readme {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), name))
	require.NoError(t, err)
	prose := fenced.ReplaceAllString(string(content), "")
	r := readme{headings: heading.FindAllString(prose, -1), links: captured(link, prose), quotes: captured(quoted, prose)}
	for _, code := range fenced.FindAllString(string(content), -1) {
		r.blocks = append(r.blocks, remark.ReplaceAllString(code, ""))
	}
	return r
}

// captured is the set of what the first group of a pattern matches.
func captured(pattern *regexp.Regexp, text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return found
}

func TestTheChineseReadmeKeepsInStepWithTheEnglish(t *testing.T) {
	const inEnglish, inChinese = "README.md", "README.zh-CN.md"
	english, chinese := readReadme(t, inEnglish), readReadme(t, inChinese)
	require.NotEmpty(t, english.blocks)

	english.links[inEnglish], chinese.links[inChinese] = true, true // each links to the other, none to itself
	const hint = "%s differ: expected is " + inEnglish + ", actual is " + inChinese + "; bring the one that was not changed in step"
	assert.Equal(t, english.headings, chinese.headings, hint, "levels of headings")
	assert.Equal(t, english.blocks, chinese.blocks, hint, "blocks of code")
	assert.Equal(t, english.links, chinese.links, hint, "targets of links")
	assert.Equal(t, english.quotes, chinese.quotes, hint, "commands, keys and files between backquotes")
}
