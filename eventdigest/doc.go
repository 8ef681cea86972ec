// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventdigest counts Kubernetes events by kind, so that a storm of events becomes a few records with exact
// counts. It knows neither the Collector nor the API server: a caller gives it the states of Event objects as they
// come, with the time of arrival, and gets records back.
//
// # Occurrences
//
// An Event object stands for many occurrences: its count grows with each one, and is written only now and then. A
// [Digest] remembers the count of each object and counts by how much it grows. Notifications without a larger count, and
// the same object in a second list, count nothing. A component that finds its event expired creates the object again
// under the same name with the count of the old one: such an object counts by how much it exceeds the old one.
//
// # Kinds
//
// The kind of an event is its namespace, owner, type, reason and the template of its message (see wasmhost/columns), with
// the owner's name in the place of those of its pods. A Digest serves one cluster. The owner is found by the name of the object, without a question to the API server: see
// [OwnerOf].
//
// # Windows
//
// The first event of a kind becomes a record at once and begins a window. Repeats in the window are counted, and become
// one record when the window ends. A kind that repeated begins its next window then; a kind that did not is forgotten,
// so that its next event is a first one. When the occurrences in a window reach [Options.WorseFactor] times those of the
// window before, and at least [Options.WorseLeast], the kind is reported at once, and again at each further multiple.
//
// The counts of all records of a kind add up to its occurrences, exactly.
//
// # Bounds
//
// A Digest holds kinds and objects up to its limits. An event of a kind that does not fit becomes a record of its own,
// with the cause [Untracked]. An object that was pushed out of the ledger counts once for each further change, and
// [Stats.Inexact] counts these changes.
//
// Windows go by the caller's clock alone. The times of events are reported as they are: clocks of nodes differ.
package eventdigest
