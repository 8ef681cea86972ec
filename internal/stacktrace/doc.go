// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package stacktrace tells which lines of a log belong to a stack trace that an
// earlier line began. It knows the traces of Java, Python, Go, Node, .NET, Ruby,
// PHP and Rust, and the two-line records of the console logger of .NET.
//
// A rule about one line is not enough. An empty line belongs to a panic of Go and
// to a chain of Python exceptions, and nowhere else; the line that ends a Python
// trace looks like the line that begins one of Node. So a [Stream] remembers what
// the lines before were. In doubt a line is a record for itself.
package stacktrace
