// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import "github.com/sealgate/sealgate/internal/logfile"

// documents are those of OTLP, each a batch.
type documents struct{ *logfile.Documents }

// Close does nothing.
func (documents) Close() error { return nil }
