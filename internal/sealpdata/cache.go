// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"sync"

	"github.com/sealgate/sealgate/seal"
)

// sharedBlob is the text of a blob, and the tag that records are bound to.
type sharedBlob struct {
	text string
	tag  [16]byte
}

// blobCache keeps the blobs of resources and scopes of one key: the same content has
// the same blob, so that a backend sees that it is the same. It compares the whole
// content, never a hash of it.
type blobCache struct {
	mu    sync.RWMutex
	blobs map[string]sharedBlob
	size  int
}

// Bounds of a blobCache; its size in bytes of contents and blobs.
const (
	maxBlobs    = 1024
	maxBlobSize = 1 << 20
)

// get returns the blob of content; seal makes it if it is not known.
func (c *blobCache) get(content []byte, seal func() sharedBlob) sharedBlob {
	c.mu.RLock()
	blob, ok := c.blobs[string(content)]
	c.mu.RUnlock()
	if ok {
		return blob
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if blob, ok := c.blobs[string(content)]; ok {
		return blob // another one was faster, and its blob is in use
	}
	blob = seal()
	c.put(string(content), blob)
	return blob
}

func (c *blobCache) put(content string, blob sharedBlob) {
	n := len(content) + len(blob.text)
	if n > maxBlobSize {
		return
	}
	for key, old := range c.blobs { // the order is random
		if len(c.blobs) < maxBlobs && c.size+n <= maxBlobSize {
			break
		}
		delete(c.blobs, key)
		c.size -= len(key) + len(old.text)
	}
	c.blobs[content] = blob
	c.size += n
}

// caches has the blobCache of each key. There are few keys at a time: the present
// one, and the one before for what is still on its way.
type caches struct {
	mu    sync.Mutex
	known []keyCache // the newest last
}

type keyCache struct {
	sealer *seal.FieldSealer
	blobs  *blobCache
}

const maxCaches = 4

func (c *caches) of(s *seal.FieldSealer) *blobCache {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.known {
		if k.sealer == s {
			return k.blobs
		}
	}
	if len(c.known) == maxCaches {
		c.known = append(c.known[:0], c.known[1:]...)
	}
	k := keyCache{s, &blobCache{blobs: map[string]sharedBlob{}}}
	c.known = append(c.known, k)
	return k.blobs
}
