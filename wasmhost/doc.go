// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package wasmhost runs log filters that are WebAssembly modules: it gives a guest flat columns
// of a chunk of records, takes one verdict for each record, and answers for what it does with
// them. The contract with the guest is docs/wasm-abi.md.
//
// # What a guest can do to its host
//
// A guest is not trusted. It can waste the fuel of a call, some milliseconds of ordinary code and at most
// maxCallTime, but it can be preempted after each slice of that; and the memory of its cap, with a bounded
// stack, tables and globals beside it. It can give wrong verdicts, but not on records that the host protects. It
// gets no file, no network, no clock, no environment and no randomness. Whatever it returns is
// checked before it is used. A guest that traps, runs out of fuel or returns nonsense is thrown
// away and counted. Its records come again in smaller chunks if it ran out of fuel or memory; otherwise
// they are handled as Options.OnError says, and so are all while the breaker is open.
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
// always holds in Stats. Begin judges a batch, and Commit or Cancel settles it. Each represented record of a
// batch that was committed is reported exactly once, by a Verdict that represents it or by a Report of Flush or Close;
// where the guest dies before it has, the host makes the report in its stead. No report counts a record
// of a batch that was cancelled.
package wasmhost
