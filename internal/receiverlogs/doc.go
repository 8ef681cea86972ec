// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package receiverlogs reads a file of logs as the receiver of a shipped
// configuration does. For the agent and the edge it runs the very operators of
// the embedded configuration, so that lines of containerd, CRI-O and Docker are
// unwrapped, their parts joined and stack traces are one record; for OTLP it reads
// documents of OTLP as JSON. No severity is set that the receiver would not set.
package receiverlogs
