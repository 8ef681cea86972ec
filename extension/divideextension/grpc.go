// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/divide"
	"github.com/sealgate/sealgate/internal/wire"
)

// GetGRPCClientOptions divides requests over gRPC.
func (m *middleware) GetGRPCClientOptions(context.Context) ([]grpc.DialOption, error) {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(m.intercept)}, nil
}

func (m *middleware) intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	signal, ok := divide.SignalOfMethod(method)
	in, okIn := req.(wire.Message)
	out, okOut := reply.(wire.Message)
	if !ok || !okIn || !okOut {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	r := request{backend: cc.Target(), signal: signal}
	r.send = func(ctx context.Context, body []byte) divide.Verdict {
		part, answer := wire.Raw(body), wire.Raw{}
		return grpcVerdict(r, invoke(ctx, method, &part, &answer, cc, opts...), &answer)
	}
	drain := m.drains.get(r.backend)
	if drain.limited() {
		if err := drain.wait(ctx, in.SizeProto()); err != nil {
			return retryError{err}
		}
	}
	err := invoke(ctx, method, req, reply, cc, opts...)
	verdict := grpcVerdict(r, err, out)
	drain.note(verdict.Kind != divide.Retry)
	switch verdict.Kind {
	case divide.Taken:
		m.count(ctx, r, verdict.Reason, verdict.Rejected)
		return nil
	case divide.Retry:
		return verdict.Err
	}
	rest, divided := m.deliver(ctx, r, wire.Encode(in), verdict)
	if !divided {
		return err
	}
	if rest == nil {
		return nil
	}
	return retryError{rest}
}

func grpcVerdict(r request, err error, reply wire.Message) divide.Verdict {
	s := status.Convert(err)
	v := divide.Verdict{}
	if v.Kind, v.Reason = divide.OfGRPC(s); v.Kind == divide.Taken {
		return divide.Verdict{Rejected: divide.Rejected(r.signal, wire.Encode(reply), false), Reason: divide.ReasonPartial}
	}
	v.Err = err
	if v.Kind == divide.Retry {
		v.Err = divide.Retryable(s).Err()
	} else {
		v.Err = fmt.Errorf("%s answered %s: %s", r.backend, s.Code(), words(s.Message()))
	}
	return v
}

// retryError makes an error one that the exporter over gRPC tries again.
type retryError struct{ error }

func (e retryError) Unwrap() error { return e.error }

// GRPCStatus returns the status that the exporter goes by.
func (e retryError) GRPCStatus() *status.Status {
	if s, ok := status.FromError(e.error); ok {
		return divide.Retryable(s)
	}
	return status.New(codes.Unavailable, e.Error())
}
