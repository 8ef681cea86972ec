// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package fuel bounds how long a WebAssembly guest can run.
//
// # The threat
//
// A guest that runs is not preempted, and a garbage collection waits for it: the
// longest call of a guest is the longest stall of the whole process. A broken or
// hostile guest loops for ever, recurses without end, calls itself in tail
// position, fills its memory over and over, or grows it. It may be any bytes at
// all, so what reads it must not be hurt by it either.
//
// # The method
//
// [Instrument] rewrites a module so that it counts what it does and traps when a
// budget is used up. One mutable i64 global, the counter, is appended after the
// module's own, so that no index shifts, and exported as [Global]. The host sets
// it before each call. Code is added at four kinds of places; each takes units
// from the counter and executes unreachable once it is below zero:
//
//	loop header              1
//	function entry           1, unless the function starts with a loop (a few instructions that load
//	                         or store may come first); 1 more for every 1024 locals.
//	                         One that calls others: 8, and 1 more for every 4 locals, see below
//	straight code            1 for every 1024 of it on any path without another charge (see below)
//	bulk instruction         before it is executed, with its operand n read as unsigned:
//	  memory.fill, .copy, .init    1 + n/32 (n is bytes)
//	  table.fill, .copy, .init, .grow
//	                               1 + n/4 (n is elements of 8 bytes)
//	  memory.grow                  1 + 2048 n (n is pages), granted or not
//
// Loops and entries alone would be sound in the sense that every run ends, but one
// unit could then buy as much straight code as a module can hold, which is a stall
// of its own. Straight code is therefore measured along every forward path: its
// bytes, and more for divisions, square roots and calls of the host. Where the
// worst path to a point reaches [Stretch], a charge is put. Ordinary code hardly
// ever gets one, as it meets a loop or a call first.
//
// A function that calls others than the host's pays for its frame, since the engine copies
// the whole stack as it grows: an endless recursion uses 1.5 million units up in 3 to 8 ms.
// A tail call needs no charge of its own: the function that it enters is charged.
//
// A function with a loop that calls nothing and returns at most one value, as those are that
// scan bytes, holds the counter in a local and stores it where it returns. With a counter in
// memory each turn waits for the store of the one before.
//
// A unit is worth 0.5 to 5 ns in ordinary code, and at most about a microsecond in
// code that is written to make it dear. The counter is 64 bits wide and the most
// that one instruction takes is 2^43, so it does not wrap around.
//
// Data segments are joined, which leaves the same in memory and is not part of the guard: a standard Go
// guest has 27,000 of them, and each costs the engine a little at every start.
//
// # What the counter can be trusted for
//
// The guest cannot name the counter: every index of a global, in code and in
// constant expressions, must be below the original number of globals, every local
// below the function's own number, and no export may bear the counter's name or
// refer to a global that was not there. So an invalid module does not become valid
// by being instrumented: compiling the result validates the original too. Who wants
// to depend on the engine alone, not on these checks, compiles the original as well;
// in that case call Instrument first, since what it refuses includes what makes the
// engine's own decoder allocate gigabytes: counts and numbers of locals far beyond
// what the file holds. The module must not be offered to other guests under a
// name, or they could import the counter.
//
// After any trap the instance is to be thrown away. [Spent] tells whether it was
// the fuel: a panic of a guest is unreachable too. Where the guest trapped by itself, the
// counter may lack what the function took that trapped.
//
// # What it does not bound
//
//   - What a host function does for one call: one unit at most is paid for it. WASI's
//     random_get, poll_oneoff and fd_write take as long as their arguments say, so
//     the host must not grant them as they are.
//   - The size of a frame beyond its locals. With hundreds of operands on the stack at each
//     call, or a budget of many millions, the engine's own limit of the stack comes first
//     (wazero: 25 to 65 ms and 161 MB).
//   - The size of linear memory, for which the engine has a limit. Let wazero allocate
//     it at once (RuntimeConfig.WithMemoryCapacityFromMax, with [Limits.Pages] here):
//     otherwise it copies the whole memory as it grows, and a budget of a million units
//     lasts 300 ms to a second instead of 3 to 6 ms. Tables have no limit in wazero, so
//     their maximum is lowered to [MaxTable] elements here.
//   - The time it takes to compile the module.
package fuel
