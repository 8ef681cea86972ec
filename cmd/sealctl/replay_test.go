// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// endpoint takes OTLP over gRPC and HTTP, and keeps what it took.
type endpoint struct {
	ptraceotlp.UnimplementedGRPCServer

	mu       sync.Mutex
	names    []string // of spans
	requests int      // asked, refused ones included
	sizes    []int
	headers  map[string]string
	logs     int
	points   int
	rejected int
	// fail returns an error for a request, counted from 1.
	fail func(request int) error
	// after is called after a request was taken.
	after func(request int)
}

func (e *endpoint) Export(ctx context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	tenant := strings.Join(md.Get("x-scope-orgid"), ",")
	agent := strings.Join(md.Get("user-agent"), ",")
	return e.take(r, map[string]string{"tenant": tenant, "agent": agent})
}

func (e *endpoint) take(r ptraceotlp.ExportRequest, headers map[string]string) (ptraceotlp.ExportResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests++
	e.headers = headers
	answer := ptraceotlp.NewExportResponse()
	if e.fail != nil {
		if err := e.fail(e.requests); err != nil {
			return answer, err
		}
	}
	e.names = append(e.names, spanNames(r.Traces())...)
	e.sizes = append(e.sizes, r.Traces().SpanCount())
	if e.rejected > 0 {
		answer.PartialSuccess().SetRejectedSpans(int64(e.rejected))
		answer.PartialSuccess().SetErrorMessage("too old")
	}
	if e.after != nil {
		e.after(e.requests)
	}
	return answer, nil
}

type logsEndpoint struct {
	plogotlp.UnimplementedGRPCServer
	*endpoint
}

func (e *logsEndpoint) Export(_ context.Context, r plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	e.logs += r.Logs().LogRecordCount()
	return plogotlp.NewExportResponse(), nil
}

type metricsEndpoint struct {
	pmetricotlp.UnimplementedGRPCServer
	*endpoint
}

func (e *metricsEndpoint) Export(_ context.Context, r pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	e.points += r.Metrics().DataPointCount()
	return pmetricotlp.NewExportResponse(), nil
}

// serveGRPC returns the URL of the endpoint over gRPC.
func (e *endpoint) serveGRPC(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(options...)
	ptraceotlp.RegisterGRPCServer(s, e)
	plogotlp.RegisterGRPCServer(s, &logsEndpoint{endpoint: e})
	pmetricotlp.RegisterGRPCServer(s, &metricsEndpoint{endpoint: e})
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return "http://" + l.Addr().String()
}

// httpFailure is what fail returns for HTTP.
type httpFailure struct {
	code       int
	retryAfter string
}

func (f httpFailure) Error() string { return http.StatusText(f.code) }

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no protobuf", http.StatusUnsupportedMediaType)
		return
	}
	var answer interface{ MarshalProto() ([]byte, error) }
	switch r.URL.Path {
	case "/v1/traces":
		request := ptraceotlp.NewExportRequest()
		if err = request.UnmarshalProto(body); err == nil {
			answer, err = e.take(request, map[string]string{"tenant": r.Header.Get("X-Scope-OrgID"), "agent": r.UserAgent()})
		}
	case "/v1/logs":
		request := plogotlp.NewExportRequest()
		err = request.UnmarshalProto(body)
		e.logs += request.Logs().LogRecordCount()
		answer = plogotlp.NewExportResponse()
	case "/v1/metrics":
		request := pmetricotlp.NewExportRequest()
		err = request.UnmarshalProto(body)
		e.points += request.Metrics().DataPointCount()
		answer = pmetricotlp.NewExportResponse()
	default:
		http.NotFound(w, r)
		return
	}
	var failure httpFailure
	if errors.As(err, &failure) {
		if failure.retryAfter != "" {
			w.Header().Set("Retry-After", failure.retryAfter)
		}
		http.Error(w, "so sorry", failure.code)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, _ := answer.MarshalProto()
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(text)
}

func (e *endpoint) serveHTTP(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s.URL
}

