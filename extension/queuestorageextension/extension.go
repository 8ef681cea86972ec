// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// queueStorage is the extension. It is safe for concurrent use.
type queueStorage struct {
	storage.Extension // for keys and small values
	cfg               *filestorage.Config
	logger            *zap.Logger
}

// GetClient opens the storage of a component. It has one client at a time.
func (s *queueStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (_ storage.Client, err error) {
	inner, err := s.Extension.GetClient(ctx, kind, id, name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, inner.Close(ctx))
		}
	}()
	values, err := openValues(ctx, filepath.Join(s.cfg.Directory, folderName(kind, id, name)), inner, s.cfg.FSync, s.cfg.MaxSize)
	if err != nil {
		return nil, err
	}
	c := &client{inner: inner, values: values, logger: s.logger.With(zap.String("directory", values.directory))}
	c.reserve(ctx)
	return c, nil
}

// folderName returns a name for the folder of the large values of a component that no
// other has, and that a file system takes.
func folderName(kind component.Kind, id component.ID, name string) string {
	const longest = 255 // bytes, in all file systems that matter
	folder := url.PathEscape(strings.ToLower(kind.String())+"_"+id.String()+"_"+name) + ".values"
	if len(folder) > longest {
		return fmt.Sprintf("%x.values", sha256.Sum256([]byte(folder)))
	}
	return folder
}
