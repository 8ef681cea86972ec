// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package labels is the vocabulary of cloud labels: which attribute keys mean
// the same thing, which values do, and what each is called in the end.
//
// A Table is compiled once from Options and never changes; it may be shared by
// any number of goroutines. An attribute set is normalised in one pass: every
// attribute whose key is a Spelling of a cloud label is put forward with
// [Table.Claim], and [Table.Settle] says, for each label, which claim wins and
// what the label becomes. The package knows attribute keys and values as
// strings and nothing of the Collector.
//
// The attributes of a resource are settled with [Table.SettleResource] instead.
// It infers labels that are missing from what else the resource says, which
// [Table.Sign] and [Table.Witness] put forward, repairs those that cannot be,
// and applies the static rules of the Options. [Table.Explain] tells for tools
// which rule decided each label. Nothing but the attributes of the one resource
// is ever consulted, and evidence that several clouds fit decides nothing.
//
// Two promises hold for every Table that [New] returns:
//
//   - After normalising, at most one attribute of a set is a spelling of a
//     given label. Spellings are compared as the backends fold them (anything
//     outside [a-zA-Z0-9] is an underscore, repeated underscores are one), so
//     no backend ever sees two keys that become one label name.
//   - Normalising twice changes nothing: every value that the table produces
//     is a fixed point of it.
//
// Keys and values follow the OpenTelemetry semantic conventions for cloud and
// host attributes, version 1.44.0.
package labels
