// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind says what an answer means for the items of the request.
type Kind int

// The kinds of answers.
const (
	// Taken means that the backend has the items, except for those that it rejected.
	Taken Kind = iota
	// Refused means that the backend will never take the request as it is.
	Refused
	// Suspect means that the backend failed. An item may be the cause, or the backend.
	Suspect
	// Retry means that the backend may take the request later.
	Retry
)

// Verdict is what an answer says about a request.
type Verdict struct {
	Kind Kind
	// Reason is one of Reasons, if items were refused.
	Reason string
	// Rejected is the number of items of a taken request that the backend rejected.
	Rejected int
	// Err is the answer as an error. It is nil if everything was taken.
	Err error
}

// The reasons for which a backend refuses an item.
const (
	ReasonTooLarge   = "too_large"
	ReasonTooOld     = "too_old"
	ReasonTooNew     = "too_new"
	ReasonOutOfOrder = "out_of_order"
	ReasonDuplicate  = "duplicate"
	ReasonInvalid    = "invalid"
	ReasonFailed     = "failed"
	ReasonPartial    = "partial_success"
)

// phrases are what backends say about an item that they will never take. Prometheus
// answers 500 with some of them, so the phrase decides and not the status.
var phrases = []struct{ phrase, reason string }{
	{"entry too far behind", ReasonOutOfOrder}, // of its stream
	{"timestamp too old", ReasonTooOld},
	{"too old sample", ReasonTooOld},
	{"too far in the future", ReasonTooNew},
	{"timestamp too new", ReasonTooNew},
	{"out of bounds", ReasonTooOld},
	{"out of order", ReasonOutOfOrder},
	{"duplicate sample", ReasonDuplicate},
	{"invalid temporality", ReasonInvalid},
	{"empty data points", ReasonInvalid},
	{"unsupported metric type", ReasonInvalid},
	{"unsupported exemplar", ReasonInvalid},
	{"cannot convert exponential", ReasonInvalid},
	{"normalization for", ReasonInvalid},
	{"label name", ReasonInvalid},
	{"invalid metric name", ReasonInvalid},
	{"histogram's observation count", ReasonInvalid},
	{"histogram has a ", ReasonInvalid},
	{"histogram spans ", ReasonInvalid},
	{"histogram custom bounds", ReasonInvalid},
	{"custom buckets:", ReasonInvalid},
	{"invalid label set", ReasonInvalid},
	{"trace ids must be", ReasonInvalid},
}

// tooLarge are what backends and proxies say about a request that is too large, whatever
// its status is.
var tooLarge = []string{
	"larger than max", "max entry size", "entry size exceeded", "line too long", "structured metadata too large",
	"exceeds ingestion limit", "consider reducing batch size", "request body too large",
	"can never fit",
}

// reasonOf returns the reason that the text of an answer gives, or an empty string.
func reasonOf(text string) string {
	text = strings.ToLower(text)
	for _, t := range tooLarge {
		if strings.Contains(text, t) {
			return ReasonTooLarge
		}
	}
	for _, p := range phrases {
		if strings.Contains(text, p.phrase) {
			return p.reason
		}
	}
	return ""
}

// OfHTTP returns the kind of an answer over HTTP, and the reason if it refuses. The text
// is the body of the answer.
func OfHTTP(code int, text string) (Kind, string) {
	reason := reasonOf(text)
	switch {
	case code >= 200 && code < 300:
		return Taken, ""
	case code == http.StatusRequestEntityTooLarge:
		return Refused, ReasonTooLarge
	case code == http.StatusTooManyRequests:
		if reason == ReasonTooLarge {
			return Refused, reason
		}
		return Retry, ""
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity, code == http.StatusUnsupportedMediaType:
		return Refused, or(reason, ReasonInvalid)
	case code == http.StatusInternalServerError:
		if reason != "" {
			return Refused, reason
		}
		return Suspect, ReasonFailed
	}
	// Credentials, paths, proxies and servers can be put right; the data is not at fault.
	return Retry, ""
}

// OfGRPC returns the kind of an answer over gRPC, and the reason if it refuses.
func OfGRPC(s *status.Status) (Kind, string) {
	reason := reasonOf(s.Message())
	switch s.Code() {
	case codes.OK:
		return Taken, ""
	case codes.InvalidArgument, codes.FailedPrecondition:
		return Refused, or(reason, ReasonInvalid)
	case codes.ResourceExhausted, codes.OutOfRange:
		if reason == ReasonTooLarge {
			return Refused, reason
		}
		return Retry, ""
	case codes.Internal, codes.Unknown:
		if reason != "" {
			return Refused, reason
		}
		return Suspect, ReasonFailed
	}
	return Retry, ""
}

func or(reason, otherwise string) string {
	if reason != "" {
		return reason
	}
	return otherwise
}

// Retryable returns a status that the Collector's exporter of OTLP over gRPC tries again.
// It says what the backend answered.
func Retryable(s *status.Status) *status.Status {
	switch s.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return s
	case codes.ResourceExhausted:
		for _, d := range s.Details() {
			if _, ok := d.(*errdetails.RetryInfo); ok {
				return s
			}
		}
		// Without RetryInfo the exporter drops the request. A delay of 0 leaves the time
		// to the exporter's own settings.
		if with, err := s.WithDetails(&errdetails.RetryInfo{}); err == nil {
			return with
		}
	}
	return status.Newf(codes.Unavailable, "the backend answered %s: %s", s.Code(), s.Message())
}

// Rejected returns how many items a backend rejected of a request that it took, as the
// message of the answer says.
func Rejected(signal Signal, answer []byte, json bool) int {
	if len(answer) <= 2 {
		return 0 // nothing, {}, or an empty partial success
	}
	var n int64
	switch signal {
	case Traces:
		r := ptraceotlp.NewExportResponse()
		if decode(&r, answer, json) == nil {
			n = r.PartialSuccess().RejectedSpans()
		}
	case Logs:
		r := plogotlp.NewExportResponse()
		if decode(&r, answer, json) == nil {
			n = r.PartialSuccess().RejectedLogRecords()
		}
	case Metrics:
		r := pmetricotlp.NewExportResponse()
		if decode(&r, answer, json) == nil {
			n = r.PartialSuccess().RejectedDataPoints()
		}
	}
	return int(max(0, n))
}
