// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/sealgate/sealgate/seal/archive"
)

func inspectCommand() command {
	return command{
		name:    "inspect",
		args:    "[--json] FILE...",
		summary: "show the headers of sealed files, without a key",
		about: `
What a header says is authentic only once "sealctl verify" has checked it with a
key. A directory stands for the sealed files in it.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			asJSON := fs.Bool("json", false, "print one JSON object a file and line")
			return func(ctx context.Context, e *env, args []string) error { return inspect(ctx, e, args, *asJSON) }
		},
	}
}

// headerInfo is what inspect prints; its JSON names are a contract.
type headerInfo struct {
	Path         string    `json:"path"`
	Signal       string    `json:"signal"`
	Created      time.Time `json:"created"`
	FileID       string    `json:"file_id"`
	Sequence     uint64    `json:"sequence"`
	PreviousID   string    `json:"previous_file_id,omitempty"`
	PreviousSize uint64    `json:"previous_frame_bytes,omitempty"`
	Period       string    `json:"period"`
	Recipients   []string  `json:"recipients"`
	Size         int64     `json:"size_bytes"`
	Finished     bool      `json:"finished"`
	BeingWritten bool      `json:"being_written"`
}

func inspect(ctx context.Context, e *env, args []string, asJSON bool) error {
	files, err := sealedFiles(args)
	if err != nil {
		return err
	}
	failed := 0
	for _, path := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := readInfo(path)
		if err != nil {
			e.say("%v", err)
			failed++
			continue
		}
		if err := e.printInfo(info, asJSON); err != nil {
			return err
		}
	}
	if failed == len(files) {
		return fmt.Errorf("no file could be inspected; what is wrong with each is said above")
	}
	if failed > 0 {
		return errPart
	}
	return nil
}

func readInfo(path string) (*headerInfo, error) {
	f, err := archive.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := f.Header()
	info := &headerInfo{
		Path: path, Signal: h.Signal.String(), Created: h.Created, FileID: hex.EncodeToString(h.ID[:]),
		Sequence: h.Sequence, Period: hex.EncodeToString(h.Period[:]), Size: f.Size(), Finished: f.Finished(), BeingWritten: f.BeingWritten(),
	}
	if h.Previous.ID != [16]byte{} {
		info.PreviousID, info.PreviousSize = hex.EncodeToString(h.Previous.ID[:]), h.Previous.Size
	}
	for _, w := range h.Wrapped {
		info.Recipients = append(info.Recipients, w.Recipient())
	}
	return info, nil
}

func (e *env) printInfo(i *headerInfo, asJSON bool) error {
	if asJSON {
		return e.printJSON(i)
	}
	state := "finished"
	switch {
	case i.BeingWritten:
		state = "being written"
	case !i.Finished:
		state = "no end: its writer was killed, or the file was cut"
	}
	previous := "none, it is the first of its chain"
	if i.PreviousID != "" {
		previous = fmt.Sprintf("%s, of %d bytes of frames", i.PreviousID, i.PreviousSize)
	}
	return e.printf("%s\n  signal      %s\n  created     %s\n  file id     %s\n  sequence    %d\n  previous    %s\n  period      %s\n  recipients  %s\n  size        %d bytes\n  state       %s\n",
		i.Path, i.Signal, i.Created.Format(time.RFC3339Nano), i.FileID, i.Sequence, previous, i.Period, strings.Join(i.Recipients, "\n              "), i.Size, state)
}

// printJSON prints a value as one line of JSON, which escapes control characters
// by itself.
func (e *env) printJSON(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(append(line, '\n'))
	return err
}

// signals are the names that --signal takes.
var signals = map[string]archive.Signal{"traces": archive.Traces, "logs": archive.Logs, "metrics": archive.Metrics}
