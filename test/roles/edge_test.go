// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEdgeNodeReadsItsFilesAndSendsWhatDoesNotRepeat(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "logs", "app.log")
	s.write(file, "before the node's first start")
	start := func() interface{ Stop() error } {
		return s.start("SEALGATE_EDGE_BIN", "embedded:edge",
			"SEALGATE_LOGS=["+filepath.Join(s.dir, "logs", "*.log")+"]", "SEALGATE_LOGS_START=beginning",
			"SEALGATE_NODE=edge-7", "SEALGATE_SERVICE=till")
	}
	edge := start()
	s.write(file, repeated(100, "heartbeat")...)
	s.write(file, repeated(3, "ERROR: the drawer is stuck")...)
	s.write(file, "opened")
	counts, last := s.await("before the node's first start", "heartbeat", "ERROR: the drawer is stuck", "opened")
	assert.Equal(t, 1, counts["heartbeat"], "the first of those that repeat")
	assert.Equal(t, 3, counts["ERROR: the drawer is stuck"], "whatever is an error, however often")
	last["opened"].assertResource(t, map[string]string{"host.name": "edge-7", "service.name": "till"})
	path, _ := last["opened"].record.Get("log.file.path")
	assert.Equal(t, file, path.Str())

	require.NoError(t, edge.Stop())
	s.write(file, "written while nobody read")
	start()
	counts, _ = s.await("written while nobody read")
	assert.Equal(t, 1, counts["opened"], "what was read is not read again")
}
