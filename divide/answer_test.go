// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestAnswersOverHTTP(t *testing.T) {
	for _, tt := range []struct {
		code   int
		text   string
		kind   Kind
		reason string
	}{
		{200, "", Taken, ""},
		{204, "", Taken, ""},
		{400, "", Refused, ReasonInvalid},
		{400, `entry for stream '{a="b"}' has timestamp too old: 2026-01-01T00:00:00Z`, Refused, ReasonTooOld},
		{400, `Max entry size '262144' bytes exceeded for stream '{a="b"}'`, Refused, ReasonTooLarge},
		{400, "out of order sample", Refused, ReasonOutOfOrder},
		{400, "out of bounds: timestamp is too far in the future", Refused, ReasonTooNew},
		{400, "duplicate sample for timestamp", Refused, ReasonDuplicate},
		{413, "", Refused, ReasonTooLarge},
		{415, "", Refused, ReasonInvalid},
		{422, "", Refused, ReasonInvalid},
		{429, "ingestion rate limit exceeded", Retry, ""},
		{500, "empty ring", Suspect, ReasonFailed},
		{500, `invalid temporality and type combination for metric "a"`, Refused, ReasonInvalid},
		{500, "cannot convert exponential to native histogram. Scale must be >= -4, was -11", Refused, ReasonInvalid},
		{500, `normalization for metric "" resulted in empty name`, Refused, ReasonInvalid},
		{301, "", Retry, ""},
		{401, "", Retry, ""},
		{403, "", Retry, ""},
		{404, "", Retry, ""},
		{405, "", Retry, ""},
		{408, "", Retry, ""},
		{425, "", Retry, ""},
		{501, "", Retry, ""},
		{502, "", Retry, ""},
		{503, "", Retry, ""},
		{504, "", Retry, ""},
	} {
		kind, reason := OfHTTP(tt.code, tt.text)
		assert.Equal(t, tt.kind, kind, "%d %s", tt.code, tt.text)
		assert.Equal(t, tt.reason, reason, "%d %s", tt.code, tt.text)
	}
}

func TestAnswersOverGRPC(t *testing.T) {
	for _, tt := range []struct {
		code   codes.Code
		text   string
		kind   Kind
		reason string
	}{
		{codes.OK, "", Taken, ""},
		{codes.InvalidArgument, "trace ids must be 128 bit, received 0 bits", Refused, ReasonInvalid},
		{codes.FailedPrecondition, "", Refused, ReasonInvalid},
		{codes.ResourceExhausted, "RATE_LIMITED: ingestion rate limit exceeded while adding 5 bytes", Retry, ""},
		{codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)", Refused, ReasonTooLarge},
		{codes.ResourceExhausted, "RATE_LIMITED: batch size (9 bytes) exceeds ingestion limit (local: 1 bytes/s)", Refused, ReasonTooLarge},
		{codes.Internal, "", Suspect, ReasonFailed},
		{codes.Unknown, "", Suspect, ReasonFailed},
		{codes.Unauthenticated, "", Retry, ""},
		{codes.PermissionDenied, "", Retry, ""},
		{codes.Unimplemented, "", Retry, ""},
		{codes.NotFound, "", Retry, ""},
		{codes.Unavailable, "", Retry, ""},
		{codes.DeadlineExceeded, "", Retry, ""},
		{codes.Aborted, "", Retry, ""},
		{codes.DataLoss, "", Retry, ""},
		{codes.OutOfRange, "", Retry, ""},
	} {
		kind, reason := OfGRPC(status.New(tt.code, tt.text))
		assert.Equal(t, tt.kind, kind, "%s %s", tt.code, tt.text)
		assert.Equal(t, tt.reason, reason, "%s %s", tt.code, tt.text)
	}
}

func TestTheExporterRetriesRetryableStatuses(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		s := Retryable(status.New(code, "words"))
		switch s.Code() {
		case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		case codes.ResourceExhausted:
			require.Len(t, s.Details(), 1)
		default:
			t.Errorf("%s becomes %s, which the exporter drops", code, s.Code())
		}
		assert.Contains(t, s.Message(), "words")
	}
	with, err := status.New(codes.ResourceExhausted, "").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, with, Retryable(with), "the backend's own delay stays")
}
