// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command roots writes the certificates of the public authorities that images trust to
// standard output, in PEM. They are Mozilla's, of the version that go.mod names, so that an
// image is the same wherever it is built.
//
// An authority that Mozilla trusts for certificates of before a date alone is left out:
// PEM cannot say the date.
package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "roots:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return err
		}
	}
	return nil
}
