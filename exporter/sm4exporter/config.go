// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"

	"github.com/sealgate/sealgate/internal/keyconfig"
	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// Config is the configuration of the exporter. It needs `keys` and exactly one of
// `archive`, `otlp_grpc` and `otlp_http`.
type Config struct {
	// Keys says for whom data keys are wrapped, and how long one is used.
	Keys KeysConfig `mapstructure:"keys"`

	// Archive writes sealed files to a directory. It is its own durable queue.
	Archive configoptional.Optional[ArchiveConfig] `mapstructure:"archive"`

	// OTLPGRPC seals each record and hands it to the Collector's own OTLP exporter
	// over gRPC, with all settings of that one.
	OTLPGRPC configoptional.Optional[otlpexporter.Config] `mapstructure:"otlp_grpc"`

	// OTLPHTTP is the same over HTTP.
	OTLPHTTP configoptional.Optional[otlphttpexporter.Config] `mapstructure:"otlp_http"`

	// Seal says what of a record is sealed on its way to a backend. An archive
	// seals everything.
	Seal SealConfig `mapstructure:"seal"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// KeysConfig says for whom data keys are wrapped. Several may be named; each can
// read what is sealed.
type KeysConfig struct {
	// SM2 wraps for SM2 public keys. A gateway that has nothing else cannot read
	// what it wrote.
	SM2 configoptional.Optional[SM2Config] `mapstructure:"sm2"`

	// File wraps under a symmetric key in a file.
	File configoptional.Optional[FileConfig] `mapstructure:"file"`

	// Env wraps under a symmetric key in an environment variable.
	Env configoptional.Optional[EnvConfig] `mapstructure:"env"`

	// Command wraps with an external program, such as the client of an HSM or a KMS.
	Command configoptional.Optional[CommandConfig] `mapstructure:"command"`

	// RotateAfter is the age at which a new data key is made. Default 1h.
	RotateAfter time.Duration `mapstructure:"rotate_after"`

	// MaxAge is the age at which data is refused rather than sealed under a data
	// key, where no new one can be had. Default 24h.
	MaxAge time.Duration `mapstructure:"max_age"`

	// MaxSeals is the number of seals at which data is refused likewise; at half of
	// it a new key is made. Default and most: 4294967296.
	MaxSeals uint64 `mapstructure:"max_seals"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SM2Config names SM2 public keys.
type SM2Config struct {
	// Recipients are paths of public keys in PEM. They are read anew for each data key.
	Recipients []string `mapstructure:"recipients"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// The settings of the other keys, which `queue_storage` has as well.
type (
	// FileConfig names a symmetric key in a file.
	FileConfig = keyconfig.File

	// EnvConfig names a symmetric key in the environment.
	EnvConfig = keyconfig.Env

	// CommandConfig names a program that wraps data keys.
	CommandConfig = keyconfig.Command
)

// ArchiveConfig describes a directory of sealed files.
type ArchiveConfig struct {
	// Directory is made where it is not there. One gateway alone may write it.
	Directory string `mapstructure:"directory"`

	// MaxFileMiB is the size at which a file is finished. Default 256.
	MaxFileMiB int64 `mapstructure:"max_file_mib"`

	// MaxFileAge is the age at which a file is finished. Default 1h.
	MaxFileAge time.Duration `mapstructure:"max_file_age"`

	// FrameKiB is the most that concurrent batches are gathered to in one frame,
	// before compression. Default 4096.
	FrameKiB int `mapstructure:"frame_kib"`

	// Fsync says when what was acknowledged is on the disk: before that (`frame`, the
	// default), within fsync_interval (`interval`), or when the system likes (`never`).
	Fsync archive.SyncPolicy `mapstructure:"fsync"`

	// FsyncInterval is for `fsync: interval`. Default 1s.
	FsyncInterval time.Duration `mapstructure:"fsync_interval"`

	// DiskBudgetMiB is the most that sealed files of all signals may take in the
	// directory. Data is refused, retryably, while it is used up. Default 0: the disk.
	DiskBudgetMiB int64 `mapstructure:"disk_budget_mib"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SealConfig says what of a record is sealed on its way to a backend.
type SealConfig struct {
	// Mode is `record` (the default: everything but what the backend needs to show a
	// waterfall) or `fields` (the attributes on Attributes alone; log bodies always).
	Mode Mode `mapstructure:"mode"`

	// Keep lists the attributes that stay in the clear in mode `record`; `*` stands
	// for any characters, dots included. Default: service.name and the cloud and
	// Kubernetes labels, each by its name.
	Keep []string `mapstructure:"keep"`

	// Attributes lists the attributes that are sealed in mode `fields`; `*` stands
	// for any characters. A value within a map is matched by its path.
	Attributes []string `mapstructure:"attributes"`

	// Search lists attributes for which a search token is left. It needs SearchKey.
	// The values have to be sealed.
	Search []string `mapstructure:"search"`

	// SearchKey is the key of the tokens. It has to be the same for as long as one
	// searches, on every gateway.
	SearchKey SearchKeyConfig `mapstructure:"search_key"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Mode says how much of a record is sealed.
type Mode string

// The modes.
const (
	ModeRecord Mode = "record"
	ModeFields Mode = "fields"
)

// SearchKeyConfig names a symmetric key, by one of its fields.
type SearchKeyConfig struct {
	// File is a path: 32 hexadecimal digits that nobody else may be able to read.
	File string `mapstructure:"file"`

	// Env is an environment variable that holds them.
	Env string `mapstructure:"env"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

// defaultKeep is what stays in the clear: the service, where it runs, and nothing
// that somebody typed. It has the cloud labels in both spellings of `cloudlabels`. Names
// are spelled out: a pattern such as k8s.*.name also matches k8s.pod.labels.owner.name.
var defaultKeep = []string{
	"service.name",
	"cloud_provider", "cloud_platform", "cloud_region", "cloud_availability_zone", "cloud_account_id", "cloud_resource_id", "host_id", "host_type",
	"cloud.provider", "cloud.platform", "cloud.region", "cloud.availability_zone", "cloud.account.id", "cloud.resource_id", "host.id", "host.type",
	"k8s.cluster.name", "k8s.namespace.name", "k8s.node.name", "k8s.pod.name", "k8s.container.name",
	"k8s.deployment.name", "k8s.replicaset.name", "k8s.statefulset.name", "k8s.daemonset.name",
	"k8s.job.name", "k8s.cronjob.name", "k8s.replicationcontroller.name",
}

func createDefaultConfig() component.Config {
	return &Config{
		Keys: KeysConfig{
			SM2:         configoptional.Default(SM2Config{}),
			File:        configoptional.Default(FileConfig{}),
			Env:         configoptional.Default(EnvConfig{}),
			Command:     configoptional.Default(keyconfig.DefaultCommand()),
			RotateAfter: time.Hour,
			MaxAge:      24 * time.Hour,
			MaxSeals:    maxSeals,
		},
		Archive: configoptional.Default(ArchiveConfig{
			MaxFileMiB:    256,
			MaxFileAge:    time.Hour,
			FrameKiB:      4096,
			Fsync:         archive.SyncFrame,
			FsyncInterval: time.Second,
		}),
		OTLPGRPC: configoptional.Default(*otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)),
		OTLPHTTP: configoptional.Default(*otlphttpexporter.NewFactory().CreateDefaultConfig().(*otlphttpexporter.Config)),
		Seal:     SealConfig{Mode: ModeRecord, Keep: slices.Clone(defaultKeep)},
	}
}

// Bounds of settings.
const (
	maxSeals    = 1 << 32
	maxFrameKiB = archive.MaxFrame >> 10
	mib         = 1 << 20
)

// Validate reports every setting that is wrong, by its key and with what would be
// accepted. Keys are read where the exporter is made; see check.
func (cfg *Config) Validate() error {
	var destinations []string
	if cfg.Archive.HasValue() {
		destinations = append(destinations, "`archive`")
	}
	if cfg.OTLPGRPC.HasValue() {
		destinations = append(destinations, "`otlp_grpc`")
	}
	if cfg.OTLPHTTP.HasValue() {
		destinations = append(destinations, "`otlp_http`")
	}
	var errs error
	switch len(destinations) {
	case 0:
		errs = errors.New("there is no destination; name one of `archive`, `otlp_grpc`, `otlp_http`")
	case 1:
	default:
		errs = fmt.Errorf("there are several destinations, %s; an exporter has one: use `sm4/first` and `sm4/second`", strings.Join(destinations, " and "))
	}
	if cfg.Archive.HasValue() && (cfg.Seal.Mode != ModeRecord || len(cfg.Seal.Attributes) > 0 || len(cfg.Seal.Search) > 0) {
		errs = errors.Join(errs, errors.New("`seal` says what is sealed on the way to a backend; an `archive` seals everything: remove `seal`"))
	}
	return errs
}

// Validate reports what is wrong with the keys' settings.
func (cfg *KeysConfig) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if !cfg.SM2.HasValue() && !cfg.File.HasValue() && !cfg.Env.HasValue() && !cfg.Command.HasValue() {
		say("nobody could read what is sealed; name one or more of `sm2`, `file`, `env`, `command`")
	}
	if c := cfg.SM2.Get(); c != nil && (len(c.Recipients) == 0 || slices.Contains(c.Recipients, "")) {
		say("`sm2::recipients` needs the paths of public keys in PEM, as `sealctl keygen` writes them")
	}
	if cfg.RotateAfter <= 0 {
		say("`rotate_after` is %s; it has to be more than 0", cfg.RotateAfter)
	}
	if cfg.MaxAge < cfg.RotateAfter {
		say("`max_age` is %s; it has to be at least `rotate_after`, which is %s", cfg.MaxAge, cfg.RotateAfter)
	}
	if cfg.MaxSeals < 2 || cfg.MaxSeals > maxSeals {
		say("`max_seals` is %d; it has to be 2 to %d", cfg.MaxSeals, uint64(maxSeals))
	}
	return errs
}

// Validate reports what is wrong with the archive's settings.
func (cfg *ArchiveConfig) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if cfg.Directory == "" {
		say("`directory` is empty; it is where sealed files are written")
	}
	if cfg.MaxFileMiB < 1 {
		say("`max_file_mib` is %d; it has to be at least 1", cfg.MaxFileMiB)
	}
	if cfg.MaxFileAge <= 0 {
		say("`max_file_age` is %s; it has to be more than 0", cfg.MaxFileAge)
	}
	if cfg.FrameKiB < 1 || cfg.FrameKiB > maxFrameKiB {
		say("`frame_kib` is %d; it has to be 1 to %d", cfg.FrameKiB, maxFrameKiB)
	}
	if policies := []archive.SyncPolicy{archive.SyncFrame, archive.SyncInterval, archive.SyncNever}; !slices.Contains(policies, cfg.Fsync) {
		say("`fsync` is %q, which is not one of `frame`, `interval`, `never`", cfg.Fsync)
	}
	if cfg.FsyncInterval <= 0 {
		say("`fsync_interval` is %s; it has to be more than 0", cfg.FsyncInterval)
	}
	if cfg.DiskBudgetMiB < 0 {
		say("`disk_budget_mib` is %d; it has to be at least 1, or 0 for no budget", cfg.DiskBudgetMiB)
	}
	return errs
}

