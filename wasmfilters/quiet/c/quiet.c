// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0
//
// quiet is a filter in C: it drops records below a severity, and counts those that
// contain one of some texts. ../README.md says what it does, docs/wasm-abi.md how a
// filter and its host talk. There is no libc, and nothing is imported: see build.sh.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define EXPORT(name) __attribute__((export_name(#name))) name

enum {
	MAX_TEXTS = 64,       // so that the column of needles is one word a record
	MAX_TEXT = 200,       // bytes
	MAX_RECORDS = 65535,  // of a chunk, says the ABI
	MAX_BUFFER = 16 << 20, // bytes: no state is larger, and nothing else is as large
	MAX_SEVERITY = 24,
	PAGE = 64 << 10,
};

static const char DEFAULTS[] = "{\"below\":\"INFO\",\"contains\":[\"GET /healthz\",\"GET /readyz\"]}";

// text is some bytes. One that would be longer than there is room has TOO_LONG as its size.
struct text {
	u32 size;
	u8 bytes[512];
};

enum { TOO_LONG = sizeof(((struct text *)0)->bytes) + 1 };

static void append(struct text *t, const u8 *from, u32 n) {
	if (t->size + n >= TOO_LONG) {
		t->size = TOO_LONG;
		return;
	}
	for (u32 i = 0; i < n; i++)
		t->bytes[t->size++] = from[i];
}

static u32 length(const char *s) {
	u32 n = 0;
	while (s[n])
		n++;
	return n;
}

static bool begins(const struct text *t, const u8 *s, u32 n) {
	if (t->size < n)
		return false;
	for (u32 i = 0; i < n; i++)
		if (t->bytes[i] != s[i])
			return false;
	return true;
}

static bool equal(const struct text *a, const struct text *b) { return a->size == b->size && begins(a, b->bytes, b->size); }

static bool is(const struct text *t, const char *s) { return t->size == length(s) && begins(t, (const u8 *)s, t->size); }

// ---- The configuration as it was accepted, and what was counted

static bool configured;
static u32 below; // severity number
static u32 texts; // how many
static struct text contains[MAX_TEXTS];

struct tally {
	u64 count, first, last, severity; // the severity is 0 if they differ
};

// state is kept in the form in which it is handed over.
static struct {
	u64 magic, of; // of is a hash of the texts that were counted
	struct tally tallies[MAX_TEXTS];
} state;

static const u64 MAGIC = 0x0a31207465697571; // "quiet 1\n"

static u32 state_size(void) { return offsetof(__typeof__(state), tallies) + texts * sizeof(struct tally); }

// hash is FNV-1a of the texts, each with a byte behind it that is never in UTF-8.
static u64 hash(void) {
	u64 h = 14695981039346656037u;
	for (u32 k = 0; k < texts; k++) {
		for (u32 i = 0; i < contains[k].size; i++)
			h = (h ^ contains[k].bytes[i]) * 1099511628211u;
		h = (h ^ 0xff) * 1099511628211u;
	}
	return h;
}

// ---- The buffer that the host writes to: all the memory behind our own

extern u8 __heap_base; // from the linker

static u32 buffer(void) { return ((u32)&__heap_base + 7) & ~7u; }
static u32 room(void) { return __builtin_wasm_memory_size(0) * PAGE - buffer(); }

u32 EXPORT(sealgate_buffer)(u32 size) {
	if (size > MAX_BUFFER)
		return 0;
	u32 have = room();
	if (size > have && __builtin_wasm_memory_grow(0, (size - have + PAGE - 1) / PAGE) == (size_t)-1)
		return 0;
	return buffer();
}

// is_input says whether the host names a part of the buffer.
static bool is_input(u32 ptr, u32 size) {
	return ptr >= buffer() && size <= room() && ptr - buffer() <= room() - size;
}

static u64 packed(const void *p, u32 size) { return (u64)(u32)p << 32 | size; }

// ---- JSON in: what is read, and what is wrong with it

static struct {
	const u8 *begin, *at, *end;
} in;

static struct text message;

static void say(const char *s) { append(&message, (const u8 *)s, length(s)); }

static void say_number(u32 n) {
	if (n >= 10)
		say_number(n / 10);
	append(&message, (const u8 *)&"0123456789"[n % 10], 1);
}

static bool fail(const char *why) {
	say(why);
	return false;
}

static bool wrong(const char *want) {
	say("configuration: not JSON at byte ");
	say_number(in.at - in.begin);
	say(", where ");
	say(want);
	return fail(" should be");
}

