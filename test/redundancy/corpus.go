// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// line is a log line, with the template that it really has.
type line struct {
	content  string
	severity uint8 // OTLP's number, 0 where it is not known
	event    string
}

// severe says whether the column Level says WARN or worse.
func (l *line) severe() bool { return l.severity >= warn }

type file struct {
	name  string
	lines []line
}

// readCorpus reads every CSV file below dir, but for the lists of templates that LogHub
// has beside its files.
func readCorpus(dir string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, "_templates.csv") {
			return err
		}
		lines, err := readFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		files = append(files, file{name, lines})
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no CSV file there; name a folder with files of the form of LogHub (*_structured.csv)", dir)
	}
	return files, err
}

func readFile(path string) ([]line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLines(f)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// readLines reads a CSV file with the columns Content and EventId and, if there is one, Level.
func readLines(r io.Reader) ([]line, error) {
	buffered := bufio.NewReader(r)
	if head, _ := buffered.Peek(len(byteOrderMark)); bytes.Equal(head, byteOrderMark) {
		_, _ = buffered.Discard(len(byteOrderMark))
	}
	in := csv.NewReader(buffered)
	head, err := in.Read()
	if err == io.EOF {
		return nil, errors.New("line 1: the file is empty; its first line has to name the columns")
	}
	if err != nil {
		return nil, err
	}
	content, event, level := column(head, "Content"), column(head, "EventId"), column(head, "Level")
	if content < 0 || event < 0 {
		return nil, errors.New("line 1: the columns Content and EventId have to be there")
	}
	var lines []line
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err // which names the line
		}
		l := line{content: row[content], event: row[event]}
		if level >= 0 {
			l.severity = severityOf(row[level])
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		return nil, errors.New("line 2: there is no log line below the names of the columns")
	}
	return lines, nil
}

func column(head []string, name string) int {
	for i, have := range head {
		if strings.TrimSpace(have) == name {
			return i
		}
	}
	return -1
}
