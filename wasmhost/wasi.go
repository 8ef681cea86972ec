// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"encoding/binary"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// Why not wazero's own WASI: it fills any length of random bytes, and walks any number of
// buffers, for one call and so for one unit of fuel: ten million units would buy hours. This one
// has nothing to walk, charges for what it writes, and is short enough to be read.

const wasiModule = "wasi_snapshot_preview1"

// Error numbers of WASI.
const (
	errnoSuccess    = 0
	errnoBadFD      = 8
	errnoFault      = 21
	errnoInvalid    = 28
	errnoNoSys      = 52
	errnoNotCapable = 76
)

// wasiSignatures has the parameters of every function of the snapshot: i is an i32, I an i64. All
// return an i32 but proc_exit.
var wasiSignatures = map[string]string{
	"args_get": "ii", "args_sizes_get": "ii", "environ_get": "ii", "environ_sizes_get": "ii",
	"clock_res_get": "ii", "clock_time_get": "iIi",
	"fd_advise": "iIIi", "fd_allocate": "iII", "fd_close": "i", "fd_datasync": "i", "fd_fdstat_get": "ii",
	"fd_fdstat_set_flags": "ii", "fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii", "fd_filestat_set_size": "iI",
	"fd_filestat_set_times": "iIIi", "fd_pread": "iiiIi", "fd_prestat_get": "ii", "fd_prestat_dir_name": "iii",
	"fd_pwrite": "iiiIi", "fd_read": "iiii", "fd_readdir": "iiiIi", "fd_renumber": "ii", "fd_seek": "iIii",
	"fd_sync": "i", "fd_tell": "ii", "fd_write": "iiii",
	"path_create_directory": "iii", "path_filestat_get": "iiiii", "path_filestat_set_times": "iiiiIIi",
	"path_link": "iiiiiii", "path_open": "iiiiiIIii", "path_readlink": "iiiiii", "path_remove_directory": "iii",
	"path_rename": "iiiiii", "path_symlink": "iiiii", "path_unlink_file": "iii",
	"poll_oneoff": "iiii", "proc_exit": "i", "proc_raise": "i", "sched_yield": "", "random_get": "ii",
	"sock_accept": "iii", "sock_recv": "iiiiii", "sock_send": "iiiii", "sock_shutdown": "ii",
}

type wasiFunc func(mem api.Memory, stack []uint64) uint32

// maxOutput is how many bytes of what a guest writes in a call of an export are kept.
const maxOutput = 4 << 10

// wasiAnswers are the functions that answer with more than an error.
var wasiAnswers = map[string]wasiFunc{
	"args_get": wasiNothing, "environ_get": wasiNothing, "sched_yield": wasiNothing,
	"args_sizes_get": wasiNoStrings, "environ_sizes_get": wasiNoStrings,
	"clock_res_get": wasiClockResolution, "clock_time_get": wasiClock,
	"fd_fdstat_get": wasiStat, "fd_fdstat_set_flags": wasiStandardOnly, "fd_close": wasiStandardOnly,
	"fd_read": wasiRead, "poll_oneoff": wasiPoll, "random_get": wasiRandom,
}

