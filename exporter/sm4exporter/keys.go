// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.uber.org/zap"

	"github.com/sealgate/sealgate/seal"
)

// provider returns what gives the recipients of data keys.
func (cfg *KeysConfig) provider() seal.Provider {
	var all seal.Providers
	if c := cfg.SM2.Get(); c != nil {
		all = append(all, seal.SM2Provider{Paths: c.Recipients})
	}
	if c := cfg.File.Get(); c != nil {
		all = append(all, seal.FileProvider{Path: c.Path})
	}
	if c := cfg.Env.Get(); c != nil {
		all = append(all, seal.EnvProvider{Variable: c.Variable})
	}
	if c := cfg.Command.Get(); c != nil {
		all = append(all, c.Key())
	}
	return all
}

// check has a data key wrapped and reads the search key, as Start does. It runs where the exporter is
// made, so that the command `validate` finds what would fail at a start.
func (cfg *Config) check(ctx context.Context) error {
	keeper, err := cfg.newKeeper(ctx, seal.KeeperOptions{})
	if err == nil {
		keeper.Close()
	}
	_, keyErr := cfg.Seal.tokenKey()
	return errors.Join(err, keyErr)
}

// newKeeper makes the first data key. It says in its errors which keys are wrong.
func (cfg *Config) newKeeper(ctx context.Context, opts seal.KeeperOptions) (*seal.Keeper, error) {
	opts.RotateAfter, opts.MaxAge, opts.MaxSeals = cfg.Keys.RotateAfter, cfg.Keys.MaxAge, cfg.Keys.MaxSeals
	keeper, err := seal.NewKeeper(ctx, cfg.Keys.provider(), opts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("`keys`: %w; `sealctl keygen` makes keys", err)
	}
	if err != nil {
		return nil, fmt.Errorf("`keys`: %w", err)
	}
	return keeper, nil
}

// startKeeper tests the cipher and makes the first data key.
func startKeeper(ctx context.Context, cfg *Config, tel *instruments, log *zap.Logger) (*seal.Keeper, error) {
	if err := seal.SelfTest(); err != nil {
		return nil, fmt.Errorf("the self-test of the cipher failed, so nothing is sealed: %w", err)
	}
	keeper, err := cfg.newKeeper(ctx, seal.KeeperOptions{
		OnError: func(err error) {
			tel.keyFailed()
			log.Error("no new data key can be had; the current one is used to its limit", zap.Error(err))
		},
		OnRecipients: func(added, removed []string) {
			tel.recipientsChanged(len(added) + len(removed))
			log.Warn("the recipients changed: the added keys can read what is sealed from now on, the removed keys cannot; "+
				"if nobody replaced a key on purpose, restore the files under `keys` and restart",
				zap.Strings("added", added), zap.Strings("removed", removed))
		},
	})
	if err != nil {
		return nil, err
	}
	for _, w := range keeper.Current().Wrapped {
		log.Info("sealing for a recipient", zap.String("recipient", w.Recipient()))
	}
	return keeper, tel.watch(keeper)
}

// tokenKey reads the key of search tokens; it is nil where none is wanted.
func (cfg *SealConfig) tokenKey() (*seal.TokenKey, error) {
	if len(cfg.Search) == 0 {
		return nil, nil
	}
	var key []byte
	var err error
	if cfg.SearchKey.File != "" {
		key, err = seal.ReadKeyFile(cfg.SearchKey.File)
	} else {
		key, err = seal.ReadKeyEnv(cfg.SearchKey.Env)
	}
	if err != nil {
		return nil, fmt.Errorf("`seal::search_key`: %w", err)
	}
	return seal.NewTokenKey(key)
}
