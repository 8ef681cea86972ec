// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// volumeWarnings says which queues on disk are together larger than the volume that they are on: the
// disk is full before they are, and others on it suffer. A volume may grow, so that is no error.
func (s *settings) volumeWarnings() (warnings []string) {
	directories := map[string]string{} // of the extension
	for _, c := range s.components {
		if c.owner.kind == "extensions" && c.owner.used && uses[c.owner.typ] == storage {
			m, _ := c.value.(map[string]any)
			directories[c.owner.id], _ = m["directory"].(string)
		}
	}
	sizes := map[string]uint64{} // of the queues in a directory
	s.started(func(at setting) {
		id, _ := at.in["storage"].(string)
		size, ok := integer(at.value)
		if at.key == "queue_size" && at.in["sizer"] == "bytes" && directories[id] != "" && ok {
			sizes[directories[id]] += size
		}
	})
	for _, directory := range slices.Sorted(maps.Keys(sizes)) {
		if volume, ok := volumeOf(directory); ok && sizes[directory] > volume {
			warnings = append(warnings, fmt.Sprintf("the queues in %s may take %d bytes together, and its volume has %d: the disk is full before a queue is; set SEALGATE_QUEUE_BYTES or `queue_size` lower",
				directory, sizes[directory], volume))
		}
	}
	return warnings
}

func integer(v any) (uint64, bool) {
	switch n := v.(type) {
	case int:
		return uint64(max(n, 0)), true
	case int64:
		return uint64(max(n, 0)), true
	case float64:
		return uint64(max(n, 0)), true
	}
	return 0, false
}

// volumeOf returns the size of the volume that a directory is on, or will be on once it is made.
func volumeOf(directory string) (uint64, bool) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return 0, false
	}
	for {
		if _, err := os.Stat(directory); err == nil {
			return volumeSize(directory)
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return 0, false
		}
		directory = parent
	}
}