func instantiateWASI(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(wasiModule)
	for name, signature := range wasiSignatures {
		results := []api.ValueType{api.ValueTypeI32}
		if name == "proc_exit" {
			results = nil
		}
		b.NewFunctionBuilder().
			WithGoModuleFunction(wasiFunction(name), valueTypes(signature), results).
			Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func valueTypes(signature string) []api.ValueType {
	types := make([]api.ValueType, len(signature))
	for i, c := range signature {
		types[i] = api.ValueTypeI32
		if c == 'I' {
			types[i] = api.ValueTypeI64
		}
	}
	return types
}

func wasiFunction(name string) api.GoModuleFunc {
	if name == "proc_exit" {
		return func(_ context.Context, _ api.Module, stack []uint64) { panic(sys.NewExitError(uint32(stack[0]))) }
	}
	if name == "fd_write" {
		return func(ctx context.Context, mod api.Module, stack []uint64) {
			charge(ctx, mod, wasiPrice(name, stack))
			stack[0] = uint64(wasiWrite(ctx, mod.Memory(), stack))
		}
	}
	if answer, ok := wasiAnswers[name]; ok {
		return func(ctx context.Context, mod api.Module, stack []uint64) {
			charge(ctx, mod, wasiPrice(name, stack))
			stack[0] = uint64(answer(mod.Memory(), stack))
		}
	}
	refusal := wasiRefusal(name)
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		charge(ctx, mod, wasiCost)
		if len(stack) > 0 {
			stack[0] = refusal
		}
	}
}

func wasiRefusal(name string) uint64 {
	switch {
	case strings.HasPrefix(name, "fd_"), strings.HasPrefix(name, "sock_"):
		return errnoBadFD
	case strings.HasPrefix(name, "path_"):
		return errnoNotCapable
	}
	return errnoNoSys
}

// Limits and price of a call: none may take longer than its fuel is worth, 0.5 to 5 ns a unit.
const (
	wasiCost       = 512     // units, and one for each random byte; to keep maxOutput takes less
	mostRandom     = 1 << 16 // bytes
	mostBuffers    = 16      // of a read or write
	mostEvents     = 16
	subscriptionSz = 48
	eventSz        = 32
)

func wasiPrice(name string, stack []uint64) int64 {
	if name == "random_get" {
		return wasiCost + int64(min(uint32(stack[1]), mostRandom))
	}
	return wasiCost
}

// Clocks stand still: at 2022-01-01, and at one second, since Go takes a monotonic zero for a fault.
const (
	wallClock      = 1_640_995_200_000_000_000
	monotonicClock = 1_000_000_000
)

func wasiNothing(api.Memory, []uint64) uint32 { return errnoSuccess }

func wasiNoStrings(mem api.Memory, stack []uint64) uint32 {
	if mem.WriteUint32Le(uint32(stack[0]), 0) && mem.WriteUint32Le(uint32(stack[1]), 0) {
		return errnoSuccess
	}
	return errnoFault
}

func wasiClockResolution(mem api.Memory, stack []uint64) uint32 {
	if mem.WriteUint64Le(uint32(stack[1]), 1) {
		return errnoSuccess
	}
	return errnoFault
}

func wasiClock(mem api.Memory, stack []uint64) uint32 {
	now := uint64(wallClock)
	if uint32(stack[0]) != 0 {
		now = monotonicClock
	}
	if mem.WriteUint64Le(uint32(stack[2]), now) {
		return errnoSuccess
	}
	return errnoFault
}

func isStandard(fd uint64) bool { return uint32(fd) <= 2 }

func wasiStandardOnly(_ api.Memory, stack []uint64) uint32 {
	if isStandard(stack[0]) {
		return errnoSuccess
	}
	return errnoBadFD
}

// wasiStat says that standard input, output and error are character devices.
func wasiStat(mem api.Memory, stack []uint64) uint32 {
	if !isStandard(stack[0]) {
		return errnoBadFD
	}
	const size, characterDevice = 24, 2
	view, ok := mem.Read(uint32(stack[1]), size)
	if !ok {
		return errnoFault
	}
	clear(view)
	view[0] = characterDevice
	view[8] = 1<<1 | 1<<6 // rights to read and to write
	return errnoSuccess
}

func wasiRead(mem api.Memory, stack []uint64) uint32 {
	if uint32(stack[0]) != 0 {
		return errnoBadFD
	}
	if mem.WriteUint32Le(uint32(stack[3]), 0) {
		return errnoSuccess
	}
	return errnoFault
}

// wasiWrite takes all, and keeps as much as there is room for.
func wasiWrite(ctx context.Context, mem api.Memory, stack []uint64) uint32 {
	if !isStandard(stack[0]) {
		return errnoBadFD
	}
	h, _ := ctx.Value(hostKey{}).(*host)
	buffers := min(uint32(stack[2]), mostBuffers)
	var taken uint32
	for i := range buffers {
		address, ok := mem.ReadUint32Le(uint32(stack[1]) + 8*i)
		n, ok2 := mem.ReadUint32Le(uint32(stack[1]) + 8*i + 4)
		if !ok || !ok2 {
			return errnoFault
		}
		taken += n
		if h == nil || !h.keepOutput {
			continue
		}
		view, ok := mem.Read(address, min(n, maxOutput))
		if !ok {
			return errnoFault
		}
		h.output = append(h.output, view[:min(len(view), maxOutput-len(h.output))]...)
	}
	if mem.WriteUint32Le(uint32(stack[3]), taken) {
		return errnoSuccess
	}
	return errnoFault
}

// wasiPoll says that every timer has gone off, and that there is no file to wait for.
func wasiPoll(mem api.Memory, stack []uint64) uint32 {
	n := uint32(stack[2])
	if n == 0 || n > mostEvents {
		return errnoInvalid
	}
	in, ok := mem.Read(uint32(stack[0]), n*subscriptionSz)
	out, ok2 := mem.Read(uint32(stack[1]), n*eventSz)
	if !ok || !ok2 || !mem.WriteUint32Le(uint32(stack[3]), n) {
		return errnoFault
	}
	for ; n > 0; n, in, out = n-1, in[subscriptionSz:], out[eventSz:] {
		pollEvent(in, out)
	}
	return errnoSuccess
}

func pollEvent(subscription, event []byte) {
	userData, tag := binary.LittleEndian.Uint64(subscription), subscription[8]
	clear(event[:eventSz])
	binary.LittleEndian.PutUint64(event, userData)
	event[10] = tag
	if tag != 0 {
		event[8] = errnoBadFD
	}
}

// wasiRandom gives the same bytes to every call.
func wasiRandom(mem api.Memory, stack []uint64) uint32 {
	if uint32(stack[1]) > mostRandom {
		return errnoInvalid
	}
	view, ok := mem.Read(uint32(stack[0]), uint32(stack[1]))
	if !ok {
		return errnoFault
	}
	x := uint64(0x5ea1_6a7e)
	for i := range view {
		x = x*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
		view[i] = byte(x >> 56)
	}
	return errnoSuccess
}
