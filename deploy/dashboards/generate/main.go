// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command generate writes the JSON of every dashboard into the working directory.
package main

import (
	"log"
	"os"

	"github.com/sealgate/sealgate/deploy/dashboards"
)

func main() {
	for _, d := range dashboards.All {
		text, err := d.JSON()
		if err == nil {
			err = os.WriteFile(d.File(), text, 0o644)
		}
		if err != nil {
			log.Fatalf("%s: %v", d.UID, err)
		}
	}
}
