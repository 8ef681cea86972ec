// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package detect finds sensitive data in texts: card numbers, Chinese resident ids, phone numbers, e-mail and IP
// addresses, bearer tokens, secrets behind a key, and patterns of the caller's own.
//
// One pass over a text looks at each byte in a table. Only a byte that can be part of a match, such as a digit, an @ or
// a colon, is looked at closely. Numbers with a check digit must have the right one. All of it is linear in the text.
//
// A detector prefers to find too much: a number of eleven digits may be an order id, and is a phone number here.
package detect
