// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// syslog has the numbers of the levels of RFC 5424, from emergency to debug.
var syslog = [8]uint8{numFatal, numAlert, numCrit, numError, numWarn, numNotice, numInfo, numDebug}

// dotnet has those of Microsoft.Extensions.Logging, from Trace to Critical.
var dotnet = [6]uint8{numTrace, numDebug, numInfo, numWarn, numError, numFatal}

// windows has those of the event log of Windows, from Critical to Verbose.
var windows = [6]uint8{1: numCrit, 2: numError, 3: numWarn, 4: numInfo, 5: numTrace}

// nextcloud has those of Nextcloud and ownCloud.
var nextcloud = [5]uint8{numDebug, numInfo, numWarn, numError, numFatal}

// scale reads a level that is a number. The key and the other keys of the record tell the scale.
// Where they do not, the reading under which the record is more severe wins.
func scale(k kind, value int32, about company) (uint8, Confidence) {
	if value < 0 {
		return 0, None
	}
	n := int(value)
	switch k {
	case kindNumber:
		if n >= 1 && n <= numMax {
			return uint8(n), Certain
		}
		return 0, None
	case kindPriority:
		if n < 192 {
			return syslog[n&7], Strong // a PRI has the facility above
		}
		return 0, None
	case kindLevelno:
		return python(n), Strong
	case kindShort, kindWord:
		return 0, None
	}
	switch {
	case n < 8:
		return small(k, n, about)
	case k == kindSeverity && n <= numMax:
		return uint8(n), Weak
	case n < 10:
		return numError, Weak // slog's ERROR is 8
	case n <= 100 && about&likePython != 0:
		return python(n), Strong
	case n < 100 && about&likePino != 0:
		return pino(n), Strong
	case n < 100:
		return max(pino(n), python(n)), Weak
	case k == kindSeverity:
		return google(n), Strong
	case n < 700:
		return monolog(n), Strong
	case n <= 1000:
		return util(n), Strong
	case n <= 50000:
		return logback(n), Strong
	}
	return 0, None
}

// small reads a number below 8: that of syslog, of .NET or of Windows.
func small(k kind, n int, about company) (uint8, Confidence) {
	switch {
	case about&likeWindows != 0 && n < len(windows):
		return windows[n], Strong // 0, which audits have, says nothing
	case about&likeNextcloud != 0 && n < len(nextcloud):
		return nextcloud[n], Strong
	case about&likeGELF != 0 || k == kindSeverity:
		return syslog[n], Strong
	case about&likeNET != 0 && n < len(dotnet):
		return dotnet[n], Strong
	case syslog[n] < numWarn && n < len(dotnet):
		return max(syslog[n], dotnet[n]), Weak
	}
	return syslog[n], Weak
}

// pino reads the numbers of pino and bunyan: 10 is TRACE, 60 is FATAL.
func pino(n int) uint8 { return uint8(min(max(1+(n-10)*4/10, numTrace), numMax)) }

// python reads the numbers of Python: 10 is DEBUG, 50 is CRITICAL.
func python(n int) uint8 {
	switch {
	case n < 1 || n > 100:
		return 0
	case n < 10:
		return numTrace
	case n >= 50:
		return numCrit
	}
	return uint8(5 + (n-10)*4/10)
}

// google reads the numbers of Google Cloud Logging.
func google(n int) uint8 {
	steps := [...]uint8{numTrace, numDebug, numInfo, numNotice, numWarn, numError, numCrit, numAlert, numFatal}
	if n/100 < len(steps) {
		return steps[n/100]
	}
	return 0
}

// monolog reads the numbers of Monolog, 100 to 600.
func monolog(n int) uint8 {
	switch {
	case n < 200:
		return numDebug
	case n < 250:
		return numInfo
	case n < 300:
		return numNotice
	case n < 400:
		return numWarn
	case n < 500:
		return numError
	case n < 550:
		return numCrit
	case n < 600:
		return numAlert
	}
	return numFatal
}

// util reads the numbers of java.util.logging from CONFIG up.
func util(n int) uint8 {
	switch {
	case n < 800:
		return numConfig
	case n < 900:
		return numInfo
	case n < 1000:
		return numWarn
	}
	return numError
}

// logback reads the numbers of Logback and Log4j 1.
func logback(n int) uint8 {
	switch {
	case n < 10000:
		return numTrace
	case n < 20000:
		return numDebug
	case n < 30000:
		return numInfo
	case n < 40000:
		return numWarn
	case n < 50000:
		return numError
	}
	return numFatal
}

// number reads a small whole number, with or without ".0".
func number(s string) (float64, bool) {
	if len(s) > 2 && s[len(s)-2:] == ".0" {
		s = s[:len(s)-2]
	}
	minus := len(s) > 1 && s[0] == '-'
	if minus {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 6 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	if minus {
		n = -n
	}
	return float64(n), true
}
