// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package fuel bounds how long a WebAssembly guest can run.
//
// # The threat
//
// A guest that runs is not preempted, and a garbage collection waits for it: the
// longest stretch of a guest is the longest stall of the whole process. A broken or
// hostile guest loops for ever, recurses without end, calls itself in tail
// position, fills its memory over and over, or grows it. It may be any bytes at
// all, so what reads it must not be hurt by it either.
//
// # The method
//
// [Instrument] rewrites a module so that it counts what it does and stops when a
// budget is used up. Three mutable globals are appended after the module's own, so
// that no index shifts, and exported: the counter F ([Global], i64), the reserve R
// ([Reserve], i64) and the rest of the stack S ([Stack], i32). The host splits a
// budget into F and R before each call, see [Split]. Code is added at four kinds of
// places; each takes units from F:
//
//	loop header              1
//	function entry           1, unless the function starts with a loop (a few instructions that load
//	                         or store may come first); 1 more for every 1024 locals
//	straight code            1 for every 1024 of it on any path without another charge (see below)
//	bulk instruction         before it is executed, with its operand n read as unsigned:
//	  memory.fill, .copy, .init    1 + n/8 (n is bytes)
//	  table.fill, .copy, .init, .grow
//	                               1 + n/4 (n is elements of 8 bytes)
//	  memory.grow                  1 + 2048 n (n is pages), granted or not
//
// Loops and entries alone would be sound in the sense that every run ends, but one
// unit could then buy as much straight code as a module can hold, which is a stall
// of its own. Straight code is therefore measured along every forward path: its
// bytes, and more for what may take longer: loads and stores, which may miss every
// cache, divisions, conversions of floats, values that a branch moves, references to functions and calls of the host.
// Where the worst path to a point reaches [Stretch], a charge is put.
//
// # Slices
//
// F holds at most [Slice] units. Where it is below zero, a function that is appended to
// the module takes the next slice from R, and traps if there is none. Before that it leaves
// the guest: it asks for more memory than there can be ([Yield]). The engine's code for that is Go, which
// is preempted as any other, and the host's allocator, which is asked, may end the call with a panic. So
// what others wait for is a slice or one bulk instruction, whatever the budget is. A test looks for the module
// whose slice is longest, of all instructions that the validator lets through: it took 2 to 14 ms.
//
// A function with a loop that calls nothing and returns at most one value, as those are that
// scan bytes, holds the counter in a local and stores it where it returns: with a counter in
// memory each turn waits for the store of the one before. Such a loop does not call for the next slice. It is left
// and begun again, with copies of the locals, since the engine stores each value of a loop in each turn that is live
// across a call in it: that made a tight loop take 1.8 times as long, and now takes nothing.
//
// # The stack
//
// The frame of a function that calls others stays while it does. Such a function takes the size
// of its frame from S and gives it back where it ends, and the guest is stopped where S is below zero. The size is
// an upper bound of what the engine may use: see frameSize. A function that returns several values pays for its
// frame with fuel instead. The engine allocates up to twice as much as is in use, as it grows the stack.
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
// by being instrumented: compiling the result validates the original too, and indices of functions are checked likewise. Who wants
// to depend on the engine alone, not on these checks, compiles the original as well;
// in that case call Instrument first, since what it refuses includes what makes the
// engine's own decoder allocate gigabytes: counts and numbers of locals far beyond
// what the file holds. The module must not be offered to other guests under a
// name, or they could import the counter.
//
// After any trap the instance is to be thrown away. [Left] and the sign of S tell whether it was
// the fuel or the stack: a panic of a guest is unreachable too. Where the guest trapped by itself, the
// counter may lack what the function took that trapped.
//
// # What it does not bound
//
//   - What a host function does for one call: one unit at most is paid for it. WASI's
//     random_get, poll_oneoff and fd_write take as long as their arguments say, so
//     the host must not grant them as they are.
//   - The size of linear memory, for which the host has an allocator. Tables and globals are bounded here:
//     [MaxTable], [MaxTables], [MaxGlobals].
//   - The time it takes to compile the module. Functions are bounded ([MaxFunction], [MaxWork], [MaxParams]),
//     since the engine can be stopped only between two of them: at the bounds, one takes some seconds.
package fuel
