// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sealgate/sealgate/test/harness"

	_ "go.opentelemetry.io/collector/config/configgrpc" // knows the Collector's compressions of gRPC
)

// Refusal is how a sink refuses.
type Refusal int

// The refusals.
const (
	None        Refusal = iota
	Throttled           // 429, or RESOURCE_EXHAUSTED with RetryInfo
	Unavailable         // 503, or UNAVAILABLE
	Invalid             // 400, or INVALID_ARGUMENT: for good
)

// Behaviour is how a sink answers. The zero value takes everything at once.
type Behaviour struct {
	Refuse     Refusal
	RetryAfter time.Duration // with Throttled and Unavailable; whole seconds over HTTP
	Hang       bool          // takes nothing and never answers
	Delay      time.Duration // before it takes anything
}

// Sink is a backend that takes OTLP over gRPC and HTTP and notes what arrives.
type Sink struct {
	GRPC string // host:port
	HTTP string // host:port; any path that ends as those of OTLP do

	mu         sync.Mutex
	behaviour  Behaviour
	misbehaved int
	ledgers    map[string]*Ledger
	foreign    int
	grpc       *grpc.Server
	http       *http.Server
	serving    sync.WaitGroup
}

// NewSink starts a sink on free ports of the loopback interface.
func NewSink() (*Sink, error) {
	s := &Sink{GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0", ledgers: map[string]*Ledger{}}
	return s, s.Return()
}

// Ledger opens the account of a run; its name must be new to the sink.
func (s *Sink) Ledger(run string) *Ledger {
	l := &Ledger{run: run}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledgers[run] = l
	return l
}

// Behave changes how requests are answered from now on.
func (s *Sink) Behave(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
}

// Misbehaved returns how many requests were refused or left without an answer.
func (s *Sink) Misbehaved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.misbehaved
}

// Foreign returns how many items arrived that are of no run, such as a filter's
// summaries.
func (s *Sink) Foreign() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.foreign
}

// Vanish closes the listeners and all connections.
func (s *Sink) Vanish() {
	s.grpc.Stop()
	_ = s.http.Close()
	s.serving.Wait()
}

// Return listens again where the sink did before.
func (s *Sink) Return() error {
	overGRPC, err := listen(s.GRPC)
	if err != nil {
		return err
	}
	overHTTP, err := listen(s.HTTP)
	if err != nil {
		return errors.Join(err, overGRPC.Close())
	}
	const maxMessage = 64 << 20
	s.GRPC, s.HTTP = overGRPC.Addr().String(), overHTTP.Addr().String()
	s.grpc = grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(s.serveGRPC), grpc.MaxRecvMsgSize(maxMessage))
	s.http = &http.Server{Handler: http.HandlerFunc(s.serveHTTP)}
	s.serving.Go(func() { _ = s.grpc.Serve(overGRPC) })
	s.serving.Go(func() { _ = s.http.Serve(overHTTP) })
	return nil
}

// listen waits for the address if it is in use: while nobody listens there, a connection
// may have it for its own end, such as one that a gateway tried to make to it.
func listen(address string) (l net.Listener, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = harness.Poll(ctx, "the address "+address, func(context.Context) (bool, error) {
		l, err = net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return false, nil
		}
		return err == nil, err
	})
	return l, err
}

// errRefused is a refusal, as a Behaviour says.
var errRefused = errors.New("refused, as it was told")

// take takes a request or misbehaves.
func (s *Sink) take(ctx context.Context, sig *signal, body []byte) (Behaviour, error) {
	s.mu.Lock()
	b := s.behaviour
	if b.Hang || b.Refuse != None {
		s.misbehaved++
	}
	s.mu.Unlock()
	if b.Hang {
		<-ctx.Done()
		return b, ctx.Err()
	}
	if b.Refuse != None {
		return b, errRefused
	}
	if b.Delay > 0 {
		time.Sleep(b.Delay)
	}
	return b, s.note(sig, body)
}

// note enters what a request has into the ledgers.
func (s *Sink) note(sig *signal, body []byte) error {
	now := time.Now()
	arrived := map[string][]arrival{}
	err := sig.each(body, func(resource, item pcommon.Map) {
		run := ""
		if v, ok := resource.Get(attrRun); ok {
			run = v.Str()
		}
		number, _ := item.Get(attrNumber)
		due, ok := item.Get(attrDue)
		if !ok {
			run = ""
		}
		var a arrival
		if run != "" {
			a = arrival{int(number.Int()), due.Int()}
		}
		arrived[run] = append(arrived[run], a)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for run, items := range arrived {
		if l := s.ledgers[run]; l != nil {
			l.arrive(items, now)
		} else {
			s.foreign += len(items)
		}
	}
	return nil
}

func (s *Sink) serveGRPC(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	for _, sig := range signals {
		if sig.method != method {
			continue
		}
		var body, answer []byte // an empty answer says that all was taken
		if err := stream.RecvMsg(&body); err != nil {
			return err
		}
		if b, err := s.take(stream.Context(), sig, body); err != nil {
			if ended := stream.Context().Err(); ended != nil { // no answer of its own
				return status.FromContextError(ended).Err()
			}
			return b.status(err)
		}
		return stream.SendMsg(&answer)
	}
	return status.Errorf(codes.Unimplemented, "there is no %s", method)
}

func (b *Behaviour) status(err error) error {
	st := status.New(map[Refusal]codes.Code{
		None: codes.Internal, Throttled: codes.ResourceExhausted, Unavailable: codes.Unavailable, Invalid: codes.InvalidArgument,
	}[b.Refuse], err.Error())
	if b.RetryAfter > 0 {
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(b.RetryAfter)}); err == nil {
			st = with
		}
	}
	return st.Err()
}

func (s *Sink) serveHTTP(w http.ResponseWriter, r *http.Request) {
	for _, sig := range signals {
		if !strings.HasSuffix(r.URL.Path, sig.path()) {
			continue
		}
		body, err := decompressed(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if b, err := s.take(r.Context(), sig, body); err != nil {
			b.answer(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		return
	}
	http.NotFound(w, r)
}

func (b *Behaviour) answer(w http.ResponseWriter, err error) {
	if b.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(b.RetryAfter.Seconds())))
	}
	http.Error(w, err.Error(), map[Refusal]int{
		None: http.StatusInternalServerError, Throttled: http.StatusTooManyRequests,
		Unavailable: http.StatusServiceUnavailable, Invalid: http.StatusBadRequest,
	}[b.Refuse])
}

func decompressed(r *http.Request) ([]byte, error) {
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
		return io.ReadAll(r.Body)
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case "zstd":
		z, err := zstd.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(z)
	default:
		return nil, fmt.Errorf("the content encoding %q is not known", encoding)
	}
}
