// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command sealctl is the operator's tool for what Sealgate has sealed: it makes
// keys, looks at archives, verifies, decrypts and replays them, and opens what was
// sealed in a backend. It tries log filters, and explains cloud labels. docs/sealctl.md shows every command.
//
// Nothing that has not been authenticated is printed as data. Keys are printed
// nowhere but to the files that keygen makes.
package main
