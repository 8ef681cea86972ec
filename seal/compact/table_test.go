// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// What was sealed with the tables as they are has to be readable for ever. If this
// test fails, undo the change: a new table needs a new method or a new version.
func TestTablesAreFixed(t *testing.T) {
	assert.Equal(t, "49cc184f0363d9e85fa0b149624cb70877cb9290288d44c3a3aaf2f7ec02d7f4", digest(staticKeys...))
	assert.Equal(t, "08a123ee2101d91884ae422d840ac35b4d1afbfbfef5e7df8f6d70de1d52240a", digest(staticValues...))
	assert.Equal(t, "761e5b809796f45a62fc464ebb9541826af82c89b2c055a2c25d42a410989f5b", digest(dictionary))
	assert.Equal(t, "3b2be9ea6cd9465a8c2162164dfd612d1baefcc9a1d06e951a713b94c42161d3", digest(string(prelude)))
}

func TestTablesHaveNothingTwice(t *testing.T) {
	for _, table := range [][]string{staticKeys, staticValues} {
		seen := map[string]bool{}
		for _, s := range table {
			assert.False(t, seen[s], s)
			assert.NotEmpty(t, s)
			seen[s] = true
		}
	}
	assert.LessOrEqual(t, len(staticKeys), keyTwoBytes+(keyEnd-keyTwoBytes)*256)
}

func TestCodesAreComplete(t *testing.T) {
	for _, lengths := range [][]byte{literalLengths[:], distanceLengths[:]} {
		sum := 0
		for _, n := range lengths {
			sum += 1 << (maxBits - n)
		}
		assert.Equal(t, 1<<maxBits, sum)
	}
}

func TestDistanceSymbolsAreThoseOfDeflate(t *testing.T) {
	for distance := 1; distance <= maxFar; distance++ {
		i := distanceSymbol(distance)
		s := distanceSymbols[i]
		extra := distance - int(s.base)
		if extra < 0 || extra >= 1<<s.extra {
			t.Fatalf("distance %d has symbol %d with base %d", distance, i, s.base)
		}
	}
}

var updateTables = flag.Bool("update", false, "write testdata/tables.json anew")

// The tables in a form that other languages read.
func TestTablesForOthersAreTheSame(t *testing.T) {
	const file = "testdata/tables.json"
	b, err := json.MarshalIndent(map[string]any{
		"keys": staticKeys, "values": staticValues, "dictionary": dictionary, "prelude": hex.EncodeToString(prelude),
	}, "", " ")
	require.NoError(t, err)
	if *updateTables {
		require.NoError(t, os.WriteFile(file, append(b, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(b)+"\n")
}
