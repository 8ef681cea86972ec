// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package reliability has no code of its own: its tests let the real gateway meet what
// happens to gateways, and count items. At the end of each, what was sent is what was
// delivered, was refused, or is in the gateway's own counters.
package reliability
