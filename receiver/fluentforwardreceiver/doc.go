// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package fluentforwardreceiver is the `fluent_forward` receiver: it takes log records from Fluent
// Bit and Fluentd by the forward protocol, version 1.
//
// It takes the configuration of contrib's receiver of this name, and makes the same log records.
// That one allocates what a message claims to hold, so that a message of eight bytes ends the
// process; and it drops records that the pipeline does not take.
package fluentforwardreceiver
