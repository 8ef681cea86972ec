// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// instance is a running guest. It is for one caller at a time. After any error it is of no use:
// a guest that has trapped may answer once more and then break.
type instance struct {
	mod      api.Module
	mem      api.Memory
	memLimit uint64 // bytes
	host     host
	ctx      context.Context // tells functions of WASI whose host they are
	opts     Options
	manifest Manifest
	encoder  *encoder

	// filterFn and patchesFn have stacks of their own, which the engine keeps. Those of exports that are called seldom are
	// given back: see seldom.
	filterFn, patchesFn api.Function

	stack      [2]uint64 // parameters and result of a call
	stackLeft  api.MutableGlobal
	stackLimit int    // bytes
	buffer     uint32 // address of what the guest lets the host write to
	bufferSize uint32
	verdicts   []Verdict // of the last chunk, with the rule numbers of the guest
	patches    []Patch   // of the last chunk, with its record numbers and the rule numbers of the guest
	lastNow    uint64

	fuelUsed uint64
	spent    time.Duration
}

// host is what functions of the host know of the instance that calls them.
type host struct {
	fuel       api.MutableGlobal // the counter of a slice
	reserve    api.MutableGlobal // the rest of the budget
	budget     int64             // of the call
	deadline   time.Time         // of the call; zero until it yields
	yielded    func()            // is called where the guest was left, in tests
	keepOutput bool
	output     []byte // of the call
}

type hostKey struct{}

// Time is no measure of what a guest does: a busy machine is slow. It ends the calls of a guest that is written to
// make its units of fuel dear, and comes far behind the fuel of any other.
const (
	maxCallTime  = 2 * time.Second
	maxStartTime = 20 * time.Second
)

// maxTime is that of a call with a budget.
func maxTime(budget int64) time.Duration {
	if budget > MaxLiveFuel {
		return maxStartTime
	}
	return maxCallTime
}

var errOutOfTime = errors.New("out of time")

// begin gives a call its budget.
func (h *host) begin(budget int64) {
	counter, reserve := fuel.Split(budget)
	h.fuel.Set(uint64(counter))
	h.reserve.Set(uint64(reserve))
	h.deadline = time.Time{}
	h.budget = budget
}

func (h *host) left() int64 { return fuel.Left(h.fuel, h.reserve) }

// yield is called between two slices of fuel: the guest can be preempted there. A call that takes long ends
// with a panic, which the engine makes its error.
func (h *host) yield() {
	now := time.Now()
	switch {
	case h.deadline.IsZero(): // most calls end within their first slices, and none of them reads the clock
		h.deadline = now.Add(maxTime(h.budget))
	case now.After(h.deadline):
		panic(errOutOfTime)
	}
	if h.yielded != nil {
		h.yielded()
	}
}

// charge takes units for what the host does on behalf of a guest.
func charge(ctx context.Context, mod api.Module, units int64) {
	var g api.MutableGlobal
	if h, ok := ctx.Value(hostKey{}).(*host); ok && h.fuel != nil {
		g = h.fuel
	} else if g, ok = mod.ExportedGlobal(fuel.Global).(api.MutableGlobal); !ok {
		return
	}
	g.Set(uint64(int64(g.Get()) - units))
}

