// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

func (m *Masker) Value(key, value string) uint64 { return m.ID(value) }
func Answers(key string) bool                    { return false }
