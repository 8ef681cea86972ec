// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Style is the spelling of the keys that come out.
type Style string

// The styles of keys.
const (
	Underscore Style = "underscore" // cloud_provider
	Dotted     Style = "dotted"     // cloud.provider
)

// Vocabulary is the set of names for providers that comes out.
type Vocabulary string

// The vocabularies.
const (
	Short   Vocabulary = "short"   // alibaba
	Semconv Vocabulary = "semconv" // alibaba_cloud
)

// OnUnknown says what becomes of a provider or platform that is in no
// vocabulary.
type OnUnknown string

// The choices for unknown values.
const (
	KeepUnknown OnUnknown = "keep" // under the canonical key, as it came
	DropUnknown OnUnknown = "drop"
)

// OnConflict says which value stays when two spellings of one label carry
// different values. A known value beats an unknown one whatever is chosen.
type OnConflict string

// The choices for conflicts.
const (
	PreferCanonical OnConflict = "canonical" // cloud.provider over its aliases
	PreferAlias     OnConflict = "alias"     // an alias over cloud.provider
	DropConflict    OnConflict = "drop"      // neither: the label is removed
)

// Confidence is how sure evidence is of what is inferred from it.
type Confidence string

// The confidences.
const (
	// Strong evidence belongs to one provider: a providerID, an ARN.
	Strong Confidence = "strong"
	// Weak evidence is a name that anybody could have given, but that only one
	// provider is known for: a region, a zone, a host name.
	Weak Confidence = "weak"
)

// Plausibility says what becomes of a label that its neighbours contradict: a
// zone of another region, a platform of another provider.
type Plausibility string

// The choices for implausible labels.
const (
	RepairImplausible Plausibility = "repair" // where there is one answer; else they are counted
	CountImplausible  Plausibility = "count"
	IgnoreImplausible Plausibility = "off"
)

// StaticRule sets labels of the resources that match. Its labels win over
// whatever the resource says, and over what evidence does.
type StaticRule struct {
	// Match has patterns of values by attribute key, all of which must match;
	// `*` stands for any run of bytes. The keys are compared as the backends
	// fold them and are not spellings of labels, which change on the way.
	Match map[string]string
	Set   map[Key]string
}

// Options says what a Table normalises to. The zero value of a field stands
// for the first constant of its type.
type Options struct {
	Style      Style
	Vocabulary Vocabulary
	OnUnknown  OnUnknown
	OnConflict OnConflict

	// Aliases maps, for each label, further values to what they become. They
	// win over the built-in ones. Values are compared as built-in aliases are:
	// without regard to case, and with space, dot, hyphen and underscore alike.
	// What they become is written exactly as given, and is then left as it is
	// wherever it appears.
	Aliases map[Key]map[string]string

	// Keys lists further keys under which a label travels.
	Keys map[Key][]string

	// NoInference leaves missing labels missing.
	NoInference bool
	// MinConfidence is the least that evidence must have.
	MinConfidence Confidence

	Plausibility Plausibility

	// Static rules are tried in order; the first that matches applies.
	Static []StaticRule
}

func (o *Options) setDefaults() {
	if o.Style == "" {
		o.Style = Underscore
	}
	if o.Vocabulary == "" {
		o.Vocabulary = Short
	}
	if o.OnUnknown == "" {
		o.OnUnknown = KeepUnknown
	}
	if o.OnConflict == "" {
		o.OnConflict = PreferCanonical
	}
	if o.MinConfidence == "" {
		o.MinConfidence = Strong
	}
	if o.Plausibility == "" {
		o.Plausibility = RepairImplausible
	}
}

// validate reports every option that is not among those accepted.
func (o *Options) validate() error {
	return errors.Join(
		oneOf("key_style", o.Style, Underscore, Dotted),
		oneOf("vocabulary", o.Vocabulary, Short, Semconv),
		oneOf("on_unknown", o.OnUnknown, KeepUnknown, DropUnknown),
		oneOf("on_conflict", o.OnConflict, PreferCanonical, PreferAlias, DropConflict),
		oneOf("infer.min_confidence", o.MinConfidence, Strong, Weak),
		oneOf("plausibility", o.Plausibility, RepairImplausible, CountImplausible, IgnoreImplausible),
	)
}

// oneOf returns an error that names the option and what it accepts unless got
// is among accepted.
func oneOf[T ~string](option string, got T, accepted ...T) error {
	if slices.Contains(accepted, got) {
		return nil
	}
	quoted := make([]string, len(accepted))
	for i, a := range accepted {
		quoted[i] = "`" + string(a) + "`"
	}
	return fmt.Errorf("`%s` is %q, which is not one of %s", option, got, strings.Join(quoted, ", "))
}
