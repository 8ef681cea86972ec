// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package divideextension is the `divide` extension: exporters of OTLP that name it in
// their `middlewares` deliver a refused request except for the items that are the cause.
// The work is done by package divide.
package divideextension
