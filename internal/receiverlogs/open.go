// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
)

// As names whose receiver reads.
type As string

// The receivers.
const (
	Agent As = "agent" // file_log of embedded:agent
	Edge  As = "edge"  // file_log of embedded:edge
	OTLP  As = "otlp"  // the OTLP receiver
)

// Receivers returns all of them.
func Receivers() []As { return []As{Agent, Edge, OTLP} }

// Source gives logs, batch after batch, as the receiver passes them on. It is for
// one goroutine.
type Source interface {
	// Next returns the next batch, which is the caller's, or io.EOF. Any error is the last.
	Next() (plog.Logs, error)
	// Close ends what the source runs. It does not close the input.
	Close() error
}

// Open returns the logs of in. The name is the path of the file: the receivers of
// files put it into log.file.path, and the agent takes the names of Kubernetes from
// it, if it is that of a pod's log. Gzip is unpacked. The environment variables of
// the configuration apply, SEALGATE_NODE and SEALGATE_SERVICE of the edge among them.
func Open(ctx context.Context, as As, name string, in io.Reader) (Source, error) {
	plain, err := unpacked(in)
	if err != nil {
		return nil, err
	}
	switch as {
	case Agent, Edge:
		return openFile(ctx, as, name, plain)
	case OTLP:
		return documents{logfile.NewDocuments(plain)}, nil
	}
	return nil, fmt.Errorf("%q is not one of %v", as, Receivers())
}

func unpacked(in io.Reader) (io.Reader, error) {
	r := bufio.NewReader(in)
	if magic, _ := r.Peek(2); string(magic) != "\x1f\x8b" {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return z, nil
}
