// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package logfilter stands between batches of log records and a wasmhost.Filter: it shows a batch to
// the host, protects records, infers severities, counts verdicts, removes dropped records, and turns
// reports into summary records. The processor `wasmfilter` and `sealctl filter test` share it, so that
// a trial judges as a node does.
package logfilter
