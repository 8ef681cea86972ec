// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package admissionextension is the `admission` extension: receivers of OTLP that name it
// in their `middlewares` tell senders what the `admission` processors refused, and refuse
// requests that are too deep to be decoded.
package admissionextension
