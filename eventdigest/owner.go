// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import "strings"

// Owner is the workload that an object belongs to.
type Owner struct {
	Kind string // empty where the name does not tell it, as with pods of a DaemonSet or a StatefulSet
	Name string
}

// String returns the owner as Kind/name, or its name alone.
func (o Owner) String() string {
	if o.Kind == "" {
		return o.Name
	}
	return o.Kind + "/" + o.Name
}

// Characters of generated names: k8s.io/apimachinery/pkg/util/rand writes random suffixes with the first, and the hash
// of a pod template, decimal digits, with the second.
const (
	randomChars = "bcdfghjklmnpqrstvwxz2456789"
	hashChars   = "456789bcdf"
	digits      = "0123456789"
)

// OwnerOf returns the owner of an object by its name. Controllers generate names by fixed rules, so no question to the
// API server is needed:
//
//	Pod          web-6d4b75cb6d-hwmqp     Deployment web
//	Pod          report-28930123-x2x4z    CronJob report
//	Pod          proxy-x2x4z, db-0        proxy, db
//	ReplicaSet   web-6d4b75cb6d           Deployment web
//	Job          report-28930123          CronJob report
//	PersistentVolumeClaim data-db-0       data-db
//
// Every other object is its own owner.
func OwnerOf(o Object) Owner {
	switch o.Kind {
	case "Pod":
		return ownerOfPod(o.Name)
	case "ReplicaSet":
		if name, ok := cutSuffix(o.Name, hashChars, 6, 10); ok {
			return Owner{"Deployment", name}
		}
	case "Job":
		if name, ok := cutSuffix(o.Name, digits, 8, 10); ok {
			return Owner{"CronJob", name}
		}
	case "PersistentVolumeClaim":
		if name, ok := cutSuffix(o.Name, digits, 1, 4); ok {
			return Owner{"", name}
		}
	}
	return Owner{o.Kind, o.Name}
}

func ownerOfPod(pod string) Owner {
	name, ok := cutSuffix(pod, randomChars, 5, 5)
	if !ok {
		if name, ok = cutSuffix(pod, digits, 1, 4); ok {
			return Owner{"", name}
		}
		return Owner{"Pod", pod}
	}
	if deployment, ok := cutSuffix(name, hashChars, 6, 10); ok {
		return Owner{"Deployment", deployment}
	}
	if job, ok := cutSuffix(name, digits, 8, 10); ok {
		return Owner{"CronJob", job}
	}
	return Owner{"", name}
}

// cutSuffix cuts a hyphen and least to most characters of a set from the end of a name, and nothing else.
func cutSuffix(name, set string, least, most int) (string, bool) {
	at := strings.LastIndexByte(name, '-')
	n := len(name) - at - 1
	if at < 1 || n < least || n > most || strings.Trim(name[at+1:], set) != "" {
		return "", false
	}
	return name[:at], true
}

// withOwner replaces the names of an owner's pods in a message by the name of the owner. The template of a message keeps
// words, and what a DaemonSet adds to its name can be one: proxy-bcdfg.
func withOwner(message, owner string) string {
	if owner == "" {
		return message
	}
	var b strings.Builder
	for at := 0; ; {
		n := strings.Index(message[at:], owner)
		if n < 0 {
			break
		}
		begin, end := at+n, at+n+len(owner)
		for end < len(message) && isOfName(message[end]) {
			end++
		}
		at = end
		if begin > 0 && isOfName(message[begin-1]) || ownerOfPod(message[begin:end]).Name != owner {
			continue
		}
		b.Grow(len(message))
		b.WriteString(message[:begin])
		b.WriteString(owner)
		message, at = message[end:], 0
	}
	if b.Len() == 0 {
		return message
	}
	b.WriteString(message)
	return b.String()
}

func isOfName(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' }
