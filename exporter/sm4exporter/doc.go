// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package sm4exporter seals telemetry with SM4 before it is stored: in an archive
// of sealed files, or field by field on its way to a backend.
package sm4exporter
