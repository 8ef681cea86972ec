// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package columns computes, natively, what a guest would otherwise have to scan bodies for: the exact hash of a body,
// the id of its template, and which needles of a set it has. A guest then decides over a few integers a record.
//
// Every function is linear in the length of the body, whatever its bytes, and allocates nothing in the steady state.
//
// The template of a body is its text with what varies replaced by [Mark]. What varies is decided by rules that know no
// history and no source of logs, so that a template id is the same in every process:
//
//   - A number, with its sign, its unit and its padding; a word that begins with a digit; a hexadecimal word with a
//     digit; a word that mixes letters and digits. A numbered name keeps its stem (part00347 is part<*>, eth0 is eth<*>),
//     and a name that merely has a digit (ipv6, base64Decoder, jk2_init) is a name.
//   - Of the status of a response (HTTP/1.1" 503, "status":503, code=503) all but the first digit: it says what happened.
//   - What hangs on a variable part by one of - _ . / \ ~ + @, or as a group behind a colon: dates, addresses, UUIDs,
//     versions, names of pods. A compound reads from the general to the particular.
//   - The names of months and days before a number.
//   - A path below its first part (of Windows too), and a URL after its scheme. The first part says what kind of path it
//     is; a path of one part is a name.
//   - A host name: a dotted name that ends in a top-level domain.
//   - The value of a key (name=com.example.shop) that is a dotted name in lower case, of three labels at least.
//   - The name of an account that "user" introduces.
//   - A list of such members is folded into one, so the length of a list does not make a template.
//
// Quoted text, booleans and other values of keys stay, because they say what happened.
package columns
