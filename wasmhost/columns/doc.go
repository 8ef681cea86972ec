// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package columns computes, natively, the facts about a body that a guest would otherwise scan the body for: its exact
// hash, the id of its template, and the needles of a set that it contains. It does the same for the values of attributes.
// A guest then decides over a few integers a record.
//
// Every function takes time linear in the length of its input, whatever the bytes, and allocates nothing in the steady
// state. Input need not be UTF-8.
//
// # Hashes
//
// [Hash], [Masker.ID] and [Masker.Value] are keyed with a random seed of the process. Equal texts have equal hashes within
// a process, and nobody outside can compute a text that has a given hash. No hash means anything to another process.
//
// # Templates
//
// The template of a body is its text with the parts that vary replaced by [Mark]. The rules know no history and no source
// of logs, so a body has the same masked text in every process. These parts vary:
//
//   - A number, with its sign, its unit and its padding; a hexadecimal word with a digit; a word with two runs of digits
//     among its letters. In a word with one run of digits the letters stay if they can be a word: part00347 is part<*>,
//     task12345failed is task<*>failed. A name that merely has a digit (ipv6, log4jInit, jk2_init, 5xx) stays.
//   - The digits of any script. Letters outside ASCII stay always, and end an ASCII word: 用户12登录失败 is 用户<*>登录失败.
//   - Numbers and ids that are joined to a number by one of - _ . / \ ~ + @ and the colon. A word that is joined to a number
//     stays: job-1-failed is job-<*>-failed.
//   - Dates and times, with the names of months and days.
//   - A UUID, a hardware address, an IP address, and a host name with its port. A host name ends in a top-level domain; a
//     domain that is also a common word (internal, dev, io) makes a host name only with a digit, a port or an @.
//   - The random end of the name of a pod, behind the hash of its ReplicaSet or the time of its CronJob.
//   - A path below its first part (of Windows too), and a URL after its scheme. A path of one part (/healthz) is a name.
//   - The name of an account: behind the keys user and username (user=bob, "user":"bob"), and where sshd and PAM print it
//     (invalid user bob from 10.0.0.1, session opened for user bob). An account is an id. Behind "user" in any other
//     sentence the word stays.
//   - A list of such parts is folded into one, so the length of a list does not make a template.
//
// An answer stays: a small number behind a key or a word that means code, status, exit, errno, error, result, signal, level
// or severity ([Answers]), in logfmt, in JSON and in prose. It has up to five digits and a sign, or is hexadecimal of up to
// eight digits, or is a code of up to six characters (E1001). Behind words that also name counts and measures (signal,
// state, reason, ret, returned) it has up to three digits. Of the counts of errors and failures only 0 stays. A number with
// a fraction, a unit or a percent sign is a measure, which varies. In a line of an access log the first digit of the status
// stays: HTTP/1.1" 503, GET /cart 503, | 503 |, TCP_MISS/503, and behind the five timers of HAProxy.
//
// Every other word stays, so two bodies that differ in such a word have two templates.
package columns
