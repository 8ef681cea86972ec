// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// CheckSchema checks a JSON document against a JSON schema. It knows the part of
// JSON Schema that the schemas of the shipped filters use; a keyword that it
// does not know is an error, lest it be believed to be checked.
func CheckSchema(schema, document []byte) error {
	root, err := unmarshal(schema)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	v, err := unmarshal(document)
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	s := schemaChecker{root}
	return s.check("$", root, v)
}

func unmarshal(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if err = d.Decode(&v); err == nil && d.More() {
		err = fmt.Errorf("there is more than one value")
	}
	return v, err
}

type schemaChecker struct{ root any }

type object = map[string]any

func (s schemaChecker) check(at string, schema, v any) error {
	if allowed, ok := schema.(bool); ok {
		if !allowed {
			return fmt.Errorf("%s: nothing is allowed here", at)
		}
		return nil
	}
	for keyword, arg := range schema.(object) {
		if err := s.keyword(at, keyword, arg, schema.(object), v); err != nil {
			return err
		}
	}
	return nil
}

func (s schemaChecker) keyword(at, keyword string, arg any, schema object, v any) error {
	switch keyword {
	case "$schema", "$id", "$defs", "title", "description", "default", "examples":
		return nil
	case "$ref":
		return s.check(at, s.resolve(arg.(string)), v)
	case "oneOf", "anyOf", "allOf", "not":
		return s.combined(at, keyword, arg, v)
	case "type", "enum", "const":
		return checkValue(at, keyword, arg, v)
	}
	switch v := v.(type) {
	case object:
		return s.object(at, keyword, arg, schema, v)
	case []any:
		return s.list(at, keyword, arg, v)
	case string:
		if keyword == "pattern" && !regexp.MustCompile(arg.(string)).MatchString(v) {
			return fmt.Errorf("%s: %q does not match %v", at, v, arg)
		}
		return checkRange(at, keyword, arg, "minLength", "maxLength", float64(utf8.RuneCountInString(v)))
	case float64:
		return checkRange(at, keyword, arg, "minimum", "maximum", v)
	}
	return known(at, keyword)
}

// keywords are those that say something about one type only.
var keywords = []string{
	"properties", "required", "additionalProperties", "minProperties", "dependentRequired",
	"items", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum",
}

func known(at, keyword string) error {
	if slices.Contains(keywords, keyword) {
		return nil
	}
	return fmt.Errorf("%s: the keyword %q of the schema is not known here", at, keyword)
}

// resolve follows a reference such as #/$defs/rule.
func (s schemaChecker) resolve(ref string) any {
	v := s.root
	for _, key := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		v = v.(object)[key]
	}
	return v
}

func (s schemaChecker) combined(at, keyword string, arg, v any) error {
	if keyword == "not" {
		if s.check(at, arg, v) == nil {
			return fmt.Errorf("%s: it is what it must not be", at)
		}
		return nil
	}
	var (
		passed   int
		problems []string
	)
	list := arg.([]any)
	for _, schema := range list {
		if err := s.check(at, schema, v); err != nil {
			problems = append(problems, err.Error())
		} else {
			passed++
		}
	}
	if keyword == "oneOf" && passed != 1 || keyword == "anyOf" && passed == 0 || keyword == "allOf" && passed != len(list) {
		return fmt.Errorf("%s: %s: %d of %d hold: %s", at, keyword, passed, len(list), strings.Join(problems, "; "))
	}
	return nil
}

func checkValue(at, keyword string, arg, v any) error {
	switch keyword {
	case "type":
		if t := typeOf(v); t != arg && (t != "integer" || arg != "number") {
			return fmt.Errorf("%s: it is of type %s, must be %v", at, t, arg)
		}
	case "enum":
		if !slices.Contains(arg.([]any), v) {
			return fmt.Errorf("%s: it is %v, must be one of %v", at, v, arg)
		}
	case "const":
		if v != arg {
			return fmt.Errorf("%s: it is %v, must be %v", at, v, arg)
		}
	}
	return nil
}

func typeOf(v any) string {
	switch v := v.(type) {
	case object:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

func (s schemaChecker) object(at, keyword string, arg any, schema object, v object) error {
	switch keyword {
	case "properties":
		for key, schema := range arg.(object) {
			if value, ok := v[key]; ok {
				if err := s.check(at+"."+key, schema, value); err != nil {
					return err
				}
			}
		}
	case "required":
		return hasKeys(at, arg, v)
	case "additionalProperties":
		properties, _ := schema["properties"].(object)
		for key, value := range v {
			if _, ok := properties[key]; ok {
				continue
			}
			if err := s.check(at+"."+key, arg, value); err != nil {
				return err
			}
		}
	case "minProperties":
		return checkRange(at, keyword, arg, "minProperties", "", float64(len(v)))
	case "dependentRequired":
		for key, needs := range arg.(object) {
			if _, ok := v[key]; ok {
				if err := hasKeys(at, needs, v); err != nil {
					return err
				}
			}
		}
	default:
		return known(at, keyword)
	}
	return nil
}

func hasKeys(at string, keys any, v object) error {
	for _, key := range keys.([]any) {
		if _, ok := v[key.(string)]; !ok {
			return fmt.Errorf("%s: the key %v is missing", at, key)
		}
	}
	return nil
}

func (s schemaChecker) list(at, keyword string, arg any, v []any) error {
	if keyword != "items" {
		return checkRange(at, keyword, arg, "minItems", "maxItems", float64(len(v)))
	}
	for i, entry := range v {
		if err := s.check(fmt.Sprintf("%s[%d]", at, i), arg, entry); err != nil {
			return err
		}
	}
	return nil
}

func checkRange(at, keyword string, arg any, lowest, highest string, n float64) error {
	switch {
	case keyword == lowest && n < arg.(float64):
		return fmt.Errorf("%s: %s is %v, it is %v", at, keyword, arg, n)
	case keyword == highest && n > arg.(float64):
		return fmt.Errorf("%s: %s is %v, it is %v", at, keyword, arg, n)
	}
	return known(at, keyword)
}
