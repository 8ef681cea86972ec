// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package wasmhost runs log filters that are WebAssembly modules: it gives a guest flat columns
// of a chunk of records, takes one verdict for each record, and answers for what it does with
// them. The contract with the guest is docs/wasm-abi.md.
//
// # What a guest can do to its host
//
// A guest is not trusted. It can waste the fuel of one call, some tens of milliseconds, and the
// memory of its cap; it can give wrong verdicts, but not on records that the host protects. It
// gets no file, no network, no clock, no environment and no randomness. Whatever it returns is
// checked before it is used. A guest that traps, runs out of fuel or returns nonsense is thrown
// away and counted, and its records are handled as Options.OnError says.
//
// # What the caller holds
//
// A Runtime has the engine, a Module is a compiled guest, and a Filter is a bounded pool of its
// instances, safe for any number of senders. The package knows nothing of the Collector: a caller
// shows its records through the interface Records.
//
// # Conservation
//
//	in = kept + dropped + represented + refused
//
// always holds in Stats. Each represented record is reported exactly once, by a Verdict that
// represents it or by a Report of Flush or Close; where the guest dies before it has, the host
// makes the report in its stead.
package wasmhost