// instance makes one, configured and ready for chunks. Its ABI and its manifest have been checked.
func (m *Module) instance(opts Options) (*instance, error) {
	i := &instance{opts: opts, host: host{keepOutput: opts.KeepOutput}, memLimit: uint64(m.runtime.opts.MemoryPages) << 16}
	i.stackLimit = m.runtime.opts.limits().Stack
	i.host.deadline = time.Now().Add(maxStartTime)
	i.ctx = context.WithValue(context.Background(), hostKey{}, &i.host)
	err := contain(func() (err error) {
		i.mod, err = m.wasm.InstantiateModule(experimental.WithMemoryAllocator(i.ctx, allocator(i.memLimit, i.host.yield)), m.compiled,
			wazero.NewModuleConfig().WithName("").WithStartFunctions())
		return err
	})
	if err != nil {
		return nil, startFailure(err)
	}
	if err := i.start(); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

// seldom is an export that is not called with each chunk; nil where there is none.
func (i *instance) seldom(name string) api.Function { return i.mod.ExportedFunction(name) }

// mustHave refuses a guest that gives another manifest each time that it is started.
func (i *instance) mustHave(m Manifest) error {
	if i.manifest.equal(m) {
		return nil
	}
	return failure(KindConfigure, exportConfigure, "the guest gives another manifest each time that it is started")
}

func startFailure(err error) *Error {
	kind := KindABI // it imports a table or a global, for instance
	if strings.Contains(err.Error(), "wasm error") {
		kind = KindTrap
	}
	return &Error{Kind: kind, Err: fmt.Errorf("start the guest: %s", firstLine(err))}
}

func (i *instance) start() error {
	var ok, ok2 bool
	i.host.fuel, ok = i.mod.ExportedGlobal(fuel.Global).(api.MutableGlobal)
	i.host.reserve, ok2 = i.mod.ExportedGlobal(fuel.Reserve).(api.MutableGlobal)
	i.stackLeft, _ = i.mod.ExportedGlobal(fuel.Stack).(api.MutableGlobal)
	if !ok || !ok2 || i.stackLeft == nil {
		return failure(KindABI, "", "the guest has no fuel counter: it was not metered")
	}
	i.mem = i.mod.ExportedMemory(exportMemory)
	i.filterFn = i.mod.ExportedFunction(exportFilter)
	i.patchesFn = i.mod.ExportedFunction(exportPatches)
	if initialize := i.mod.ExportedFunction(exportInitialize); initialize != nil {
		if _, err := i.call(initialize, exportInitialize, MaxFuel); err != nil {
			return err
		}
	}
	if err := i.checkABI(); err != nil {
		return err
	}
	return i.configure()
}

func (i *instance) checkABI() error {
	version, err := i.call(i.mod.ExportedFunction(exportABI), exportABI, i.opts.fuel(0))
	if err != nil {
		return err
	}
	if uint32(version) != abiVersion {
		return failure(KindABI, exportABI, "the guest speaks version %d of the ABI: this host speaks %d", uint32(version), abiVersion)
	}
	return nil
}

func (i *instance) configure() error {
	if len(i.opts.Config) > maxConfigSize {
		return failure(KindConfigure, "", "the configuration of the guest has more than %d bytes", maxConfigSize)
	}
	if err := i.give(i.opts.Config); err != nil {
		return err
	}
	result, err := i.call(i.mod.ExportedFunction(exportConfigure), exportConfigure, MaxFuel)
	if err != nil {
		return err
	}
	view, err := i.result(exportConfigure, result, maxManifestSize)
	if err != nil {
		return err
	}
	if i.manifest, err = decodeManifest(view); err != nil {
		return err
	}
	if err := i.checkAllowed(); err != nil {
		return err
	}
	p, err := newPlan(i.manifest)
	if err != nil {
		return &Error{Kind: KindConfigure, Call: exportConfigure, Err: err}
	}
	i.encoder = newEncoder(p)
	i.bufferSize = 0 // chunks are smaller than a configuration may be
	return nil
}

// checkAllowed refuses a guest that wants to change what it may not.
func (i *instance) checkAllowed() error {
	for _, c := range i.manifest.Patches {
		if !slices.Contains(i.opts.Allow, c) {
			return failure(KindConfigure, exportConfigure, "the guest wants to change %s of records, which is not allowed: add %q to `allow` if it should",
				changeNames[c], c)
		}
	}
	if len(i.manifest.Patches) == 0 {
		i.patchesFn = nil
	} else if i.patchesFn == nil {
		return failure(KindABI, exportConfigure, "the guest has `patches` in its manifest and does not export %s", exportPatches)
	}
	return nil
}

func (i *instance) close() { _ = i.mod.Close(context.Background()) }

// call calls an export; its parameters are on the stack already.
func (i *instance) call(fn api.Function, name string, budget int64) (uint64, error) {
	return i.callAt(i.opts.Now(), fn, name, budget)
}

// callAt is call where the clock has just been read.
func (i *instance) callAt(begin time.Time, fn api.Function, name string, budget int64) (uint64, error) {
	i.host.begin(budget)
	err := i.enter(fn)
	i.spent += i.opts.Now().Sub(begin)
	i.fuelUsed += uint64(budget - i.host.left())
	if err == nil && i.host.left() < 0 { // the last thing it did was to call the host
		err = errors.New("spent")
	}
	if err != nil {
		return 0, i.trap(name, err, budget)
	}
	if len(i.host.output) > 0 {
		i.say()
	}
	return i.stack[0], nil
}

// say has the event of what the guest wrote, and returns it.
func (i *instance) say() string {
	text := strings.TrimSpace(clip(string(i.host.output), maxOutput))
	i.host.output = i.host.output[:0]
	if text != "" {
		i.opts.OnEvent(Event{Kind: EventOutput, Output: text})
	}
	return text
}

// enter is contain without a closure.
func (i *instance) enter(fn api.Function) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine panicked: %v", p)
		}
	}()
	return fn.CallWithStack(i.ctx, i.stack[:])
}