// Validate reports what is wrong with the settings of sealing.
func (cfg *SealConfig) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	switch key := cfg.SearchKey; {
	case key.File != "" && key.Env != "":
		say("`search_key` names a `file` and an `env`; name one")
	case len(cfg.Search) > 0 && key.File == "" && key.Env == "":
		say("`search` needs a `search_key`, with `file` or `env`: `sealctl keygen --symmetric` makes one")
	}
	if cfg.Mode != ModeRecord && cfg.Mode != ModeFields {
		say("`mode` is %q, which is not one of `record`, `fields`", cfg.Mode)
		return errs
	}
	// The real search key is read at start; which one it is makes no difference here.
	tokens, err := seal.NewTokenKey(make([]byte, seal.KeySize))
	if err == nil {
		_, err = cfg.policy(tokens, nil)
	}
	return errors.Join(errs, err)
}

// policy returns what decides, for each attribute, whether it is sealed.
func (cfg *SealConfig) policy(tokens *seal.TokenKey, onSealed func(sealpdata.Sizes)) (*sealpdata.Policy, error) {
	opts := sealpdata.Options{Keep: cfg.Keep, Attributes: cfg.Attributes, Search: cfg.Search, Tokens: tokens, OnSealed: onSealed}
	if cfg.Mode == ModeFields {
		opts.Mode = sealpdata.ModeFields
	}
	return sealpdata.New(opts)
}
