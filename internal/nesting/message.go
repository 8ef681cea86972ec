// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

// Message is the type of an encoded message of OTLP.
type Message uint8

// The messages of whole requests. The data of a signal has the same fields as its request.
const (
	opaque Message = iota // holds no value of OTLP
	Traces
	Logs
	Metrics
	Profiles

	resourceSpans
	scopeSpans
	span
	event
	link
	resourceLogs
	scopeLogs
	logRecord
	resourceMetrics
	scopeMetrics
	metric
	numbers
	histogram
	exponential
	summary
	numberPoint
	histogramPoint
	exponentialPoint
	summaryPoint
	exemplar
	resourceProfiles
	scopeProfiles
	dictionary
	resource
	scope
	keyValue
	anyValue
	arrayValue
	keyValueList

	messages // how many there are
)

// maxField is the largest number of a field that holds a value, apart from deprecatedScopes.
const maxField = 13

// deprecatedScopes is the field of a resource with the scopes of OTLP before 0.15.
const deprecatedScopes = 1000

// children has the types of the fields that may hold values of OTLP. The names and numbers are
// those of opentelemetry-proto 1.
var children = [messages][maxField + 1]Message{
	Traces:        {1: resourceSpans},
	resourceSpans: {1: resource, 2: scopeSpans},
	scopeSpans:    {1: scope, 2: span},
	span:          {9: keyValue, 11: event, 13: link},
	event:         {3: keyValue},
	link:          {4: keyValue},

	Logs:         {1: resourceLogs},
	resourceLogs: {1: resource, 2: scopeLogs},
	scopeLogs:    {1: scope, 2: logRecord},
	logRecord:    {5: anyValue, 6: keyValue},

	Metrics:          {1: resourceMetrics},
	resourceMetrics:  {1: resource, 2: scopeMetrics},
	scopeMetrics:     {1: scope, 2: metric},
	metric:           {5: numbers, 7: numbers, 9: histogram, 10: exponential, 11: summary, 12: keyValue},
	numbers:          {1: numberPoint},
	histogram:        {1: histogramPoint},
	exponential:      {1: exponentialPoint},
	summary:          {1: summaryPoint},
	numberPoint:      {5: exemplar, 7: keyValue},
	histogramPoint:   {8: exemplar, 9: keyValue},
	exponentialPoint: {1: keyValue, 11: exemplar},
	summaryPoint:     {7: keyValue},
	exemplar:         {7: keyValue},

	Profiles:         {1: resourceProfiles, 2: dictionary},
	resourceProfiles: {1: resource, 2: scopeProfiles},
	scopeProfiles:    {1: scope},
	dictionary:       {6: keyValue}, // with a unit, which is no value

	resource:     {1: keyValue},
	scope:        {3: keyValue},
	keyValue:     {2: anyValue},
	anyValue:     {5: arrayValue, 6: keyValueList},
	arrayValue:   {1: anyValue},
	keyValueList: {1: keyValue},
}

// child returns the type of a field.
func (m Message) child(field int32) Message {
	switch {
	case field <= maxField:
		return children[m][field]
	case field == deprecatedScopes && (m == resourceSpans || m == resourceLogs || m == resourceMetrics):
		return children[m][2]
	}
	return opaque
}
