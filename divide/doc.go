// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package divide delivers a request of OTLP that a backend refused for good, except for
// the items that are the cause. It divides the request until the bad items are alone,
// drops only those, and says how many and why. Parts that a backend may still take are
// left over, to be tried again.
package divide
