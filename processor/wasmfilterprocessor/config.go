// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
)

// Config is the configuration of the processor. It needs `module`.
type Config struct {
	// Module is the path of the filter, a WebAssembly file. Where it changes, the new one
	// is tried and takes over. builtin:<name> is one of the shipped ones.
	Module string `mapstructure:"module"`

	// Digest is what the module has to have: sha256:<hex> or sm3:<hex>. A file with another
	// one is refused. Empty: any.
	Digest string `mapstructure:"digest"`

	// Config is what the filter is configured with.
	Config map[string]any `mapstructure:"config"`

	// Defaults are configurations by module: Config is merged over that of Module. An overlay that names another module
	// does not inherit them.
	Defaults map[string]map[string]any `mapstructure:"defaults"`

	// OnError says what becomes of records that the filter fails to judge: `pass` (the
	// default), `drop` or `refuse`.
	OnError OnError `mapstructure:"on_error"`

	// Allow is what the filter may change of the records that it keeps: `attributes`, `body`, `severity`. A filter that wants
	// to change anything else is refused. Default: nothing.
	Allow []wasmhost.Change `mapstructure:"allow"`

	// LogOutput writes what the filter writes to standard output and error to the log, and the text of its
	// panics, a few lines a minute. It may quote records. Default true.
	LogOutput bool `mapstructure:"log_output"`

	// NeverDrop names records that are kept whatever the filter says.
	NeverDrop NeverDropConfig `mapstructure:"never_drop"`

	// InferSeverity says what is done for records without a severity number: nothing (`off`), find
	// it in their attributes and body for `never_drop` and the filter (`guard`, the default), or
	// also write it to the record (`set`).
	InferSeverity InferMode `mapstructure:"infer_severity"`

	// MetadataKeys are keys of the client's metadata that tell senders apart, such as the header of
	// a tenant. Default [X-Scope-OrgID].
	MetadataKeys []string `mapstructure:"metadata_keys"`

	// Reports says what becomes of the filter's reports of what it suppressed: one log
	// record each (`log`, the default), or a metric alone (`metric`).
	Reports ReportMode `mapstructure:"reports"`

	// FlushInterval is the time between two reports. Default 10s.
	FlushInterval time.Duration `mapstructure:"flush_interval"`

	// AuditOneIn keeps one in so many records that a rule drops, with the rule as an
	// attribute. Default 0: none.
	AuditOneIn int `mapstructure:"audit_one_in"`

	// MemoryMiB is the most memory of one instance. Default 64.
	MemoryMiB int `mapstructure:"memory_mib"`

	// Instances is how many may run side by side; all but the first start when they are needed.
	// Default and most: one for each processor.
	Instances int `mapstructure:"instances"`

	// FuelPerRecord is the fuel of a call for each of its records. A unit is an iteration of
	// a loop or a call, a few nanoseconds. A record has all of it if it needs it: a call that does not end
	// within 1,500,000 units is made again with fewer records. Default 1000, at most 1,000,000.
	FuelPerRecord int64 `mapstructure:"fuel_per_record"`

	// ReloadInterval is the time between two looks at the module. Default 5s; 0 never.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`

	// TrialRecords is how many records a new module judges beside the old one before it
	// takes over. Default 1000.
	TrialRecords int `mapstructure:"trial_records"`

	// CacheDirectory keeps compiled modules. It holds executable code, so nobody else may be
	// able to write it. Empty: none is kept.
	CacheDirectory string `mapstructure:"cache_directory"`

	interpreter bool // forbids the compiler, to measure without it

	// prevent unkeyed literal initialization
	_ struct{}
}

