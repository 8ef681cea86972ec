// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"time"

	"github.com/sealgate/sealgate/wasmhost"
)

// Result is what a filter has done. Its JSON names are a contract.
type Result struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Engine  string `json:"engine"`

	Records  uint64    `json:"records"`
	Bytes    uint64    `json:"bytes"` // of bodies
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Timeless uint64    `json:"without_time"`
	Unranked uint64    `json:"without_severity"`

	Kept        uint64 `json:"kept"`
	Dropped     uint64 `json:"dropped"`
	Represented uint64 `json:"represented"`

	Outcomes []Outcome `json:"outcomes"`
	Reports  Reports   `json:"reports"`
	// Changes are the patches that were applied, by rule; PatchesRefused are records that stayed as they came, by reason.
	Changes        []Change          `json:"changes,omitempty"`
	PatchesRefused map[string]uint64 `json:"patches_refused,omitempty"`
	// Allow is what the filter wants to change, for `allow` of the gateway.
	Allow []wasmhost.Change `json:"allow,omitempty"`
	// KeptTemplates and DroppedTemplates are those with the most records.
	KeptTemplates    []Template `json:"kept_templates"`
	DroppedTemplates []Template `json:"dropped_templates"`

	Errors    map[string]uint64 `json:"errors"` // by kind
	LastError string            `json:"last_error,omitempty"`
	// Output is what the filter wrote to standard output and error, that of the first calls that wrote.
	Output []string `json:"output,omitempty"`
	Cost   Cost     `json:"cost"`
}

// Outcome is what became of some records, and why.
type Outcome struct {
	Outcome  Fate      `json:"outcome"`
	Rule     string    `json:"rule,omitempty"`
	Records  uint64    `json:"records"`
	Bytes    uint64    `json:"bytes"`
	Examples []Example `json:"examples"`
}

// Fate is what becomes of a record.
type Fate string

// The fates.
const (
	Kept        Fate = "kept"
	Protected   Fate = "protected"   // kept by the guard against the filter's wish
	Failed      Fate = "failed"      // kept because the filter failed
	Dropped     Fate = "dropped"     // and counted under the rule
	Represented Fate = "represented" // dropped, and counted in a report or by a representative
)

// Example is a record, cut.
type Example struct {
	Severity uint8  `json:"severity"`
	Body     string `json:"body"`
}

// Change is how many patches a rule has made, with examples.
type Change struct {
	Rule     string       `json:"rule"`
	Patches  uint64       `json:"patches"`
	Examples []Difference `json:"examples"`
}

// Difference is a field of a record before and after its patches, cut.
type Difference struct {
	Field  string `json:"field"` // body, severity, or attribute and its name
	Before string `json:"before"`
	After  string `json:"after"`
}

// Reports are what the filter tells of the represented records.
type Reports struct {
	Reports  uint64 `json:"reports"`
	Records  uint64 `json:"records"` // that they and representatives tell of
	ByHost   uint64 `json:"by_host"` // reports that the host made because the filter failed
	Mismatch uint64 `json:"mismatch"`
	// Summaries is the number of summary records that a gateway would send, SummaryBytes their size in OTLP.
	Summaries    uint64   `json:"summaries"`
	SummaryBytes uint64   `json:"summary_bytes"`
	Examples     []string `json:"examples"`
}

// Template is a masked body, and how many records have it.
type Template struct {
	Template string `json:"template"`
	Records  uint64 `json:"records"`
}

// Cost is what it took. Durations are nanoseconds in JSON.
type Cost struct {
	Compile time.Duration `json:"compile_ns"`
	Start   time.Duration `json:"start_ns"`
	// Judging is the time for all records, that in the guest included.
	Judging time.Duration `json:"judging_ns"`
	Guest   time.Duration `json:"guest_ns"`

	Chunks uint64 `json:"chunks"`
	Fuel   uint64 `json:"fuel"`
	// FuelRecord is the most for a record, as the mean of a chunk; FuelCall is the most in a call.
	FuelRecord float64 `json:"fuel_most_per_record"`
	FuelCall   uint64  `json:"fuel_most_per_call"`
	Memory     uint64  `json:"memory_bytes"` // the most
	Instances  uint64  `json:"instances_started"`

	records uint64
}

// took adds a batch of n records.
func (c *Cost) took(d time.Duration, before, after wasmhost.Stats, n int) {
	fuel, chunks := after.FuelUsed-before.FuelUsed, after.Chunks-before.Chunks
	c.records += uint64(n)
	c.Judging += d
	c.Guest += after.GuestTime - before.GuestTime
	c.Chunks += chunks
	c.Fuel += fuel
	c.FuelRecord = max(c.FuelRecord, float64(fuel)/float64(n))
	if chunks > 0 {
		c.FuelCall = max(c.FuelCall, fuel/chunks)
	}
	c.Memory = max(c.Memory, after.MemoryBytes)
}

// fill takes what the filter has counted, before its end and after.
func (r *Result) fill(before, after wasmhost.Stats) {
	r.Name, r.Version, r.SHA256, r.Engine = after.Name, after.Version, after.SHA256, string(after.Engine)
	r.Records, r.Kept, r.Dropped, r.Represented = after.In, after.Kept, after.Dropped, after.Represented
	r.Reports.Records, r.Reports.Mismatch = after.Reported, after.Mismatch
	r.Cost.Instances = after.Started
	r.Cost.Memory = max(r.Cost.Memory, before.MemoryBytes)
	r.Errors = map[string]uint64{}
	for _, kind := range wasmhost.Kinds() {
		if n := after.Errors[kind]; n > 0 {
			r.Errors[kind.String()] = n
		}
	}
	if after.LastError != nil {
		r.LastError = after.LastError.Error()
	}
}

// Faulty tells whether the filter has failed, has miscounted, or wants to change what cannot be changed.
func (r *Result) Faulty() bool {
	return len(r.Errors) > 0 || r.Reports.Mismatch > 0 || len(r.PatchesRefused) > 0
}
