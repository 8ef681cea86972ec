// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/sealgate/sealgate/divide"
)

const (
	typeJSON  = "application/json"
	typeProto = "application/x-protobuf"
)

// GetHTTPRoundTripper divides requests over HTTP. Exporters compress a request before the
// middleware sees it.
func (m *middleware) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		return &roundTripper{m, base}, nil
	}, nil
}

type roundTripper struct {
	*middleware
	base http.RoundTripper
}

// RoundTrip sends a request and, where the backend refuses it, its parts.
func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	signal, ok := divide.SignalOfPath(r.URL.Path)
	if !ok || r.Method != http.MethodPost {
		return t.base.RoundTrip(r)
	}
	drain := t.drains.get(r.URL.Host)
	if err := drain.wait(r.Context(), int(max(0, r.ContentLength))); err != nil {
		return nil, err
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		drain.note(false)
		return nil, err
	}
	req := request{backend: r.URL.Host, signal: signal, json: mediaType(r.Header) == typeJSON}
	text, err := peek(resp)
	if err != nil {
		return nil, err
	}
	verdict := verdictOf(r.URL.Host, signal, resp, text)
	drain.note(verdict.Kind != divide.Retry)
	switch {
	case verdict.Kind == divide.Taken:
		t.count(r.Context(), req, divide.ReasonPartial, verdict.Rejected)
		return resp, nil
	case verdict.Kind == divide.Retry && exporterRetries(resp.StatusCode), follows(resp.StatusCode):
		return resp, nil
	case verdict.Kind == divide.Retry:
		_ = resp.Body.Close()
		return nil, verdict.Err
	}
	body, encoding, err := bodyOf(r)
	if err != nil {
		return resp, nil
	}
	req.send = func(ctx context.Context, part []byte) divide.Verdict {
		return t.sendPart(ctx, r, signal, encoding, part)
	}
	err, divided := t.deliver(r.Context(), req, body, verdict)
	if !divided {
		return resp, nil
	}
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	return taken(r), nil
}

// sendPart sends a part of a request, with the headers of the whole.
func (t *roundTripper) sendPart(ctx context.Context, whole *http.Request, signal divide.Signal, encoding codec, part []byte) divide.Verdict {
	body, err := encoding.encode(part)
	if err != nil {
		return divide.Verdict{Kind: divide.Retry, Err: err}
	}
	r := whole.Clone(ctx)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return divide.Verdict{Kind: divide.Retry, Err: err}
	}
	defer resp.Body.Close()
	text, err := peek(resp)
	if err != nil {
		return divide.Verdict{Kind: divide.Retry, Err: err}
	}
	return verdictOf(r.URL.Host, signal, resp, text)
}

// exporterRetries says whether the Collector's exporter tries again after a status.
func exporterRetries(code int) bool {
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// follows says whether Go's client sends the request again, whole, to where an answer
// points. After the other redirections it sends GET, and the data would be lost.
func follows(code int) bool {
	return code == http.StatusTemporaryRedirect || code == http.StatusPermanentRedirect
}

// peek reads the body of an answer, as far as anyone reads it, and puts it back.
func peek(resp *http.Response) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), resp.Body), resp.Body}
	return text, nil
}

func verdictOf(host string, signal divide.Signal, resp *http.Response, text []byte) divide.Verdict {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		contentType := mediaType(resp.Header)
		if contentType != typeJSON && contentType != typeProto {
			return divide.Verdict{}
		}
		return divide.Verdict{Rejected: divide.Rejected(signal, text, contentType == typeJSON), Reason: divide.ReasonPartial}
	}
	said := said(resp.Header, text)
	v := divide.Verdict{}
	v.Kind, v.Reason = divide.OfHTTP(resp.StatusCode, said)
	v.Err = fmt.Errorf("%s answered %s: %s", host, resp.Status, words(said))
	if location := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && location != "" {
		v.Err = fmt.Errorf("%s answered %s: set the exporter's endpoint to where it points, %s", host, resp.Status, words(location))
	}
	if delay := retryAfter(resp.Header.Get("Retry-After")); delay > 0 {
		v.Err = exporterhelper.NewThrottleRetry(v.Err, delay)
	}
	return v
}

// said returns the words of an answer: those of its status message, if it has one.
func said(h http.Header, text []byte) string {
	var s spb.Status
	if mediaType(h) == typeProto && proto.Unmarshal(text, &s) == nil {
		return s.Message
	}
	return string(text)
}

func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return time.Until(date)
	}
	return 0
}

func mediaType(h http.Header) string {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return t
}

// taken is the answer of a backend that has the request.
func taken(r *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}
}

// bodyOf returns the body of a request that was sent, decompressed, and how it was
// compressed.
func bodyOf(r *http.Request) ([]byte, codec, error) {
	if r.GetBody == nil {
		return nil, codec{}, fmt.Errorf("the body of the request cannot be read again")
	}
	encoding, ok := codecs[r.Header.Get("Content-Encoding")]
	if !ok {
		return nil, codec{}, fmt.Errorf("a request with the encoding %q cannot be divided", r.Header.Get("Content-Encoding"))
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, codec{}, err
	}
	defer body.Close()
	plain, err := encoding.decode(body)
	return plain, encoding, err
}
