// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// directoryOfChild is set in the process that is killed.
const directoryOfChild = "QUEUE_STORAGE_TEST_DIRECTORY"

// Whenever a process is killed, what it had stored is there, and what it had removed is not.
func TestAKilledProcessLosesNothingThatWasStored(t *testing.T) {
	if directory := os.Getenv(directoryOfChild); directory != "" {
		storeForEver(t, directory)
	}
	directory := t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	first, next := 0, 0
	for range 8 {
		stored, removed := storeAndKill(t, directory, next, 20+random.IntN(150))
		next, first = max(next, stored), max(first, removed)

		c := open(t, start(t, directory, nil))
		// The last operations may have been done without this having been said.
		place, err := strconv.Atoi(string(valueOf(t, c, "place")))
		require.NoError(t, err)
		require.GreaterOrEqual(t, place, next)
		require.LessOrEqual(t, place, next+1)
		next = place
		for i := range next {
			value := valueOf(t, c, fmt.Sprint(i))
			switch {
			case i < first:
				require.Nil(t, value, "%d of %d was removed", i, next)
			case i > first:
				require.Equal(t, content(i), value, "%d of %d", i, next)
			case value != nil:
				require.Equal(t, content(i), value)
			}
		}
		require.NoError(t, c.Close(t.Context()))
	}
	assert.Greater(t, next, 100)
	assert.Greater(t, first, 50)
}

// content is what is stored as number i: some of it small.
func content(i int) []byte { return bytes.Repeat([]byte(fmt.Sprintf("%08d", i)), 1+i*997%4_000) }

// storeForEver stores one value after the other, from the one after the last, removes half
// of them, and says so.
func storeForEver(t *testing.T, directory string) {
	c := open(t, start(t, directory, nil))
	next, _ := strconv.Atoi(string(valueOf(t, c, "place")))
	first, _ := strconv.Atoi(string(valueOf(t, c, "first")))
	for ; ; next++ {
		require.NoError(t, c.Batch(t.Context(),
			storage.SetOperation("place", []byte(fmt.Sprint(next+1))), storage.SetOperation(fmt.Sprint(next), content(next))))
		fmt.Println("stored", next+1)
		if next%2 == 0 {
			continue
		}
		read := storage.GetOperation(fmt.Sprint(first))
		require.NoError(t, c.Batch(t.Context(), read))
		require.Equal(t, content(first), read.Value)
		require.NoError(t, c.Batch(t.Context(),
			storage.SetOperation("first", []byte(fmt.Sprint(first+1))), storage.DeleteOperation(fmt.Sprint(first))))
		first++
		fmt.Println("removed", first)
	}
}

// storeAndKill has a process store values, kills it some time after it said that it has
// done so many things, and returns what it said last.
func storeAndKill(t *testing.T, directory string, next, after int) (stored, removed int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), directoryOfChild+"="+directory)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var what string
		var i int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &what, &i); err == nil {
			switch what {
			case "stored":
				stored = i
			case "removed":
				removed = i
			}
		}
		if n == after {
			require.NoError(t, child.Process.Kill())
		}
	}
	require.ErrorContains(t, child.Wait(), "signal: killed")
	require.Greater(t, stored, next)
	return stored, removed
}
