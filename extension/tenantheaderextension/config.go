// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package tenantheaderextension

import (
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// Config is the configuration of the extension.
type Config struct {
	// Header is the header of requests that names the tenant, and the key of the
	// client's metadata that has it. The default is `X-Scope-OrgID`.
	Header string `mapstructure:"header"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config { return &Config{Header: "X-Scope-OrgID"} }

var headerName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Validate reports a header that cannot be one.
func (cfg *Config) Validate() error {
	if !headerName.MatchString(cfg.Header) {
		return fmt.Errorf("`header` is %q, must be the name of a header, such as `X-Scope-OrgID`", cfg.Header)
	}
	return nil
}