func (i *instance) trap(name string, err error, budget int64) *Error {
	words := lastWords(i.say())
	var exit *sys.ExitError
	switch {
	case errors.Is(err, errOutOfTime):
		return failure(KindFuel, name, "the guest did not end within %v: its code is dearer than its fuel says", maxTime(budget))
	case int32(i.stackLeft.Get()) < 0:
		return failure(KindMemory, name, "the guest needs more than its %d bytes of stack: it recurses without end, or too deep", i.stackLimit)
	case i.host.left() < 0:
		return failure(KindFuel, name, "the guest did not end within its %d units of fuel: it loops for ever, or does too much "+
			"for one chunk", budget)
	case uint64(i.mem.Size()) > i.memLimit/8*7:
		return failure(KindMemory, name, "the guest trapped with %d bytes of memory, of which it may have %d: %s%s",
			i.mem.Size(), i.memLimit, firstLine(err), words)
	case errors.As(err, &exit):
		return failure(KindTrap, name, "the guest exited with code %d%s", exit.ExitCode(), words)
	}
	return failure(KindTrap, name, "the guest trapped: %s%s", firstLine(err), words)
}

// lastWords is the message of a panic in what a guest wrote, or else the last line of it.
func lastWords(output string) string {
	if output == "" {
		return ""
	}
	lines := strings.Split(output, "\n")
	line := lines[len(lines)-1]
	for _, l := range lines {
		if strings.HasPrefix(l, "panic: ") || strings.HasPrefix(l, "fatal error: ") {
			line = l
			break
		}
	}
	return ": " + clip(line, 256)
}

// firstLine leaves out the stack trace.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return clip(line, 256)
}

// room is a view of the guest's buffer, at least size bytes of it.
func (i *instance) room(size int) ([]byte, error) {
	if uint64(size) > i.memLimit {
		return nil, failure(KindMemory, exportBuffer, "a chunk of %d bytes does not fit the memory of the guest, %d", size, i.memLimit)
	}
	if uint32(size) > i.bufferSize || i.bufferSize == 0 {
		if err := i.askForRoom(uint32(size)); err != nil {
			return nil, err
		}
	}
	view, ok := i.mem.Read(i.buffer, uint32(size))
	if !ok {
		return nil, failure(KindOutput, exportBuffer, "the guest gave a buffer beyond its memory")
	}
	return view, nil
}

func (i *instance) askForRoom(size uint32) error {
	i.stack[0] = uint64(size)
	address, err := i.call(i.seldom(exportBuffer), exportBuffer, i.opts.fuel(0))
	if err != nil {
		return err
	}
	i.buffer, i.bufferSize = uint32(address), size
	switch {
	case i.buffer == 0:
		return failure(KindMemory, exportBuffer, "the guest has no room for %d bytes", size)
	case i.buffer%8 != 0:
		return failure(KindOutput, exportBuffer, "the guest gave a buffer at %d, which is not aligned to 8", i.buffer)
	}
	return nil
}

// give writes bytes to the buffer and puts them on the stack as parameters.
func (i *instance) give(b []byte) error {
	view, err := i.room(len(b))
	if err != nil {
		return err
	}
	copy(view, b)
	i.stack[0], i.stack[1] = uint64(i.buffer), uint64(len(b))
	return nil
}

