// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package wasmfilters is where filters are: package sdk, and one folder for each
// filter that is shipped. See README.md.
package wasmfilters
