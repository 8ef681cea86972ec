// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package reload makes SIGHUP safe. The Collector answers SIGHUP by shutting down what runs before
// it looks at the new configuration, so that a mistake in it ends the process. Behind a guarded
// provider a configuration is validated first, and a refused one changes nothing.
package reload
