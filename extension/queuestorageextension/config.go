// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/keyconfig"
	"github.com/sealgate/sealgate/seal"
)

// Config is the configuration of the extension. It has the keys of contrib's `file_storage`,
// so that one can stand in for the other.
type Config struct {
	// Directory holds a folder for each queue.
	Directory string `mapstructure:"directory"`

	// CreateDirectory makes Directory.
	CreateDirectory bool `mapstructure:"create_directory"`

	// DirectoryPermissions are those of a directory that is made, in octal.
	DirectoryPermissions string `mapstructure:"directory_permissions"`

	// FSync makes every change durable before it is acknowledged.
	FSync bool `mapstructure:"fsync"`

	// MaxSize is the most bytes that the values of one queue may take. 0 means no limit.
	MaxSize int64 `mapstructure:"max_size"`

	// Timeout is how long to wait for another process that has the folder of a queue.
	Timeout time.Duration `mapstructure:"timeout"`

	// Encryption names the keys under which keys and values are encrypted on the disk.
	Encryption configoptional.Optional[EncryptionConfig] `mapstructure:"encryption"`

	// Recreate has no effect: there is no database that could be made again.
	Recreate bool `mapstructure:"recreate"`

	// Compaction has no effect: files are removed when what is in them is gone.
	Compaction *filestorage.CompactionConfig `mapstructure:"compaction"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// EncryptionConfig names keys. Each that is named can decrypt what is on the disk.
type EncryptionConfig struct {
	// File is a symmetric key in a file.
	File configoptional.Optional[FileConfig] `mapstructure:"file"`

	// Env is a symmetric key in an environment variable.
	Env configoptional.Optional[EnvConfig] `mapstructure:"env"`

	// Command is an external program, such as the client of an HSM or a KMS.
	Command configoptional.Optional[CommandConfig] `mapstructure:"command"`

	// SM2 is refused: a public key cannot decrypt.
	SM2 configoptional.Optional[SM2Config] `mapstructure:"sm2"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// The settings of keys, which `sm4` has as well.
type (
	// FileConfig names a symmetric key in a file.
	FileConfig = keyconfig.File

	// EnvConfig names a symmetric key in the environment.
	EnvConfig = keyconfig.Env

	// CommandConfig names a program that wraps and unwraps data keys.
	CommandConfig = keyconfig.Command
)

// SM2Config is that of `sm4`. It is here so that a message can say what to use.
type SM2Config struct {
	// Recipients are paths of public keys in PEM.
	Recipients []string `mapstructure:"recipients"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	theirs := filestorage.NewFactory().CreateDefaultConfig().(*filestorage.Config)
	return &Config{
		Directory:            theirs.Directory,
		DirectoryPermissions: theirs.DirectoryPermissions,
		Timeout:              theirs.Timeout,
		Compaction:           theirs.Compaction,
		Encryption: configoptional.Default(EncryptionConfig{
			File:    configoptional.Default(FileConfig{}),
			Env:     configoptional.Default(EnvConfig{}),
			Command: configoptional.Default(keyconfig.DefaultCommand()),
			SM2:     configoptional.Default(SM2Config{}),
		}),
	}
}

// Validate reports every setting that is wrong, by its key and with what would be accepted.
func (cfg *Config) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	info, err := os.Stat(cfg.Directory)
	switch {
	case cfg.Directory == "":
		say("`directory` is empty; it is where queues are kept")
	case errors.Is(err, fs.ErrNotExist):
		if !cfg.CreateDirectory {
			say("`directory` must exist, or `create_directory` be true: %w", err)
		}
	case err != nil:
		say("`directory` cannot be used: %w", err)
	case !info.IsDir():
		say("`directory` %s is a file; it must be a directory", cfg.Directory)
	}
	if _, err := cfg.permissions(); err != nil {
		say("`directory_permissions` is %q; it must be an octal number up to \"0777\"", cfg.DirectoryPermissions)
	}
	if cfg.MaxSize < 0 {
		say("`max_size` is %d; it must be a number of bytes, or 0 for no limit", cfg.MaxSize)
	}
	if cfg.Timeout < 0 {
		say("`timeout` is %s; it must be 0 or more", cfg.Timeout)
	}
	return errs
}

func (cfg *Config) permissions() (os.FileMode, error) {
	mode, err := strconv.ParseUint(cfg.DirectoryPermissions, 8, 32)
	if err == nil && mode > 0o777 {
		err = errors.New("too large")
	}
	return os.FileMode(mode), err
}

// Validate reports what is wrong with the keys' settings.
func (cfg *EncryptionConfig) Validate() error {
	if cfg.SM2.HasValue() {
		return errors.New("`sm2` has public keys, which cannot decrypt the queue after a restart; use `file`, `env` or `command`")
	}
	if !cfg.File.HasValue() && !cfg.Env.HasValue() && !cfg.Command.HasValue() {
		return errors.New("there is no key; name one or more of `file`, `env`, `command`")
	}
	return nil
}

// cipher reads the keys, and tests what encrypts. It is nil without encryption.
func (cfg *Config) cipher(ctx context.Context) (*seal.QueueCipher, error) {
	c := cfg.Encryption.Get()
	if c == nil {
		return nil, nil
	}
	if err := seal.SelfTest(); err != nil {
		return nil, fmt.Errorf("the self-test of the cipher failed, so nothing is stored: %w", err)
	}
	var keys []seal.Key
	add := func(setting string, key []byte, err error) error {
		if err == nil {
			var kek *seal.KEK
			if kek, err = seal.NewKEK(key); err == nil {
				keys = append(keys, kek)
				return nil
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("`encryption::%s`: %w; `sealctl keygen --symmetric` makes keys", setting, err)
		}
		return fmt.Errorf("`encryption::%s`: %w", setting, err)
	}
	if f := c.File.Get(); f != nil {
		key, err := seal.ReadKeyFile(f.Path)
		if err := add("file", key, err); err != nil {
			return nil, err
		}
	}
	if e := c.Env.Get(); e != nil {
		key, err := seal.ReadKeyEnv(e.Variable)
		if err := add("env", key, err); err != nil {
			return nil, err
		}
	}
	if p := c.Command.Get(); p != nil {
		keys = append(keys, p.Key())
	}
	return seal.NewQueueCipher(ctx, keys...)
}