// protocols are both ways to an endpoint.
func protocols(t *testing.T, test func(t *testing.T, e *endpoint, to ...string)) {
	t.Run("grpc", func(t *testing.T) {
		e := &endpoint{}
		test(t, e, "--endpoint", e.serveGRPC(t))
	})
	t.Run("http", func(t *testing.T) {
		e := &endpoint{}
		test(t, e, "--protocol", "http", "--endpoint", e.serveHTTP(t))
	})
}

func isHTTP(to []string) bool { return to[0] == "--protocol" }

func TestReplaySendsEverythingOnceInOrder(t *testing.T) {
	dir, _, key := archiveOf(t, 5)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		r := sealctl(t, append([]string{"replay", "--key", key, dir, "--header", "X-Scope-OrgID=shop"}, to...)...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Equal(t, namesFrom(0, 50), e.names)
		require.Contains(t, r.stdout, "replayed 50 items in 5 requests")
		require.Equal(t, "shop", e.headers["tenant"])
		require.Contains(t, e.headers["agent"], "sealctl/")
	})
}

func TestReplaySendsEverySignal(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	for signal, b := range map[archive.Signal]batch{
		archive.Traces: traceBatch{spans(0, 5)}, archive.Logs: logBatch{records(0, 6)}, archive.Metrics: metricBatch{datapoints(0, 7)},
	} {
		a := writer(t, dir, signal, seal.FileProvider{Path: key}, 0)
		require.NoError(t, a.Append(t.Context(), record(t, b, 0, 7)))
		require.NoError(t, a.Close(t.Context()))
	}
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		r := sealctl(t, append([]string{"replay", "--key", key, dir}, to...)...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Len(t, e.names, 5)
		require.Equal(t, 6, e.logs)
		require.Equal(t, 5*7, e.points)
	})
}

func TestReplaySendsTheTimeRangeAlone(t *testing.T) {
	dir, _, key := archiveOf(t, 5)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		r := sealctl(t, append([]string{"replay", "--key", key, dir, "--from", "2026-01-31T12:00:12Z", "--to", "2026-01-31T12:00:22Z"}, to...)...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Equal(t, namesFrom(11, 12), e.names)
	})
}

func TestReplayWaitsAndSendsAgainWhatWasRefusedForNow(t *testing.T) {
	dir, _, key := archiveOf(t, 3)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		e.fail = func(request int) error {
			switch {
			case request == 2 && isHTTP(to):
				return httpFailure{http.StatusTooManyRequests, "7"}
			case request == 3 && isHTTP(to):
				return httpFailure{http.StatusServiceUnavailable, ""}
			case request == 2:
				s, _ := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
				return s.Err()
			case request == 3:
				return status.Error(codes.Unavailable, "so sorry")
			}
			return nil
		}
		c := newClock()
		r := sealctlWith(t, c.use, "", append([]string{"replay", "--key", key, dir}, to...)...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Equal(t, namesFrom(0, 30), e.names)
		require.Len(t, c.slept, 2)
		require.Equal(t, 7*time.Second, c.slept[0], "as the endpoint asked")
		require.Greater(t, c.slept[1], time.Duration(0))
		require.Contains(t, r.stderr, "trying again in 7s")
	})
}

func TestReplayGivesUpAfterItsTime(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		e.fail = func(int) error {
			if isHTTP(to) {
				return httpFailure{http.StatusServiceUnavailable, ""}
			}
			return status.Error(codes.Unavailable, "so sorry")
		}
		c := newClock()
		r := sealctlWith(t, c.use, "", append([]string{"replay", "--key", key, dir, "--retry-for", "2m"}, to...)...)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, "still refuses after")
		require.Contains(t, r.stderr, "--resume FILE would record")
		require.Less(t, c.at.Sub(newClock().at), 2*time.Minute)
		require.Greater(t, e.requests, 4)
	})
}

