// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// Severity numbers of OTLP.
const (
	trace, debug, info, warn, failed, fatal = 1, 5, 9, 13, 17, 21
)

// levels are the words by which programs name levels, in lower case: those of log4j, java.util.logging,
// syslog, glog and Android, and those of IBM's RAS events.
var levels = map[string]uint8{
	"trace": trace, "verbose": trace, "finest": trace, "finer": trace, "v": trace,
	"debug": debug, "fine": debug, "config": debug, "d": debug,
	"info": info, "information": info, "informational": info, "notice": info, "i": info, "n": info,
	"warn": warn, "warning": warn, "w": warn,
	"error": failed, "err": failed, "e": failed, "severe": failed, "failure": failed,
	"fatal": fatal, "critical": fatal, "crit": fatal, "alert": fatal, "emerg": fatal, "emergency": fatal, "panic": fatal,
	"assert": fatal, "f": fatal, "a": fatal, "c": fatal,
}

// severityOf is the severity number of a level; 0 for a word that names none.
func severityOf(level string) uint8 {
	return levels[strings.ToLower(strings.Trim(level, " \t[]<>:"))]
}