// NeverDropConfig names records that are kept.
type NeverDropConfig struct {
	// Severity keeps records of this severity or worse: TRACE, DEBUG, INFO, WARN, ERROR, FATAL,
	// or NONE for no such guard. Default WARN.
	Severity string `mapstructure:"severity"`

	// Attributes keeps records that have one of these attributes with this value; `*` is any.
	Attributes map[string]string `mapstructure:"attributes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// OnError says what becomes of records that the filter fails to judge.
type OnError string

// ReportMode says what becomes of reports.
type ReportMode string

// InferMode says what is done for records without a severity number.
type InferMode string

var inferModes = map[InferMode]logfilter.Infer{
	"off": logfilter.InferOff, "guard": logfilter.InferGuard, "set": logfilter.InferSet,
}

// The report modes.
const (
	ReportLog    ReportMode = "log"
	ReportMetric ReportMode = "metric"
)

var onErrors = map[OnError]wasmhost.OnError{
	"pass": wasmhost.OnErrorPass, "drop": wasmhost.OnErrorDrop, "refuse": wasmhost.OnErrorRefuse,
}

// severities are the least severity numbers of each name, OTLP's. NONE is above all.
var severities = map[string]plog.SeverityNumber{
	"TRACE": plog.SeverityNumberTrace, "DEBUG": plog.SeverityNumberDebug, "INFO": plog.SeverityNumberInfo,
	"WARN": plog.SeverityNumberWarn, "ERROR": plog.SeverityNumberError, "FATAL": plog.SeverityNumberFatal, "NONE": plog.SeverityNumberFatal4 + 1,
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		OnError:        "pass",
		LogOutput:      true,
		NeverDrop:      NeverDropConfig{Severity: "WARN"},
		InferSeverity:  "guard",
		MetadataKeys:   []string{"X-Scope-OrgID"},
		Reports:        ReportLog,
		FlushInterval:  10 * time.Second,
		MemoryMiB:      64,
		FuelPerRecord:  1000,
		ReloadInterval: 5 * time.Second,
		TrialRecords:   1000,
	}
}

// Bounds of settings.
const (
	maxMemoryMiB = 4096
	pageKiB      = 64 // a page of WebAssembly memory

	// maxFuelPerRecord is what a call for one record has beside the base of every call.
	maxFuelPerRecord = wasmhost.MaxLiveFuel - wasmhost.DefaultFuelBase
)

// Validate reports every setting that is wrong, by its key and with what would be
// accepted. The module is loaded where the processor is made; see check.
func (cfg *Config) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if cfg.Module == "" {
		say("`module` is empty; it is the path of a WebAssembly file, or one of the shipped filters, such as builtin:rules")
	}
	if algorithm, _, _ := strings.Cut(cfg.Digest, ":"); cfg.Digest != "" && algorithm != "sha256" && algorithm != "sm3" {
		say("`digest` is %q; it has to be sha256:<hex> or sm3:<hex>", cfg.Digest)
	}
	if _, ok := onErrors[cfg.OnError]; !ok {
		say("`on_error` is %q, which is not one of `pass`, `drop`, `refuse`", cfg.OnError)
	}
	for _, c := range cfg.Allow {
		if !slices.Contains(wasmhost.Changes(), c) {
			say("`allow` has %q, which is not one of `attributes`, `body`, `severity`", c)
		}
	}
	if _, ok := inferModes[cfg.InferSeverity]; !ok {
		say("`infer_severity` is %q, which is not one of `off`, `guard`, `set`", cfg.InferSeverity)
	}
	for _, key := range cfg.MetadataKeys {
		if key == "" {
			say("`metadata_keys` has an empty key; name keys of the client's metadata, such as `X-Scope-OrgID`")
		}
	}
	if cfg.Reports != ReportLog && cfg.Reports != ReportMetric {
		say("`reports` is %q, which is not one of `log`, `metric`", cfg.Reports)
	}
	if cfg.FlushInterval <= 0 {
		say("`flush_interval` is %s; it has to be more than 0", cfg.FlushInterval)
	}
	if cfg.AuditOneIn < 0 {
		say("`audit_one_in` is %d; it has to be at least 1, or 0 for none", cfg.AuditOneIn)
	}
	if cfg.MemoryMiB < 1 || cfg.MemoryMiB > maxMemoryMiB {
		say("`memory_mib` is %d; it has to be 1 to %d", cfg.MemoryMiB, maxMemoryMiB)
	}
	if cfg.Instances < 0 {
		say("`instances` is %d; it has to be at least 1, or 0 for one for each processor", cfg.Instances)
	}
	if cfg.FuelPerRecord < 1 || cfg.FuelPerRecord > maxFuelPerRecord {
		say("`fuel_per_record` is %d; it has to be 1 to %d", cfg.FuelPerRecord, maxFuelPerRecord)
	}
	if cfg.ReloadInterval < 0 {
		say("`reload_interval` is %s; it has to be more than 0, or 0 for never", cfg.ReloadInterval)
	}
	if cfg.TrialRecords < 0 {
		say("`trial_records` is %d; it has to be at least 0", cfg.TrialRecords)
	}
	if _, err := cfg.guestConfig(); err != nil {
		say("`config` cannot be written as JSON: %w", err)
	}
	return errs
}

// guard is the configuration as the batch takes it.
func (cfg *NeverDropConfig) guard() logfilter.Guard {
	g := logfilter.Guard{Attributes: cfg.Attributes}
	if cfg.Severity != "NONE" {
		g.Severity = uint8(severities[cfg.Severity])
	}
	return g
}

// Validate reports a severity that does not exist.
func (cfg *NeverDropConfig) Validate() error {
	if _, ok := severities[cfg.Severity]; !ok {
		names := slices.SortedFunc(maps.Keys(severities), func(a, b string) int { return int(severities[a] - severities[b]) })
		return fmt.Errorf("`severity` is %q, which is not one of `%s`", cfg.Severity, strings.Join(names, "`, `"))
	}
	return nil
}

// guestConfig returns what the filter is given, JSON.
func (cfg *Config) guestConfig() ([]byte, error) {
	defaults := cfg.Defaults[cfg.Module]
	switch {
	case len(cfg.Config) == 0 && len(defaults) == 0:
		return []byte("{}"), nil
	case len(defaults) == 0:
		return json.Marshal(cfg.Config)
	}
	config := confmap.NewFromStringMap(defaults)
	if err := config.Merge(confmap.NewFromStringMap(cfg.Config)); err != nil {
		return nil, err
	}
	return json.Marshal(config.ToStringMap())
}