func TestReplayStopsAtOnceAtAnErrorThatStays(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		e.fail = func(request int) error {
			switch {
			case request == 1:
				return nil
			case isHTTP(to):
				return httpFailure{http.StatusUnauthorized, ""}
			}
			return status.Error(codes.Unauthenticated, "so sorry")
		}
		r := sealctl(t, append([]string{"replay", "--key", key, dir}, to...)...)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, file+": frame 1: the endpoint answered")
		require.Contains(t, r.stderr, "so sorry")
		require.Contains(t, r.stdout, "replayed 10 items in 1 request ")
		require.Equal(t, 2, e.requests)
	})
}

func TestReplayCountsWhatTheEndpointRejects(t *testing.T) {
	dir, _, key := archiveOf(t, 2)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		e.rejected = 3
		r := sealctl(t, append([]string{"replay", "--key", key, dir}, to...)...)
		require.Equal(t, exitPart, r.code)
		require.Contains(t, r.stdout, "replayed 14 items in 2 requests")
		require.Contains(t, r.stdout, "6 rejected by it")
		require.Contains(t, r.stderr, "the endpoint rejected 3 of 10 items: too old")
	})
}

func TestAReplayThatWasStoppedGoesOnWhereItWas(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	for range 2 { // two files
		tracesIn(t, dir, seal.FileProvider{Path: key}, 5)
	}
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		state := filepath.Join(t.TempDir(), "state.json")
		args := append([]string{"replay", "--key", key, dir, "--resume", state}, to...)
		stop := map[int]bool{3: true, 9: true}
		e.fail = func(request int) error {
			if !stop[request] {
				return nil
			}
			if isHTTP(to) {
				return httpFailure{http.StatusForbidden, ""}
			}
			return status.Error(codes.PermissionDenied, "stop")
		}
		first := sealctl(t, args...)
		require.Equal(t, exitNot, first.code)
		require.Contains(t, first.stderr, "run the same command again to go on")
		require.Equal(t, exitNot, sealctl(t, args...).code)
		last := sealctl(t, args...)
		require.Equal(t, exitDone, last.code, last.stderr)
		require.Contains(t, last.stdout, "7 frames skipped")
		require.Equal(t, append(namesFrom(0, 50), namesFrom(0, 50)...), e.names)

		again := sealctl(t, args...)
		require.Equal(t, exitDone, again.code)
		require.Contains(t, again.stdout, "replayed 0 items in 0 requests")
	})
}

func TestAnInterruptedReplayKeepsItsPlace(t *testing.T) {
	dir, _, key := archiveOf(t, 5)
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		state := filepath.Join(t.TempDir(), "state.json")
		args := append([]string{"replay", "--key", key, dir, "--resume", state, "--rate", "10"}, to...)
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		cmd := newEnv(strings.NewReader(""), &stdout, &stderr)
		c := newClock()
		c.use(cmd)
		cmd.sleep = func(ctx context.Context, d time.Duration) error {
			if len(e.names) == 20 {
				cancel()
			}
			return c.sleep(ctx, d)
		}
		require.Equal(t, exitNot, cmd.run(ctx, args))
		require.Contains(t, stderr.String(), "interrupted")
		require.Contains(t, stderr.String(), "run the same command again")
		require.Equal(t, exitDone, sealctlWith(t, newClock().use, "", args...).code)
		require.Equal(t, namesFrom(0, 50), e.names)
	})
}

func TestAStateIsOfOneReplayAlone(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	e := &endpoint{}
	to := e.serveGRPC(t)
	state := filepath.Join(t.TempDir(), "state.json")
	args := []string{"replay", "--key", key, dir, "--resume", state}
	require.Equal(t, exitDone, sealctl(t, append(args, "--endpoint", to)...).code)

	r := sealctl(t, append(args, "--endpoint", "http://127.0.0.1:1")...)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "is the state of a replay to "+to)
	r = sealctl(t, append(args, "--endpoint", to, "--from", "2026-01-01")...)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "of the times")
	for _, text := range []string{"", "{}", "[1]", `{"version":9,"next_frame":{}}`} {
		require.NoError(t, os.WriteFile(state, []byte(text), 0o600))
		require.Equal(t, exitNot, sealctl(t, append(args, "--endpoint", to)...).code, text)
	}
	r = sealctl(t, "replay", "--key", key, dir, "--endpoint", to, "--resume", filepath.Join(t.TempDir(), "missing", "state"))
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "cannot be recorded")
	require.Len(t, e.names, 10, "nothing was sent a second time")
}

