// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0
//
// route is a filter in C that changes records: it routes errors, and hides e-mail addresses. ../README.md says more,
// docs/wasm-abi.md how a filter and its host talk. There is no libc, and nothing is imported: see build.sh.

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define EXPORT(name) __attribute__((export_name(#name))) name

enum {
	MAX_RECORDS = 65535,  // of a chunk, says the ABI
	MAX_BUFFER = 64 << 20, // bytes
	PAGE = 64 << 10,
	SEVERITY_ERROR = 17, // OTLP's
	RULE_ERRORS = 1,
	RULE_EMAIL = 2,
};

static const char MANIFEST[] =
	"{\"name\":\"route\",\"version\":\"1.0.0\",\"columns\":[\"severity\",\"matches\"],\"rules\":[\"errors\",\"e-mail\"],"
	"\"memoryless\":true,\"requires\":[\"patches\"],\"patches\":[\"attributes\",\"body\"],\"detectors\":[{\"kind\":\"email\"}]}";

// ---- The buffer that the host writes to: all the memory behind our own

extern u8 __heap_base; // from the linker

static u32 buffer(void) { return ((u32)&__heap_base + 7) & ~7u; }
static u32 room(void) { return __builtin_wasm_memory_size(0) * PAGE - buffer(); }

u32 EXPORT(sealgate_buffer)(u32 size) {
	if (size > MAX_BUFFER)
		return 0;
	u32 have = room();
	if (size > have && __builtin_wasm_memory_grow(0, (size - have + PAGE - 1) / PAGE) == (__SIZE_TYPE__)-1)
		return 0;
	return buffer();
}

// is_input says whether the host names a part of the buffer.
static bool is_input(u32 ptr, u32 size) {
	return ptr >= buffer() && size <= room() && ptr - buffer() <= room() - size;
}

static u64 packed(const void *p, u32 size) { return size ? (u64)(u32)p << 32 | size : 0; }

static u32 u32_at(const u8 *p) {
	u32 v;
	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

// ---- Patches

enum { PATCH_MATCH = 1, PATCH_ROUTE = 7 };

// patch is one whose value has at most eight bytes.
struct patch {
	u32 record;
	u8 kind, severity;
	u16 rule;
	u32 at, length, key, value;
	char text[8];
};

static struct patch patches[256 << 10];
static u32 patched; // how many there are

static bool put(struct patch p) {
	if (patched == sizeof patches / sizeof *patches)
		return false;
	patches[patched++] = p;
	return true;
}

u64 EXPORT(sealgate_patches)(void) { return packed(patches, patched * sizeof *patches); }

// ---- The chunk

static u64 verdicts[MAX_RECORDS]; // all zero: every record is kept

struct column {
	const u8 *bytes;
	u32 size;
};

// column is the column at a place of the directory, which is the end of the head; without bytes if it is not in the chunk.
static struct column column(const u8 *chunk, u32 size, u32 head, u32 from_end) {
	const u8 *entry = chunk + head - 8 * from_end;
	u32 offset = u32_at(entry), length = u32_at(entry + 4);
	if (offset % 8 != 0 || (u64)offset + length > size)
		return (struct column){0, 0};
	return (struct column){chunk + offset, length};
}

// judge returns whether all patches could be put.
static bool judge(u32 n, const u8 *severity, struct column matches) {
	u32 last = 0;
	for (u32 i = 0; i < n; i++) {
		if (severity[i] >= SEVERITY_ERROR &&
		    !put((struct patch){.record = i, .kind = PATCH_ROUTE, .rule = RULE_ERRORS, .value = 6, .text = "errors"}))
			return false;
		u32 first = u32_at(matches.bytes + 4 * i), end = u32_at(matches.bytes + 4 * (i + 1));
		if (first < last || end < first || (u64)end * 16 > matches.size)
			return false;
		last = end;
		for (u32 k = first; k < end; k++)
			if (!put((struct patch){.record = i, .kind = PATCH_MATCH, .rule = RULE_EMAIL, .at = k, .value = 3, .text = "***"}))
				return false;
	}
	return true;
}

u64 EXPORT(sealgate_filter)(u32 ptr, u32 size) {
	enum { COLUMNS = 2, HEAD = 32 + 8 * COLUMNS };
	const u8 *chunk = (const u8 *)ptr;
	patched = 0;
	if (!is_input(ptr, size) || size < HEAD || u32_at(chunk + 12) != COLUMNS)
		return 0;
	u32 head = u32_at(chunk), n = u32_at(chunk + 4);
	if (head < HEAD || head > size || n < 1 || n > MAX_RECORDS)
		return 0;
	struct column severity = column(chunk, size, head, 2), matches = column(chunk, size, head, 1);
	if (!severity.bytes || severity.size != n || !matches.bytes || matches.size < 4 * (n + 1))
		return 0;
	if (!judge(n, severity.bytes, matches)) {
		patched = 0;
		return 0; // which the host counts as an error
	}
	return packed(verdicts, 8 * n);
}

// ---- The other exports

u32 EXPORT(sealgate_abi)(void) { return 1; }

u64 EXPORT(sealgate_configure)(u32 ptr, u32 size) {
	(void)ptr;
	(void)size;
	return packed(MANIFEST, sizeof MANIFEST - 1);
}
