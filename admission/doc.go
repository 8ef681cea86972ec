// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package admission says which spans, log records and data points a backend will never
// take. It removes them from a request when the request arrives, so that the sender can be
// told, and so that they do not cost other items of the same batch.
//
// A check reads each item once and allocates nothing while all is well. It refuses only
// what the backends refuse for good, and repairs what they would refuse and what can be
// repaired without a guess.
package admission
