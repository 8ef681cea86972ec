// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package archive writes and reads sealed files: telemetry that is compressed,
// sealed with SM4-GCM and on the disk before anybody is told that it is safe.
//
// [Archive] is a directory that is written: it commits what many senders hand in
// together, rotates files, and keeps to a budget. [File] is one file that is
// read; [VerifyDir] looks at a whole directory and its chain. The layout is
// specified in docs/sealed-format.md.
package archive
