// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// scanner goes through a file from its first frame to its last byte.
type scanner struct {
	*File
	data    func(Frame) error
	problem func(Problem)

	next     uint64 // the index that is expected
	seen     map[uint64]bool
	offsets  []uint64 // of the frames that were there in order, from the end of the header
	inOrder  bool
	plain    uint64
	wasted   int64 // bytes that were read for nothing, of frames that were altered
	window   []byte
	finished bool
	sum      Summary
}

func (s *scanner) report(at int64, format string, args ...any) {
	s.problem(s.File.problem(at, format, args...))
}

func (s *scanner) truncated(at int64, format string, args ...any) {
	p := s.File.problem(at, format, args...)
	p.Truncated = true
	s.problem(p)
}

// run returns what the file holds. The error is that of data.
func (s *scanner) run() (Summary, error) {
	err := s.scan()
	return s.sum, err
}

func (s *scanner) scan() error {
	s.whole = s.start()
	s.seen, s.inOrder = make(map[uint64]bool), true
	if want := s.header.FileName(); filepath.Base(s.path) != want {
		s.report(-1, "the file was renamed: its header says that it is %s", want)
	}
	at := s.start()
	for at < s.size && !s.finished {
		next, err := s.step(at)
		if err != nil {
			return err
		}
		at = next
	}
	if !s.finished {
		s.sum.Frames, s.sum.Plain = uint64(len(s.seen)), s.plain
		if at == s.size && s.sum.Frames == s.next {
			s.truncated(at, "the file ends after %s without a final one: its writer was killed, or the file was cut", s.after())
		} else {
			s.truncated(s.size, "the file ends without a final frame: its writer was killed, or the file was cut")
		}
	}
	return nil
}

// after returns how many frames were in order so far.
func (s *scanner) after() string { return count(s.next, "frame", "frames") }

// step handles what is at an offset, and returns where to go on.
func (s *scanner) step(at int64) (int64, error) {
	h, next, payload, err := s.frameAt(at)
	switch {
	case err == nil && h.kind == finalFrame:
		s.whole = next
		s.final(at, next, h, payload)
		return s.size, nil
	case err == nil:
		s.whole = next
		return next, s.dataFrame(at, h, payload)
	}
	if s.wasted += next - min(at, next); s.wasted > maxWasted(s.size) {
		s.report(at, "after %s: too much is damaged; what follows was not read", s.after())
		return s.size, nil
	}
	// What is wrong may be the length, so the next frame is looked for from here.
	found, err2 := s.resync(at + 1)
	if err2 != nil {
		s.report(at, "reading: %v", err2)
		return s.size, nil
	}
	if found < 0 && (errors.Is(err, errEndsInHead) || errors.Is(err, errCutShort)) {
		s.truncated(at, "the file is truncated here, after %s: %v (%s left of it)", s.after(), err, count(uint64(s.size-at), "byte is", "bytes are"))
		s.finished = true // it has been said
		s.sum.Frames, s.sum.Plain = uint64(len(s.seen)), s.plain
		return s.size, nil
	}
	if errors.Is(err, errAltered) {
		s.report(at, "frame %d: it was altered", h.index)
	} else {
		s.report(at, "after %s: %v", s.after(), err)
	}
	s.inOrder = false
	if found < 0 {
		return s.size, nil
	}
	return found, nil
}

// dataFrame hands on an authentic frame, unless it was there before, and says
// where it is out of place.
func (s *scanner) dataFrame(at int64, h frame, payload []byte) error {
	switch {
	case s.seen[h.index]:
		s.report(at, "frame %d is there again", h.index)
		s.inOrder = false
		return nil
	case h.index < s.next:
		s.report(at, "frame %d is out of order", h.index)
		s.inOrder = false
	case h.index > s.next:
		s.report(at, "%s missing or out of order before frame %d", frames(s.next, h.index-1), h.index)
		s.inOrder = false
	}
	s.seen[h.index] = true
	s.next = max(s.next, h.index+1)
	s.plain += uint64(len(payload))
	s.offsets = append(s.offsets, uint64(at-s.start()))
	return s.data(Frame{Index: h.index, Offset: at, Payload: payload})
}

// maxWasted is how much is read for nothing before a file is given up. A damaged
// frame costs its length; heads put into one another could cost the square of it.
func maxWasted(size int64) int64 { return 4*size + 1<<20 }

func frames(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("frame %d is", from)
	}
	return fmt.Sprintf("frames %d to %d are", from, to)
}

// final compares the final frame with what was found.
func (s *scanner) final(at, next int64, h frame, payload []byte) {
	s.finished = true
	x, err := decodeIndex(payload, s.room())
	switch missing := h.index - min(h.index, s.next); {
	case missing > 0:
		s.report(at, "%s missing before the final frame", frames(s.next, h.index-1))
	case err != nil:
		s.report(at, "%v; its writer was at fault", err)
	case h.index != uint64(len(x.entries)):
		s.report(at, "the final frame has number %d, and its index %s", h.index, count(uint64(len(x.entries)), "entry", "entries"))
	case s.inOrder && !s.fits(x):
		s.report(at, "the index of the final frame is not that of the frames before it")
	}
	if s.sum = (Summary{Frames: uint64(len(s.seen)), Plain: s.plain, Finished: true}); err == nil {
		s.sum = summaryOf(x)
	}
	s.trailer(next, appendTrailer(nil, uint64(at-s.start())))
}

// trailer compares the last bytes of the file with what they should be.
func (s *scanner) trailer(at int64, want []byte) {
	got := make([]byte, trailerSize)
	if n, _ := s.f.ReadAt(got, at); n < trailerSize && bytes.HasPrefix(want, got[:n]) {
		s.truncated(at+int64(n), "the file ends within its trailer; nothing is missing")
	} else if !bytes.Equal(want, got) {
		s.report(at, "the trailer was altered")
	} else if end := at + trailerSize; end != s.size {
		s.report(end, "%s the end of the file", count(uint64(s.size-end), "byte follows", "bytes follow"))
	} else {
		s.whole = end
	}
}

func (s *scanner) fits(x *index) bool {
	if len(x.entries) != len(s.offsets) || x.plain != s.plain {
		return false
	}
	for i, e := range x.entries {
		if e.offset != s.offsets[i] {
			return false
		}
	}
	return true
}

// resync returns where the next head of a frame of this file begins, at or after
// an offset, or -1.
func (s *scanner) resync(at int64) (int64, error) {
	window := 4 << 10 // it grows, so that heads close to each other cost little
	for ; at < s.size; at, window = at+int64(window), min(4*window, 1<<20) {
		s.window = grow(s.window, window+frameHead)
		n, err := s.f.ReadAt(s.window, at)
		if err != nil && err != io.EOF {
			return -1, err
		}
		part := s.window[:n]
		for i := 0; ; i++ {
			j := bytes.Index(part[i:], frameMagic[:])
			if j < 0 || i+j >= window {
				break
			}
			i += j
			var h frame
			if len(part)-i >= frameHead && h.decode(part[i:]) == nil && h.file == [8]byte(s.header.ID[:8]) {
				return at + int64(i), nil
			}
		}
	}
	return -1, nil
}
