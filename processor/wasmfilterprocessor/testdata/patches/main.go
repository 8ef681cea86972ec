// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command patches is a filter that does to each record what its attribute `do` says: a list of commands with a semicolon
// between two, each of words with a space between two. `trap` fails.
package main

import (
	"strconv"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

type filter struct{}

func init() { sdk.Register(filter{}) }

func main() {}

func (filter) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{
		Name: "patches", Version: "1", Columns: []string{sdk.Attr("do"), sdk.ColumnMatches}, Rules: []string{"patch"},
		Patches:   []string{sdk.ChangeAttributes, sdk.ChangeBody, sdk.ChangeSeverity},
		Detectors: []sdk.Detector{{Kind: sdk.DetectEmail}},
	}, nil
}

func (filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	for i := range v {
		do, _ := c.Record(i).Attr(sdk.Attr("do"))
		for command := range strings.SplitSeq(string(do), ";") {
			v[i] |= run(c, i, strings.Split(command, " "))
		}
	}
}

func run(c *sdk.Chunk, i int, words []string) sdk.Verdict {
	p := c.Patches()
	number := func(k int) int {
		n, _ := strconv.Atoi(words[k])
		return n
	}
	last := []byte(words[len(words)-1])
	switch words[0] {
	case "match":
		first, _ := c.Matches(i)
		p.ReplaceMatch(i, 1, first+number(1), last)
	case "range":
		p.ReplaceBody(i, 1, number(1), number(2), last)
	case "body":
		p.SetBody(i, 1, last)
	case "set":
		p.SetAttr(i, 1, words[1], last)
	case "huge":
		p.SetAttr(i, 1, "huge", make([]byte, number(1)))
	case "invalid":
		p.SetAttr(i, 1, "invalid", []byte("\xff"))
	case "delete":
		p.DeleteAttr(i, 1, words[1])
	case "severity":
		p.SetSeverity(i, 1, uint8(number(1)))
	case "route":
		p.SetRoute(i, 1, last)
	case "drop":
		return sdk.Drop(1)
	case "trap":
		panic("as it was told")
	}
	return sdk.Keep
}