// result is a view of what an export returned. It is good until the next call.
func (i *instance) result(name string, packed uint64, most int) ([]byte, error) {
	address, size := uint32(packed>>32), uint32(packed)
	if size == 0 {
		return nil, nil
	}
	if uint64(size) > uint64(most) {
		return nil, failure(KindOutput, name, "the guest returned %d bytes: at most %d are allowed", size, most)
	}
	view, ok := i.mem.Read(address, size)
	if !ok {
		return nil, failure(KindOutput, name, "the guest returned %d bytes at %d, beyond its memory of %d", size, address, i.mem.Size())
	}
	return view, nil
}

// clock is the time for the next call, which never goes back.
func (i *instance) clock(now time.Time) uint64 {
	i.lastNow = max(i.lastNow, uint64(max(0, now.UnixNano())))
	return i.lastNow
}

// judge has the guest judge as many of the records as the pace makes a chunk of. Their verdicts are in
// i.verdicts, whose length is the number of records taken, also where there is an error.
func (i *instance) judge(recs Records, records []int32, p *pace, flags uint32) error {
	n := i.encoder.gather(recs, records, p.limit)
	i.verdicts = sized(i.verdicts, n)
	size := i.encoder.bytes()
	view, err := i.room(size)
	if err != nil {
		return err
	}
	i.encoder.writeColumns(view, recs)
	now := i.opts.Now()
	i.encoder.writeHead(view, i.clock(now), flags)
	i.stack[0], i.stack[1] = uint64(i.buffer), uint64(size)
	budget, before := i.chunkFuel(n), i.fuelUsed
	packed, err := i.callAt(now, i.filterFn, exportFilter, budget)
	if err != nil {
		return err
	}
	p.succeeded(i.encoder.taken(), int64(i.fuelUsed-before), budget)
	view, err = i.result(exportFilter, packed, n*verdictSize)
	if err != nil {
		return err
	}
	if err := decodeVerdicts(view, len(i.manifest.Rules), i.verdicts); err != nil || i.patchesFn == nil {
		return err
	}
	return i.takePatches(budget)
}

// takePatches asks for the patches of the chunk that was just judged.
func (i *instance) takePatches(budget int64) error {
	packed, err := i.call(i.patchesFn, exportPatches, budget)
	if err != nil {
		return err
	}
	view, err := i.result(exportPatches, packed, maxPatchesSize)
	if err != nil {
		return err
	}
	i.patches, err = decodePatches(i.patches[:0], string(view), len(i.manifest.Rules), i.manifest.Patches, i.encoder)
	return err
}

// fuelPerByte is what a guest may spend on each byte of text: masking takes five.
const fuelPerByte = 8

func (i *instance) chunkFuel(n int) int64 {
	return min(MaxLiveFuel, i.opts.fuel(n)+fuelPerByte*int64(i.encoder.textSize))
}

func sized(v []Verdict, n int) []Verdict {
	if cap(v) < n {
		return make([]Verdict, n)
	}
	return v[:n]
}

// flush asks for reports. The rules in them are the guest's numbers.
func (i *instance) flush(last bool) ([]Report, error) {
	flush := i.seldom(exportFlush)
	if flush == nil {
		return nil, nil
	}
	i.stack[0], i.stack[1] = i.clock(i.opts.Now()), 0
	if last {
		i.stack[1] = 1
	}
	packed, err := i.call(flush, exportFlush, MaxLiveFuel)
	if err != nil {
		return nil, err
	}
	view, err := i.result(exportFlush, packed, maxReports*reportSize)
	if err != nil {
		return nil, err
	}
	return decodeReports(view, len(i.manifest.Rules), i.mem.Read)
}

// save returns a copy of the state; nil if there is none.
func (i *instance) save() ([]byte, error) {
	packed, err := i.call(i.seldom(exportSave), exportSave, MaxLiveFuel)
	if err != nil {
		return nil, err
	}
	view, err := i.result(exportSave, packed, maxStateSize)
	return append([]byte(nil), view...), err
}

// restore reports whether the guest had use for the state.
func (i *instance) restore(state []byte) (bool, error) {
	if err := i.give(state); err != nil {
		return false, err
	}
	answer, err := i.call(i.seldom(exportRestore), exportRestore, MaxLiveFuel)
	i.bufferSize = 0 // chunks are smaller than a state may be
	return err == nil && uint32(answer) == 0, err
}
