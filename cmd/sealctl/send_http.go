// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// httpSender sends OTLP over HTTP, as protobuf with gzip.
type httpSender struct {
	client  *http.Client
	base    string
	headers map[string]string
	now     func() time.Time
}

func (t *target) dialHTTP() (sender, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if t.tls() {
		config, err := t.tlsConfig()
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = config
	}
	client := &http.Client{
		Transport: transport, Timeout: t.timeout,
		// A redirect could lead from TLS to a place without it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &httpSender{client: client, base: strings.TrimRight(t.address.String(), "/"), headers: t.headers, now: time.Now}, nil
}

func (s *httpSender) close() error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *httpSender) send(ctx context.Context, b batch) (answer, error) {
	body, path, err := httpRequest(b)
	if err != nil {
		return answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "gzip")
	request.Header.Set("User-Agent", userAgent())
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, judgeTransport(err)
	}
	defer response.Body.Close()
	const most = 1 << 20 // bytes of an answer that are looked at
	said, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return answer{}, judgeTransport(err)
	}
	if response.StatusCode/100 != 2 { // some answer 202 or 204
		return answer{}, s.judgeResponse(response, said)
	}
	return readAnswer(b, response.Header.Get("Content-Type"), said), nil
}

// httpRequest returns the body of a request, compressed, and its path.
func httpRequest(b batch) (body []byte, path string, err error) {
	switch b := b.(type) {
	case traceBatch:
		path = "/v1/traces"
		body, err = ptraceotlp.NewExportRequestFromTraces(b.Traces).MarshalProto()
	case logBatch:
		path = "/v1/logs"
		body, err = plogotlp.NewExportRequestFromLogs(b.Logs).MarshalProto()
	case metricBatch:
		path = "/v1/metrics"
		body, err = pmetricotlp.NewExportRequestFromMetrics(b.Metrics).MarshalProto()
	}
	if err != nil {
		return nil, "", err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(body)
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, "", err
	}
	return packed.Bytes(), path, nil
}

// judgeTransport tells errors of the network, which pass, from those that say that
// it is the wrong server.
func judgeTransport(err error) error {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &record) {
		return fmt.Errorf("%w (is it TLS, and is --ca the right one?)", err)
	}
	return passing{err, 0}
}

func (s *httpSender) judgeResponse(r *http.Response, said []byte) error {
	const shown = 300 // bytes
	text := said[:min(len(said), shown)]
	if strings.Contains(r.Header.Get("Content-Type"), "protobuf") {
		text = nil // a Status message, not for people
	}
	err := fmt.Errorf("the endpoint answered %s: %s", r.Status, bytes.TrimSpace(text))
	switch r.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return passing{err, s.retryAfter(r.Header.Get("Retry-After"))}
	case http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", errTooLarge, err)
	case http.StatusNotFound:
		return fmt.Errorf("%w (does it take OTLP over HTTP at %s?)", err, r.Request.URL.Path)
	}
	return err
}

// retryAfter reads a Retry-After header: seconds, or a date.
func (s *httpSender) retryAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(s.now()))
	}
	return 0
}

// readAnswer reads what was rejected. An answer that is not to be understood means
// success, as its status says.
func readAnswer(b batch, contentType string, body []byte) answer {
	asJSON := strings.Contains(contentType, "json")
	switch b.(type) {
	case traceBatch:
		r := ptraceotlp.NewExportResponse()
		if unmarshalAnswer(r, asJSON, body) == nil {
			return answer{int(r.PartialSuccess().RejectedSpans()), r.PartialSuccess().ErrorMessage()}
		}
	case logBatch:
		r := plogotlp.NewExportResponse()
		if unmarshalAnswer(r, asJSON, body) == nil {
			return answer{int(r.PartialSuccess().RejectedLogRecords()), r.PartialSuccess().ErrorMessage()}
		}
	case metricBatch:
		r := pmetricotlp.NewExportResponse()
		if unmarshalAnswer(r, asJSON, body) == nil {
			return answer{int(r.PartialSuccess().RejectedDataPoints()), r.PartialSuccess().ErrorMessage()}
		}
	}
	return answer{}
}

func unmarshalAnswer(r interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}, asJSON bool, body []byte) error {
	if asJSON {
		return r.UnmarshalJSON(body)
	}
	return r.UnmarshalProto(body)
}
