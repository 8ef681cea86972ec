// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"fmt"

	"github.com/sealgate/sealgate/internal/edgenode"
)

// RecordNumber is the attribute by which a record of an edge node is known again.
const RecordNumber = "record.number"

// Hour is what an edge node sent.
type Hour struct {
	Records int
	Bytes   int                     // of bodies
	Matters map[int]edgenode.Record // by number: those that no filter may drop
}

// SendEdgeNode sends the logs of an edge node over OTLP/gRPC to addr, a host:port, as
// fast as they are taken.
func SendEdgeNode(ctx context.Context, addr string, node *edgenode.Node) (Hour, error) {
	const batch = 1000 // records
	h := Hour{Matters: map[int]edgenode.Record{}}
	conn, err := Dial(addr)
	if err != nil {
		return h, err
	}
	defer conn.Close()
	for b := range node.Batches(batch, RecordNumber) {
		if err := SendLogs(ctx, conn, b.Logs); err != nil {
			return h, fmt.Errorf("after %d records of an edge node: %w", h.Records, err)
		}
		for _, r := range b.Records {
			h.Records++
			h.Bytes += len(r.Body)
			if r.Truth.Matters {
				h.Matters[r.Number] = r
			}
		}
	}
	return h, nil
}