func TestTheRateIsThatOfABucketOfOneSecond(t *testing.T) {
	dir, _, key := archiveOf(t, 5)
	e := &endpoint{}
	c := newClock()
	r := sealctlWith(t, c.use, "", "replay", "--key", key, dir, "--endpoint", e.serveGRPC(t), "--rate", "4")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, namesFrom(0, 50), e.names)
	for _, n := range e.sizes {
		require.LessOrEqual(t, n, 4)
	}
	took := c.at.Sub(newClock().at).Seconds()
	require.InDelta(t, (50.0-4)/4, took, 0.01, "the bucket was full to begin with")
}

func TestARateBelowOneIsARate(t *testing.T) {
	c := newClock()
	l := newLimiter(0.5, c.now, c.sleep)
	require.Equal(t, 1, l.most(8192))
	for range 11 {
		require.NoError(t, l.wait(t.Context(), 1))
	}
	require.InDelta(t, 20, c.at.Sub(newClock().at).Seconds(), 0.01)
}

func TestLargeFramesAreSentInRequestsOfABoundedSize(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	a := writer(t, dir, archive.Traces, seal.FileProvider{Path: key}, 0)
	many := spans(0, 20_000)
	first := many.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range 4 { // more than 4 MiB in few spans
		first.At(i).Attributes().PutStr("large", strings.Repeat("x", 1<<20))
	}
	require.NoError(t, a.Append(t.Context(), record(t, traceBatch{many}, 0, 20_000)))
	require.NoError(t, a.Close(t.Context()))
	protocols(t, func(t *testing.T, e *endpoint, to ...string) {
		r := sealctl(t, append([]string{"replay", "--key", key, dir}, to...)...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Equal(t, namesFrom(0, 20_000), e.names)
		for _, n := range e.sizes {
			require.LessOrEqual(t, n, maxRequestItems)
		}
	})
}

func TestARequestThatIsTooLargeForTheEndpointIsHalved(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	e := &endpoint{}
	to := e.serveGRPC(t, grpc.MaxRecvMsgSize(400))
	r := sealctl(t, "replay", "--key", key, dir, "--endpoint", to)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, namesFrom(0, 10), e.names)
	require.Greater(t, len(e.sizes), 1)

	h := &endpoint{fail: func(n int) error {
		if n == 1 {
			return httpFailure{http.StatusRequestEntityTooLarge, ""}
		}
		return nil
	}}
	r = sealctl(t, "replay", "--key", key, dir, "--protocol", "http", "--endpoint", h.serveHTTP(t))
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, namesFrom(0, 10), h.names)
}

func TestReplaySendsWhatIsWholeOfADamagedArchiveAndSaysSo(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	change(t, file, inFrame(1))
	e := &endpoint{}
	r := sealctl(t, "replay", "--key", key, dir, "--endpoint", e.serveGRPC(t))
	require.Equal(t, exitPart, r.code)
	require.Equal(t, append(namesFrom(0, 10), namesFrom(20, 10)...), e.names)
	require.Contains(t, r.stderr, "frame 1: it was altered")
}

func TestTLSIsCheckedAgainstTheGivenCertificates(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	e := &endpoint{}
	s := httptest.NewUnstartedServer(e)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake is to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644))
	args := []string{"replay", "--key", key, dir, "--protocol", "http", "--endpoint", s.URL}

	r := sealctlWith(t, newClock().use, "", args...)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "is --ca the right one?")
	require.Empty(t, e.names)

	r = sealctl(t, append(args, "--ca", ca)...)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Len(t, e.names, 10)

	r = sealctl(t, append(args, "--ca", key)...)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "has no certificate in PEM")
}

