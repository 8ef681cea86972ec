// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// expectation is a kept.txt.
type expectation struct {
	as     string
	filter map[string]any // of the processor; nil: as the agent is shipped
	checks []check
}

// check compares an outcome with one line of kept.txt.
type check func(t *testing.T, o *outcome)

func readExpectation(t *testing.T, dir string) *expectation {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "kept.txt"))
	require.NoError(t, err)
	e := &expectation{as: "agent"}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		require.NoError(t, e.read(line), "%s: %s", dir, line)
	}
	return e
}

func (e *expectation) read(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimLeft(rest, " ")
	switch word {
	case "as":
		e.as = rest
	case "module":
		e.filter = map[string]any{"module": rest}
	case "config":
		config := map[string]any{}
		e.filter["config"] = config
		return json.Unmarshal([]byte(rest), &config)
	case "records":
		n, err := strconv.Atoi(rest)
		e.checks = append(e.checks, func(t *testing.T, o *outcome) { assert.Len(t, o.bodies, n, "records that are read") })
		return err
	case "read":
		body := strings.ReplaceAll(rest, `\n`, "\n")
		e.checks = append(e.checks, func(t *testing.T, o *outcome) { assert.Contains(t, o.bodies, body, "records that are read") })
	case "counted":
		return e.readCounted(rest)
	case "all":
		e.checks = append(e.checks, func(t *testing.T, o *outcome) {
			assert.Equal(t, linesWith(o.bodies, rest), linesWith(o.keptBodies(), rest), "every line with %q is kept", rest)
		})
	default:
		return e.readKept(word, rest)
	}
	return nil
}

var countPattern = regexp.MustCompile(`^(\d+)(?:-(\d+)|(\+))?$`)

// readKept reads how many lines with a text are kept.
func (e *expectation) readKept(count, text string) error {
	m := countPattern.FindStringSubmatch(count)
	if m == nil {
		return fmt.Errorf("%q is not a number of lines", count)
	}
	least, _ := strconv.Atoi(m[1])
	most := least
	if m[2] != "" {
		most, _ = strconv.Atoi(m[2])
	} else if m[3] != "" {
		most = math.MaxInt
	}
	e.checks = append(e.checks, func(t *testing.T, o *outcome) {
		n := len(linesWith(o.keptBodies(), text))
		assert.True(t, least <= n && n <= most, "%d lines with %q are kept; it should be %s", n, text, count)
	})
	return nil
}

func (e *expectation) readCounted(rest string) error {
	var n int
	var key, value string
	if _, err := fmt.Sscanf(strings.Replace(rest, "=", " ", 1), "%d %s %s", &n, &key, &value); err != nil {
		return err
	}
	e.checks = append(e.checks, func(t *testing.T, o *outcome) {
		if o.counted != nil {
			assert.Equal(t, n, o.counted(key, value), "records that are counted under %s=%s", key, value)
		}
	})
	return nil
}

// linesWith returns the lines of all bodies that contain a text.
func linesWith(bodies []string, text string) (lines []string) {
	for _, body := range bodies {
		for line := range strings.SplitSeq(body, "\n") {
			if strings.Contains(line, text) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func TestExpectationsThatAreWrongAreRefused(t *testing.T) {
	for _, line := range []string{"some text", "5- text", "records many", "counted 3 pod", "config {", "-1 text"} {
		e := &expectation{filter: map[string]any{}}
		assert.Error(t, e.read(line), line)
	}
}

func TestAnExpectationSeesAWrongOutcome(t *testing.T) {
	o := &outcome{bodies: []string{"a 1", "a 2\nb", "c"}, kept: []bool{true, true, false}, counted: func(string, string) int { return 2 }}
	right := []string{"3", "2-3", "2 a", "1+ b", "all a", "0 c", "records 3", `read a 2\nb`, "counted 2 pod=x"}
	wrong := []string{"2", "4-5", "1 a", "2+ b", "all c", "all", "records 2", "read a 3", "counted 3 pod=x"}
	fails := func(line string) bool {
		e := &expectation{}
		require.NoError(t, e.read(line))
		spy := &testing.T{}
		e.checks[0](spy, o)
		return spy.Failed()
	}
	for _, line := range right {
		assert.False(t, fails(line), line)
	}
	for _, line := range wrong {
		assert.True(t, fails(line), line)
	}
}
