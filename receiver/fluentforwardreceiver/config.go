// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"errors"
	"fmt"
)

// Config configures the receiver.
type Config struct {
	// ListenAddress is host:port for TCP, or unix:///path for a socket of the file system.
	ListenAddress string `mapstructure:"endpoint"`
	// MaxMessageBytes is the largest message, as it comes and after decompression.
	MaxMessageBytes int64 `mapstructure:"max_message_bytes"`

	_ struct{} // fields are named where a Config is made
}

// Validate reports settings that cannot work.
func (c *Config) Validate() error {
	var errs error
	if c.ListenAddress == "" {
		errs = errors.Join(errs, errors.New("`endpoint` is missing; it has to be host:port, such as 127.0.0.1:24224, or unix:///path"))
	}
	if c.MaxMessageBytes < 1024 {
		errs = errors.Join(errs, fmt.Errorf("`max_message_bytes` is %d; it has to be 1024 or more", c.MaxMessageBytes))
	}
	return errs
}