// next is the next byte that is no white space; 0 at the end, and for a zero byte, which no JSON has.
static u8 next(void) {
	while (in.at < in.end && (*in.at == ' ' || *in.at == '\t' || *in.at == '\n' || *in.at == '\r'))
		in.at++;
	return in.at < in.end ? *in.at : 0;
}

static bool take(u8 c) {
	if (next() != c)
		return false;
	in.at++;
	return true;
}

// rune_size is how many bytes the character at in.at has; 0 if it is not UTF-8 (RFC 3629, section 4).
static u32 rune_size(void) {
	const u8 *p = in.at;
	u32 n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	if (n > (u32)(in.end - p))
		return 0;
	for (u32 i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
	return overlong || beyond ? 0 : n;
}

static void append_rune(struct text *t, u32 c) {
	u8 b[4] = {0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f)};
	u32 n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	if (n == 1)
		b[3] = c;
	if (n == 2)
		b[2] = 0xc0 | c >> 6;
	if (n == 3)
		b[1] = 0xe0 | c >> 12;
	append(t, b + 4 - n, n);
}

// read_hex reads \uXXXX; -1 if that is not there.
static int read_hex(void) {
	if (in.end - in.at < 6 || in.at[0] != '\\' || in.at[1] != 'u')
		return -1;
	int v = 0;
	for (u32 i = 2; i < 6; i++) {
		u8 c = in.at[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			return -1;
		v = v * 16 + digit;
	}
	in.at += 6;
	return v;
}

// read_escape reads an escape sequence. Half a surrogate pair becomes U+FFFD.
static bool read_escape(struct text *t) {
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	for (u32 i = 0; in.end - in.at > 1 && from[i]; i++)
		if (in.at[1] == from[i]) {
			append(t, (const u8 *)&to[i], 1);
			in.at += 2;
			return true;
		}
	int c = read_hex();
	if (c >= 0xd800 && c < 0xe000) {
		const u8 *after = in.at;
		int low = c < 0xdc00 ? read_hex() : -1;
		bool pair = low >= 0xdc00 && low < 0xe000;
		in.at = pair ? in.at : after;
		c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
	}
	if (c >= 0)
		append_rune(t, c);
	return c >= 0;
}

// read_text reads a string, of which the quotation mark has been seen.
static bool read_text(struct text *t) {
	t->size = 0;
	for (in.at++; in.at < in.end;) {
		u8 c = *in.at;
		if (c == '"') {
			in.at++;
			return true;
		}
		if (c < 0x20)
			return wrong("no control character");
		if (c == '\\') {
			if (!read_escape(t))
				return wrong("an escape sequence");
			continue;
		}
		u32 n = rune_size();
		if (n == 0)
			return fail("configuration: it is not UTF-8");
		append(t, in.at, n);
		in.at += n;
	}
	return wrong("a quotation mark");
}

// severity_of is the number of a name: INFO is 9, and INFO2 is 10. 0 if there is none of this name.
static u32 severity_of(const struct text *t) {
	static const char names[6][6] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
	for (u32 i = 0; i < 6; i++) {
		u32 n = length(names[i]), number = 4 * i + 1;
		if (is(t, names[i]))
			return number;
		if (t->size == n + 1 && begins(t, (const u8 *)names[i], n) && t->bytes[n] >= '2' && t->bytes[n] <= '4')
			return number + t->bytes[n] - '1';
	}
	return 0;
}

// read_number reads a whole number without a sign; 0 for all that is above MAX_SEVERITY.
static u32 read_number(void) {
	u32 n = 0;
	for (; in.at < in.end && *in.at >= '0' && *in.at <= '9'; in.at++) {
		if (n > MAX_SEVERITY || (n == 0 && *in.at == '0'))
			return 0;
		n = n * 10 + *in.at - '0';
	}
	bool fraction = in.at < in.end && (*in.at == '.' || *in.at == 'e' || *in.at == 'E');
	return n > MAX_SEVERITY || fraction ? 0 : n;
}

static bool read_below(void) {
	if (next() == '"') {
		struct text name;
		if (!read_text(&name))
			return false;
		below = severity_of(&name);
	} else {
		below = read_number();
	}
	return below || fail("`below`: it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, or a number from 1 to 24");
}

static bool is_there(const struct text *t) {
	for (u32 k = 0; k < texts; k++)
		if (equal(t, &contains[k]))
			return true;
	return false;
}

static bool read_entry(void) {
	struct text *t = &contains[texts];
	bool is_text = next() == '"';
	if (is_text && !read_text(t))
		return false;
	bool good = is_text && t->size >= 1 && t->size <= MAX_TEXT && !is_there(t);
	texts++;
	if (good)
		return true;
	say("`contains`: entry ");
	say_number(texts);
	return fail(" must be a text of 1 to 200 bytes that is not there already");
}

static bool read_contains(void) {
	const char *problem = "`contains`: it must be a list of at most 64 texts";
	texts = 0;
	if (!take('['))
		return fail(problem);
	if (take(']'))
		return true;
	do {
		if (texts == MAX_TEXTS)
			return fail(problem);
		if (!read_entry())
			return false;
	} while (take(','));
	return take(']') || wrong("a comma or `]`");
}

static bool is_twice(const char *key) {
	say("configuration: key \"");
	say(key);
	return fail("\" is there twice in one object");
}

static bool is_unknown(const struct text *key) {
	say("configuration: key `");
	if (key->size > MAX_TEXT)
		say("...");
	else
		append(&message, key->bytes, key->size);
	return fail("` is not known; `below` and `contains` are");
}

static bool read_member(bool seen[2]) {
	static const char *const keys[2] = {"below", "contains"};
	struct text key;
	if (next() != '"')
		return wrong("a key");
	if (!read_text(&key))
		return false;
	u32 k = is(&key, keys[0]) ? 0 : 1;
	if (!is(&key, keys[k]))
		return is_unknown(&key);
	if (seen[k])
		return is_twice(keys[k]);
	seen[k] = true;
	if (!take(':'))
		return wrong("a colon");
	return k == 0 ? read_below() : read_contains();
}

static bool read_config(const u8 *config, u32 size) {
	bool seen[2] = {false, false};
	in.begin = in.at = config;
	in.end = config + size;
	if (!take('{'))
		return fail("configuration: it must be an object with the keys `below` and `contains`");
	if (!take('}')) {
		do {
			if (!read_member(seen))
				return false;
		} while (take(','));
		if (!take('}'))
			return wrong("a comma or `}`");
	}
	next();
	return in.at == in.end || wrong("the end");
}

// ---- JSON out: the manifest

// 64 texts twice, each byte of which may become six, and what is around them.
static u8 out[256 << 10];
static u32 out_size;

static void put_byte(u8 c) {
	if (out_size < sizeof out)
		out[out_size++] = c;
}

static void put(const char *s) {
	for (; *s; s++)
		put_byte(*s);
}

// put_inner puts what is inside the quotation marks of a JSON string.
static void put_inner(const struct text *t) {
	static const char hex[] = "0123456789abcdef";
	for (u32 i = 0; i < t->size; i++) {
		u8 c = t->bytes[i];
		if (c < 0x20) {
			put("\\u00");
			put_byte(hex[c >> 4]);
			c = hex[c & 15];
		} else if (c == '"' || c == '\\') {
			put_byte('\\');
		}
		put_byte(c);
	}
}

static void put_manifest(void) {
	out_size = 0;
	put("{\"name\":\"quiet\",\"version\":\"1.0.0\"");
	if (!configured) {
		put(",\"columns\":[],\"needles\":[],\"rules\":[],\"error\":\"");
		put_inner(&message);
		put("\"}");
		return;
	}
	put(",\"columns\":[\"severity\"");
	if (texts)
		put(",\"needles\",\"time\",\"protected\"");
	put("],\"needles\":[");
	for (u32 k = 0; k < texts; k++) {
		put(k ? ",{\"text\":\"" : "{\"text\":\"");
		put_inner(&contains[k]);
		put("\"}");
	}
	put("],\"rules\":[\"severity\"");
	for (u32 k = 0; k < texts; k++) {
		put(",\"contains: ");
		put_inner(&contains[k]);
		put("\"");
	}
	put("],\"error\":\"\"}");
}

// ---- The chunk

static u64 verdicts[MAX_RECORDS];

enum { KEEP = 0, DROP = 1, COUNT = 2, RULE = 1 << 16 };

static u32 u32_at(const u8 *p) {
	u32 v;
	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

static u64 u64_at(const u8 *p) {
	u64 v;
	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

struct chunk {
	const u8 *bytes;
	u32 size, head, records;
	u64 now;
};

static bool open(struct chunk *c, u32 ptr, u32 size) {
	u32 columns = texts ? 4 : 1;
	*c = (struct chunk){.bytes = (const u8 *)ptr, .size = size};
	if (!configured || !is_input(ptr, size) || size < 32 + 8 * columns || u32_at(c->bytes + 12) != columns)
		return false;
	c->head = u32_at(c->bytes);
	c->records = u32_at(c->bytes + 4);
	c->now = u64_at(c->bytes + 16);
	return c->head >= 32 + 8 * columns && c->head <= size && c->records >= 1 && c->records <= MAX_RECORDS;
}

// column is a column by its place from the end of the manifest; 0 if it does not lie in the chunk. It is
// found from the end of the head, since what is before the directory can grow.
static const u8 *column(const struct chunk *c, u32 from_end, u32 width) {
	const u8 *entry = c->bytes + c->head - 8 * from_end;
	u32 offset = u32_at(entry), size = u32_at(entry + 4);
	bool inside = offset % 8 == 0 && size == c->records * width && (u64)offset + size <= c->size;
	return inside ? c->bytes + offset : 0;
}

static void count(struct tally *t, u64 at, u64 severity) {
	if (t->count++ == 0) {
		t->first = t->last = at;
		t->severity = severity;
		return;
	}
	if (at < t->first)
		t->first = at;
	if (at > t->last)
		t->last = at;
	if (t->severity != severity)
		t->severity = 0;
}

static bool is_below(u32 severity) { return severity > 0 && severity < below; }

static void judge_severities(u32 n, const u8 *severity) {
	for (u32 i = 0; i < n; i++)
		verdicts[i] = is_below(severity[i]) ? DROP | 1 * RULE : KEEP;
}

struct columns {
	const u8 *severity, *needles, *time, *protected;
};

static void judge(u32 n, struct columns c, u64 now) {
	u64 known = ~(u64)0 >> (64 - texts);
	for (u32 i = 0; i < n; i++) {
		u32 severity = c.severity[i];
		u64 found = u64_at(c.needles + 8 * i) & known;
		verdicts[i] = KEEP;
		if (c.protected[i])
			continue;
		if (is_below(severity)) {
			verdicts[i] = DROP | 1 * RULE;
		} else if (found) {
			u32 k = __builtin_ctzll(found);
			u64 time = u64_at(c.time + 8 * i);
			verdicts[i] = COUNT | (k + 2) * RULE;
			count(&state.tallies[k], time ? time : now, severity > MAX_SEVERITY ? 0 : severity);
		}
	}
}

u64 EXPORT(sealgate_filter)(u32 ptr, u32 size) {
	struct chunk c;
	if (!open(&c, ptr, size))
		return 0;
	if (texts == 0) {
		const u8 *severity = column(&c, 1, 1);
		if (!severity)
			return 0;
		judge_severities(c.records, severity);
	} else {
		struct columns all = {column(&c, 4, 1), column(&c, 3, 8), column(&c, 2, 8), column(&c, 1, 1)};
		if (!all.severity || !all.needles || !all.time || !all.protected)
			return 0;
		judge(c.records, all, c.now);
	}
	return packed(verdicts, 8 * c.records);
}

// ---- The other exports

u32 EXPORT(sealgate_abi)(void) { return 1; }

u64 EXPORT(sealgate_configure)(u32 ptr, u32 size) {
	if (!is_input(ptr, size))
		return 0;
	message.size = 0;
	configured = read_config((const u8 *)DEFAULTS, sizeof DEFAULTS - 1) && read_config((const u8 *)ptr, size);
	if (configured) {
		state.magic = MAGIC;
		state.of = hash();
	}
	put_manifest();
	return packed(out, out_size);
}

struct report {
	u64 key, count, first, last;
	u16 rule;
	u8 kind, severity;
	u32 text, size, zero;
};

u64 EXPORT(sealgate_flush)(u64 now, u32 last) {
	static struct report reports[MAX_TEXTS];
	u32 n = 0;
	(void)now, (void)last; // all is due at each flush
	for (u32 k = 0; configured && k < texts; k++) {
		struct tally *t = &state.tallies[k];
		if (t->count == 0)
			continue;
		reports[n++] = (struct report){
			.key = k + 2, .count = t->count, .first = t->first, .last = t->last,
			.rule = k + 2, .severity = t->severity, .text = (u32)contains[k].bytes, .size = contains[k].size,
		};
		*t = (struct tally){0};
	}
	return packed(reports, n * sizeof(struct report));
}

u64 EXPORT(sealgate_state_save)(void) { return configured ? packed(&state, state_size()) : 0; }

// sealgate_state_restore takes a state that counts the same texts; any other is flushed by who had it.
u32 EXPORT(sealgate_state_restore)(u32 ptr, u32 size) {
	const u8 *from = (const u8 *)ptr;
	if (!configured || !is_input(ptr, size) || size != state_size() || u64_at(from) != MAGIC || u64_at(from + 8) != state.of)
		return 1;
	const struct tally *tallies = (const struct tally *)(from + 16);
	for (u32 k = 0; k < texts; k++)
		if (tallies[k].first > tallies[k].last || tallies[k].severity > MAX_SEVERITY)
			return 1;
	for (u32 k = 0; k < texts; k++)
		state.tallies[k] = tallies[k];
	return 0;
}
