// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package compact is the encoding of what is inside a sealed field: a record of
// telemetry as few bytes, since every byte of it is encrypted, put into base64
// and stored.
//
// A record is two streams. Tokens are bytes that say what comes, with numbers,
// identifiers and indexes of static tables in them. Text is what is left: the
// characters of all strings, one after the other. The text alone is compressed:
// with DEFLATE (RFC 1951), whose Huffman codes and whose dictionary are fixed, so
// that neither has to be sent nor computed for a record of 200 bytes. Any zlib can
// decompress it.
//
// The package knows nothing of the Collector. docs/sealed-format.md has every byte.
package compact