func TestAnEndpointThatIsNotThereIsTriedAgainAndThenGivenUp(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	to := l.Addr().String()
	require.NoError(t, l.Close())
	for _, args := range [][]string{{"--endpoint", to, "--insecure"}, {"--endpoint", "http://" + to, "--protocol", "http"}} {
		r := sealctlWith(t, newClock().use, "", append([]string{"replay", "--key", key, dir, "--retry-for", "5s"}, args...)...)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, "trying again")
		require.Contains(t, r.stderr, "still refuses after")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	e := &endpoint{}
	to := e.serveHTTP(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.Path, http.StatusPermanentRedirect)
	}))
	t.Cleanup(s.Close)
	r := sealctl(t, "replay", "--key", key, dir, "--protocol", "http", "--endpoint", s.URL)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "308")
	require.Empty(t, e.names)
}

func TestRetryAfterMayBeADate(t *testing.T) {
	c := newClock()
	s := &httpSender{now: c.now}
	require.Equal(t, 90*time.Second, s.retryAfter(c.at.Add(90*time.Second).Format(http.TimeFormat)))
	require.Equal(t, 3*time.Second, s.retryAfter("3"))
	require.Zero(t, s.retryAfter("-3"))
	require.Zero(t, s.retryAfter("soon"))
}

func TestTakingTheFirstItemsLosesNoneAndKeepsTheirOrder(t *testing.T) {
	for name, whole := range map[string]func() batch{
		"traces": func() batch {
			td := spans(0, 7)
			spans(7, 6).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
			return traceBatch{td}
		},
		"logs": func() batch {
			ld := records(0, 7)
			records(7, 6).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
			return logBatch{ld}
		},
		"metrics": func() batch {
			md := datapoints(0, 7)
			datapoints(7, 6).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
			return metricBatch{md}
		},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := whole().json()
			require.NoError(t, err)
			for n := 1; n <= whole().items(); n++ {
				rest := whole()
				var parts []batch
				for rest.items() > 0 {
					part := rest.takeFirst(n)
					require.LessOrEqual(t, part.items(), n)
					require.Positive(t, part.items())
					parts = append(parts, part)
				}
				require.Equal(t, itemsOf(t, whole()), itemsOf(t, parts...), "in parts of %d", n)
			}
			one := whole()
			same, err := one.takeFirst(one.items()).json()
			require.NoError(t, err)
			require.Equal(t, string(all), string(same))
			require.Zero(t, one.items())
		})
	}
}

// itemsOf lists what identifies the items of batches, in order.
func itemsOf(t *testing.T, batches ...batch) (all []string) {
	t.Helper()
	for _, b := range batches {
		switch b := b.(type) {
		case traceBatch:
			all = append(all, spanNames(b.Traces)...)
		case logBatch:
			for _, rl := range b.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, r := range sl.LogRecords().All() {
						all = append(all, r.Body().AsString())
					}
				}
			}
		case metricBatch:
			all = append(all, pointsOf(b)...)
		}
	}
	return all
}

func pointsOf(b metricBatch) (all []string) {
	for _, rm := range b.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				add := func(at any) { all = append(all, fmt.Sprint(m.Name(), m.Unit(), m.Type(), at)) }
				switch m.Type() {
				case pmetric.MetricTypeGauge:
					for _, p := range m.Gauge().DataPoints().All() {
						add(p.Timestamp())
					}
				case pmetric.MetricTypeSum:
					for _, p := range m.Sum().DataPoints().All() {
						add(fmt.Sprint(p.Timestamp(), m.Sum().IsMonotonic(), m.Sum().AggregationTemporality()))
					}
				case pmetric.MetricTypeHistogram:
					for _, p := range m.Histogram().DataPoints().All() {
						add(p.Timestamp())
					}
				case pmetric.MetricTypeExponentialHistogram:
					for _, p := range m.ExponentialHistogram().DataPoints().All() {
						add(p.Timestamp())
					}
				case pmetric.MetricTypeSummary:
					for _, p := range m.Summary().DataPoints().All() {
						add(p.Timestamp())
					}
				}
			}
		}
	}
	return all
}
