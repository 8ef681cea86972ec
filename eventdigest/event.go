// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import "time"

// Event is the state of a Kubernetes Event object, of v1 or events.k8s.io/v1.
type Event struct {
	Namespace, Name, UID string // of the Event object itself

	Type    string // Normal or Warning
	Reason  string
	Action  string
	Message string
	// Reporter is the component that reported the event, such as kubelet, and Host the node it runs on, if it does.
	Reporter, Host string
	Object         Object

	// Count is the number of occurrences so far. 0 counts as 1.
	Count uint64
	// First and Last are the times of the first and the last occurrence by the clock of the reporter. They are zero
	// where the object has none.
	First, Last time.Time
}

// Object is what an event is about.
type Object struct {
	APIVersion, Kind, Namespace, Name, UID, FieldPath string
}

// String returns the object as Kind/name.
func (o Object) String() string { return o.Kind + "/" + o.Name }

// Record reports occurrences of one kind.
type Record struct {
	// Event is the latest event of the kind.
	Event
	Owner Owner
	Cause Cause
	// Count is the number of occurrences that the record stands for, at least 1.
	Count uint64
	// First and Last are the times of the earliest and the latest of these occurrences that are known: of occurrences
	// between two writes of an object only the last one has a time.
	First, Last time.Time
	// Objects are examples of what the occurrences were about, each once.
	Objects []string
}

// Cause says why there is a record.
type Cause uint8

// The causes.
const (
	First     Cause = iota // the first event of its kind
	Repeats                // a window with repeats ended
	Worse                  // the kind got much worse within a window
	Untracked              // the table of kinds is full: an event of its own
)

// String returns the name of a cause as it is written into records.
func (c Cause) String() string {
	return [...]string{"first", "repeats", "worse", "untracked"}[c]
}
