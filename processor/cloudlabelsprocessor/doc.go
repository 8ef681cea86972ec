// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package cloudlabelsprocessor is the `cloudlabels` processor: it turns every
// cloud's spelling of its labels into one vocabulary. The vocabulary and its
// rules are those of package labels.
package cloudlabelsprocessor
