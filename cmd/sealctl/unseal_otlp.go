// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// trace opens a trace of Tempo, in either version of its API, or traces in OTLP.
func (o *opener) trace(top map[string]json.RawMessage) (inClear []byte, errs []error, err error) {
	resources, err := resourceSpans(top)
	if err != nil {
		return nil, nil, err
	}
	text, err := withHexIDs(resources)
	if err != nil {
		return nil, nil, err
	}
	td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(fmt.Appendf(nil, `{"resourceSpans":%s}`, text))
	if err != nil {
		return nil, nil, fmt.Errorf("it is not a trace: %w", err)
	}
	stats, sealed := o.Traces(td)
	o.count(stats)
	inClear, err = new(ptrace.JSONMarshaler).MarshalTraces(td)
	return inClear, each(sealed), err
}

// resourceSpans returns the spans of an answer, by resource.
func resourceSpans(top map[string]json.RawMessage) (json.RawMessage, error) {
	if inner, ok := top["trace"]; ok {
		top = nil
		if err := json.Unmarshal(inner, &top); err != nil {
			return nil, errors.New("its trace is no JSON object")
		}
	}
	for _, key := range []string{"resourceSpans", "batches"} {
		if resources, ok := top[key]; ok {
			return resources, nil
		}
	}
	return json.RawMessage("[]"), nil // Tempo leaves out what is empty
}

// logs opens logs in OTLP.
func (o *opener) logs(text []byte) (inClear []byte, errs []error, err error) {
	if text, err = withHexIDs(text); err != nil {
		return nil, nil, err
	}
	ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(text)
	if err != nil {
		return nil, nil, fmt.Errorf("they are not logs: %w", err)
	}
	stats, sealed := o.Logs(ld)
	o.count(stats)
	inClear, err = new(plog.JSONMarshaler).MarshalLogs(ld)
	return inClear, each(sealed), err
}

// withHexIDs rewrites ids in base64, as protobuf's JSON has them and Tempo's, to
// hexadecimal digits, as OTLP's has them.
func withHexIDs(text []byte) ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber() // times do not fit into a float64
	var v any
	if err := in.Decode(&v); err != nil {
		return nil, err
	}
	if err := rewriteIDs(v); err != nil {
		return nil, err
	}
	return marshal(v)
}

func rewriteIDs(v any) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := rewriteIDs(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, value := range v {
			size := idSize(key)
			text, isText := value.(string)
			if size == 0 || !isText {
				if err := rewriteIDs(value); err != nil {
					return err
				}
				continue
			}
			id, err := hexID(text, size)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			v[key] = id
		}
	}
	return nil
}

// idSize returns how many bytes the id has that a key names, 0 if it names none.
func idSize(key string) int {
	switch key {
	case "traceId":
		return 16
	case "spanId", "parentSpanId":
		return 8
	}
	return 0
}

// hexID returns an id in hexadecimal digits. Base64 of 8 or 16 bytes ends with =,
// which tells it from them; leading zeros may have been left out of them.
func hexID(text string, size int) (string, error) {
	if strings.HasSuffix(text, "=") {
		id, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(id) > size {
			return "", fmt.Errorf("%q is no id", text)
		}
		text = hex.EncodeToString(id)
	}
	if text == "" {
		return "", nil
	}
	if len(text) > 2*size {
		return "", fmt.Errorf("%q is no id: it has more than %d hexadecimal digits", text, 2*size)
	}
	padded := strings.Repeat("0", 2*size-len(text)) + text
	if _, err := hex.DecodeString(padded); err != nil {
		return "", fmt.Errorf("%q is no id: it is neither hexadecimal nor base64", text)
	}
	return padded, nil
}

// decodeID decodes an id that may be left out.
func decodeID(dst []byte, text string) error {
	id, err := hexID(text, len(dst))
	if err != nil || id == "" {
		return err
	}
	_, err = hex.Decode(dst, []byte(id))
	return err
}
