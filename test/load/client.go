// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// verdict is what an OTLP client knows of a request in the end.
type verdict int

const (
	accepted verdict = iota
	refused
	unknown // there was no answer to one of the tries, and a good one to none
)

type outcome struct {
	verdict  verdict
	rejected int // items of an accepted request
}

// failure is a try that was not accepted.
type failure struct {
	cause     error
	retryable bool
	after     time.Duration // the server asks to wait so long; 0: it says nothing
	answered  bool          // the server said so itself
}

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// client sends encoded requests over one connection.
type client interface {
	// export tries once and returns the answer. Its error is a *failure.
	export(ctx context.Context, s *signal, body []byte) (answer []byte, err error)
	close() error
}

// Bounds of the exponential back-off. They are short, since tests wait for it.
const (
	firstBackOff = 50 * time.Millisecond
	mostBackOff  = 2 * time.Second
)

// send tries until the request is accepted, refused for good, or patience or ctx ends.
func (o *Options) send(ctx context.Context, c client, s *signal, body []byte) (outcome, error) {
	end := outcome{verdict: refused}
	start := time.Now()
	for backOff := firstBackOff; ; backOff = min(2*backOff, mostBackOff) {
		err := try(ctx, c, s, body, o.Timeout, &end)
		f, failed := errors.AsType[*failure](err)
		if !failed {
			return end, err
		}
		if !f.answered {
			end.verdict = unknown
		}
		wait := max(f.after, time.Duration((0.5+rand.Float64())*float64(backOff)))
		if !f.retryable || o.Patience > 0 && time.Since(start)+wait > o.Patience {
			return end, err
		}
		select {
		case <-ctx.Done():
			return end, err
		case <-time.After(wait):
		}
	}
}

func try(ctx context.Context, c client, s *signal, body []byte, timeout time.Duration, end *outcome) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.export(ctx, s, body)
	if err != nil {
		return err
	}
	rejected, why, err := s.rejected(answer)
	*end = outcome{verdict: accepted, rejected: int(rejected)}
	if err == nil && rejected > 0 {
		err = fmt.Errorf("%d items were rejected: %s", rejected, why)
	}
	return err
}

// rawCodec passes encoded requests and answers through.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = bytes.Clone(b)
	return nil
}

func (rawCodec) Name() string { return "proto" }

type grpcClient struct{ conn *grpc.ClientConn }

func newGRPCClient(addr string) (client, error) {
	conn, err := grpc.NewClient(addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	return grpcClient{conn}, err
}

func (c grpcClient) close() error { return c.conn.Close() }

func (c grpcClient) export(ctx context.Context, s *signal, body []byte) (answer []byte, err error) {
	if err = c.conn.Invoke(ctx, s.method, &body, &answer); err == nil {
		return answer, nil
	}
	f := &failure{cause: err, answered: true}
	st := status.Convert(err)
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			f.after = info.GetRetryDelay().AsDuration()
		}
	}
	// The specification of OTLP lists these.
	switch st.Code() {
	case codes.Canceled, codes.DeadlineExceeded:
		f.retryable, f.answered = true, false
	case codes.Unavailable: // from the server, or from the connection in its stead
		f.retryable, f.answered = true, false
	case codes.Aborted, codes.OutOfRange, codes.DataLoss:
		f.retryable = true
	case codes.ResourceExhausted:
		f.retryable = f.after > 0
	}
	return nil, f
}

type httpClient struct {
	base string
	http http.Client
}

func newHTTPClient(addr string) client {
	return &httpClient{base: "http://" + addr, http: http.Client{Transport: &http.Transport{}}}
}

func (c *httpClient) close() error {
	c.http.CloseIdleConnections()
	return nil
}

func (c *httpClient) export(ctx context.Context, s *signal, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+s.path(), bytes.NewReader(body))
	if err != nil {
		return nil, &failure{cause: err}
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &failure{cause: err, retryable: true}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &failure{cause: err, retryable: true}
	}
	if resp.StatusCode == http.StatusOK {
		return answer, nil
	}
	f := &failure{cause: fmt.Errorf("%s%s answered %s", c.base, s.path(), resp.Status), answered: true}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		f.retryable = true
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		f.after = time.Duration(seconds) * time.Second
	}
	return nil, f
}
