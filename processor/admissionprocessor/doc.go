// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package admissionprocessor is the `admission` processor: it refuses on arrival what the
// backends refuse for good. The checks are those of package admission.
package admissionprocessor
