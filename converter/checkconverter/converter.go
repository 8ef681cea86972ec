// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter {
		return converter{log: set.Logger}
	})
}

type converter struct{ log *zap.Logger }

// checks are run in this order. Each returns all that it finds.
var checks = []func(*settings) error{
	(*settings).checkKeys,
	(*settings).checkExtensions,
	(*settings).checkAddresses,
	(*settings).checkFiles,
	(*settings).checkSampling,
	(*settings).checkTemplates,
}

// Convert tidies addresses in conf, and returns an error that names every setting that cannot work.
// A setting that may work, but rarely as meant, is logged.
func (c converter) Convert(_ context.Context, conf *confmap.Conf) error {
	if err := tidyAddresses(conf); err != nil {
		return err
	}
	s := newSettings(conf)
	var errs error
	for _, check := range checks {
		errs = errors.Join(errs, check(s))
	}
	for _, warning := range append(s.volumeWarnings(), s.derivedWarnings()...) {
		c.log.Warn(warning)
	}
	return errs
}
