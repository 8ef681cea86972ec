// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/segmentlog"
)

// queueStorage is the extension. It is safe for concurrent use.
type queueStorage struct {
	cfg    *Config
	logger *zap.Logger
	tel    *instruments
	cipher segmentlog.Cipher // nil: nothing is encrypted
	cancel context.CancelFunc

	fs func(directory string) segmentlog.FS // in tests, else nil
}

var _ storage.Extension = (*queueStorage)(nil)

func newQueueStorage(set extension.Settings, cfg *Config) (*queueStorage, error) {
	tel, err := newInstruments(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &queueStorage{cfg: cfg, logger: set.Logger, tel: tel, cancel: func() {}}, nil
}

// Start makes the directory and reads the keys.
func (s *queueStorage) Start(context.Context, component.Host) error {
	if s.cfg.CreateDirectory {
		mode, err := s.cfg.permissions()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(s.cfg.Directory, mode); err != nil {
			return fmt.Errorf("`directory` cannot be made: %w", err)
		}
	}
	if s.cfg.Recreate {
		s.logger.Warn("`recreate` has no effect: nothing needs to be made again, and nothing is thrown away; remove the setting")
	}
	ctx, cancel := context.WithCancel(context.Background()) // of commands that wrap keys
	s.cancel = cancel
	c, err := s.cfg.cipher(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		s.cipher = c
	}
	return nil
}

// Shutdown ends what Start has begun. Components close their clients before.
func (s *queueStorage) Shutdown(context.Context) error {
	s.cancel()
	s.tel.Shutdown()
	return nil
}

// GetClient opens the storage of a component. It has one client at a time.
func (s *queueStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	directory := filepath.Join(s.cfg.Directory, folderName(kind, id, name, logSuffix))
	c := &client{
		logger: s.logger.With(zap.String("directory", directory)),
		tel:    s.tel.of(id, name),
		unread: map[string]bool{},
	}
	old := oldFiles{
		database: filepath.Join(s.cfg.Directory, databaseName(kind, id, name)),
		values:   filepath.Join(s.cfg.Directory, folderName(kind, id, name, ".values")),
		timeout:  s.cfg.Timeout,
	}
	if err := s.openClient(c, directory, old, kind == component.KindExporter); err != nil {
		return nil, fmt.Errorf("%w%s", err, advice(err))
	}
	c.tel.damaged(0) // a counter that begins with its first loss shows no increase
	c.tel.missing(0)
	s.tel.add(c)
	return c, nil
}

// openClient opens the log of a client, takes over older files, and looks after a queue.
func (s *queueStorage) openClient(c *client, directory string, old oldFiles, queue bool) (err error) {
	o := segmentlog.Options{
		Fsync: s.cfg.FSync, Cipher: s.cipher, MaxBytes: s.cfg.MaxSize, LockPatience: s.cfg.Timeout,
		OnDamage: func(d *segmentlog.Damage) {
			c.damages++
			c.logger.Error("a record on the disk is damaged; if it is of a batch that waits, the batch is lost", zap.Error(d))
		},
		OnTorn: func(d *segmentlog.Damage) {
			c.logger.Info("the process ended before this was written as a whole; it was not acknowledged", zap.Error(d))
		},
	}
	if s.fs != nil {
		o.FS = s.fs(directory)
	}
	if old.exist() {
		if err := takeOver(c, directory, old, o); err != nil {
			return err
		}
	}
	if c.log, err = segmentlog.Open(directory, o); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.log.Close())
		}
	}()
	if s.cipher != nil {
		if err := c.log.Reencrypt(); err != nil {
			c.logger.Warn("what was stored before `encryption` was set stays in the clear until it is sent", zap.Error(err))
		}
	}
	c.sayLost()
	if queue {
		if err := c.repair(); err != nil {
			return err
		}
	}
	c.log.Reserve()
	return nil
}

// advice says what to do about an error of opening.
func advice(err error) string {
	switch {
	case errors.Is(err, segmentlog.ErrLocked):
		return "; give each collector another `directory`"
	case errors.Is(err, segmentlog.ErrKey):
		return "; nothing was removed: configure under `encryption` the key that the queue was written with"
	case errors.Is(err, fs.ErrPermission):
		return "; this process must be able to read and write everything in the folder: give it to the user that the process runs as"
	}
	return ""
}

// logSuffix ends the names of folders of logs. Earlier versions of this extension do not know
// it: they remove what they do not know from the folders that they do.
const logSuffix = ".queue.values"

// folderName returns a name for the folder of a component that no other has, and that a
// file system takes.
func folderName(kind component.Kind, id component.ID, name, suffix string) string {
	const longest = 255 // bytes, in all file systems that matter
	folder := url.PathEscape(strings.ToLower(kind.String())+"_"+id.String()+"_"+name) + suffix
	if len(folder) > longest {
		return fmt.Sprintf("%x%s", sha256.Sum256([]byte(folder)), suffix)
	}
	return folder
}
