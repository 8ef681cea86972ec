// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replayState records how far a replay has come. It lives in a file, which is
// replaced as a whole after every frame that was acknowledged.
type replayState struct {
	path string // "" where nothing is recorded

	Version  int    `json:"version"`
	Endpoint string `json:"endpoint"`
	Range    string `json:"range"`
	// Next has, for the id of each archive file, the first frame that is still to
	// be sent.
	Next map[string]uint64 `json:"next_frame"`
}

const stateVersion = 1

// openState reads the state file, or begins one. It must be of the same replay.
func openState(path, endpoint string, times timeFlags) (*replayState, error) {
	fresh := &replayState{path: path, Version: stateVersion, Endpoint: endpoint, Range: times.from + ".." + times.to, Next: map[string]uint64{}}
	if path == "" {
		return fresh, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, fresh.save() // that it cannot be written is found before anything is sent
	}
	if err != nil {
		return nil, err
	}
	old := &replayState{path: path}
	if err := json.Unmarshal(text, old); err != nil || old.Version == 0 || old.Next == nil {
		return nil, fmt.Errorf("%s is not the state of a replay; give another file to --resume", path)
	}
	switch {
	case old.Version != stateVersion:
		return nil, fmt.Errorf("%s has version %d; this sealctl knows %d", path, old.Version, stateVersion)
	case old.Endpoint != fresh.Endpoint:
		return nil, fmt.Errorf("%s is the state of a replay to %s; for another endpoint give another file to --resume", path, old.Endpoint)
	case old.Range != fresh.Range:
		return nil, fmt.Errorf("%s is the state of a replay of the times %q, not %q; for others give another file to --resume", path, old.Range, fresh.Range)
	}
	return old, nil
}

func (s *replayState) has(file string, frame uint64) bool { return frame < s.Next[file] }

// acknowledge records that all frames up to this one were acknowledged.
func (s *replayState) acknowledge(file string, frame uint64) error {
	s.Next[file] = max(s.Next[file], frame+1)
	if s.path == "" {
		return nil
	}
	return s.save()
}

// save replaces the file at once, so that a crash leaves the old or the new one.
func (s *replayState) save() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.path), "."+filepath.Base(s.path)+".*")
	if err != nil {
		return fmt.Errorf("the state of the replay cannot be recorded: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(append(text, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), s.path)
	}
	if err != nil {
		return fmt.Errorf("the state of the replay cannot be recorded: %w", err)
	}
	return nil
}

// advice says how to go on after a replay that stopped.
func (s *replayState) advice() string {
	if s.path == "" {
		return "nothing was recorded: another run sends all of it again; --resume FILE would record what was acknowledged"
	}
	return fmt.Sprintf("what was acknowledged is recorded in %s: run the same command again to go on", s.path)
}
