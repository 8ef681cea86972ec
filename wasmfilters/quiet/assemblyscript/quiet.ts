// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0
//
// quiet is a filter in AssemblyScript: it drops records below a severity, and counts
// those that contain one of some texts. ../README.md says what it does,
// docs/wasm-abi.md how a filter and its host talk. All memory is reserved at compile
// time, but for the buffer: nothing is allocated, so there is nothing to collect, and
// nothing is imported; see build.sh.

const MAX_TEXTS: u32 = 64; // so that the column of needles is one word a record
const MAX_TEXT: u32 = 200; // bytes
const MAX_RECORDS: u32 = 65535; // of a chunk, says the ABI
const MAX_BUFFER: u32 = 16 << 20; // bytes: no state is larger, and nothing else is as large
const MAX_SEVERITY: u32 = 24;
const PAGE: u32 = 64 << 10;

// Text is some bytes. One that would be longer than there is room has TOO_LONG as its size.
@unmanaged
class Text {
  size: u32;

  @inline get bytes(): usize {
    return changetype<usize>(this) + offsetof<Text>();
  }

  append(c: u32): void {
    if (this.size >= ROOM) {
      this.size = TOO_LONG;
      return;
    }
    store<u8>(this.bytes + this.size++, c);
  }

  // say appends a text of ASCII.
  say(s: string): void {
    for (let i = 0; i < s.length; i++) this.append(s.charCodeAt(i));
  }

  sayNumber(n: u32): void {
    if (n >= 10) this.sayNumber(n / 10);
    this.append(0x30 + (n % 10));
  }

  // begins says whether the first bytes are those of a text of ASCII.
  begins(s: string): bool {
    if (this.size < <u32>s.length) return false;
    for (let i = 0; i < s.length; i++) {
      if (load<u8>(this.bytes + i) != s.charCodeAt(i)) return false;
    }
    return true;
  }

  is(s: string): bool {
    return this.size == s.length && this.begins(s);
  }

  equals(other: Text): bool {
    return this.size == other.size && memory.compare(this.bytes, other.bytes, this.size) == 0;
  }
}

const ROOM: u32 = 512;
const TOO_LONG: u32 = ROOM + 1;
const TEXT_SIZE: u32 = 4 + ROOM;

// ---- The configuration as it was accepted, and what was counted

let configured = false;
let below: u32 = 0; // severity number
let texts: u32 = 0; // how many
const contains = memory.data(64 * 516, 4); // MAX_TEXTS * TEXT_SIZE

function text(k: u32): Text {
  return changetype<Text>(contains + k * TEXT_SIZE);
}

// Tally is what was counted since the last report. The severity is 0 if they differ.
@unmanaged
class Tally {
  count: u64;
  first: u64;
  last: u64;
  severity: u64;

  add(at: u64, severity: u64): void {
    if (this.count++ == 0) {
      this.first = this.last = at;
      this.severity = severity;
      return;
    }
    this.first = min(this.first, at);
    this.last = max(this.last, at);
    if (this.severity != severity) this.severity = 0;
  }
}

// The state is kept in the form in which it is handed over: a magic number, a hash
// of the texts that are counted, and a tally for each.
const state = memory.data(16 + 64 * 32, 8);
const MAGIC: u64 = 0x0a31207465697571; // "quiet 1\n"
const STATE_HEAD: u32 = 16;

function stateSize(): u32 {
  return STATE_HEAD + texts * offsetof<Tally>();
}

function tally(base: usize, k: u32): Tally {
  return changetype<Tally>(base + STATE_HEAD + k * offsetof<Tally>());
}

// hash is FNV-1a of the texts, each with a byte behind it that is never in UTF-8.
function hash(): u64 {
  let h: u64 = 14695981039346656037;
  for (let k: u32 = 0; k < texts; k++) {
    for (let i: u32 = 0; i < text(k).size; i++) {
      h = (h ^ load<u8>(text(k).bytes + i)) * 1099511628211;
    }
    h = (h ^ 0xff) * 1099511628211;
  }
  return h;
}

// ---- The buffer that the host writes to: all the memory behind our own

function buffer(): u32 {
  return (<u32>__heap_base + 7) & ~7;
}

function room(): u32 {
  return memory.size() * PAGE - buffer();
}

export function sealgate_buffer(size: u32): u32 {
  if (size > MAX_BUFFER) return 0;
  const have = room();
  if (size > have && memory.grow((size - have + PAGE - 1) / PAGE) == -1) return 0;
  return buffer();
}

// isInput says whether the host names a part of the buffer.
function isInput(ptr: u32, size: u32): bool {
  return ptr >= buffer() && size <= room() && ptr - buffer() <= room() - size;
}

function packed(ptr: usize, size: u32): u64 {
  return (<u64>ptr << 32) | size;
}

// ---- JSON in: what is read, and what is wrong with it

let begin: usize = 0;
let at: usize = 0;
let end: usize = 0;

const message = changetype<Text>(memory.data(516, 4));
const scratch = changetype<Text>(memory.data(516, 4)); // a key, or the name of a severity

function fail(why: string): bool {
  message.say(why);
  return false;
}

function wrong(want: string): bool {
  message.say("configuration: not JSON at byte ");
  message.sayNumber(<u32>(at - begin));
  message.say(", where ");
  message.say(want);
  return fail(" should be");
}

// peek is the byte at an offset from here; 0 beyond the end, and for a zero byte, which no JSON has.
function peek(offset: usize = 0): u32 {
  return offset < end - at ? load<u8>(at + offset) : 0;
}

// next is the next byte that is no white space.
function next(): u32 {
  while (peek() == 0x20 || (peek() >= 0x09 && peek() <= 0x0a) || peek() == 0x0d) at++;
  return peek();
}

function take(c: u32): bool {
  if (next() != c) return false;
  at++;
  return true;
}

function isDigit(c: u32): bool {
  return c >= 0x30 && c <= 0x39;
}

// runeSize is how many bytes the character here has; 0 if it is not UTF-8 (RFC 3629, section 4).
function runeSize(): u32 {
  const c = peek();
  if (c < 0x80) return 1;
  const n: u32 = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  for (let i: u32 = 1; i < n; i++) {
    if ((peek(i) & 0xc0) != 0x80) return 0;
  }
  const overlong = (c == 0xe0 && peek(1) < 0xa0) || (c == 0xf0 && peek(1) < 0x90);
  const beyond = (c == 0xed && peek(1) >= 0xa0) || (c == 0xf4 && peek(1) >= 0x90);
  return overlong || beyond ? 0 : n;
}

function appendRune(t: Text, c: u32): void {
  if (c < 0x80) {
    t.append(c);
    return;
  }
  if (c < 0x800) {
    t.append(0xc0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      t.append(0xe0 | (c >> 12));
    } else {
      t.append(0xf0 | (c >> 18));
      t.append(0x80 | ((c >> 12) & 0x3f));
    }
    t.append(0x80 | ((c >> 6) & 0x3f));
  }
  t.append(0x80 | (c & 0x3f));
}

function hexValue(c: u32): i32 {
  if (isDigit(c)) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

// readHex reads \uXXXX; -1 if that is not there.
function readHex(): i32 {
  if (peek() != 0x5c || peek(1) != 0x75) return -1;
  let v = 0;
  for (let i = 2; i < 6; i++) {
    const digit = hexValue(peek(i));
    if (digit < 0) return -1;
    v = v * 16 + digit;
  }
  at += 6;
  return v;
}

// escaped is what stands behind a backslash for one byte; 0 for anything else.
function escaped(c: u32): u32 {
  switch (c) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
      return c;
    case 0x62: return 0x08; // b
    case 0x66: return 0x0c; // f
    case 0x6e: return 0x0a; // n
    case 0x72: return 0x0d; // r
    case 0x74: return 0x09; // t
  }
  return 0;
}

// readEscape reads an escape sequence. Half a surrogate pair becomes U+FFFD.
function readEscape(t: Text): bool {
  const simple = escaped(peek(1));
  if (simple) {
    t.append(simple);
    at += 2;
    return true;
  }
  let c = readHex();
  if (c < 0) return false;
  if (c >= 0xd800 && c < 0xe000) {
    const after = at;
    const low = c < 0xdc00 ? readHex() : -1;
    if (low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else {
      c = 0xfffd;
      at = after;
    }
  }
  appendRune(t, c);
  return true;
}

// readText reads a string, of which the quotation mark has been seen.
function readText(t: Text): bool {
  t.size = 0;
  at++;
  while (at < end) {
    const c = peek();
    if (c == 0x22) {
      at++;
      return true;
    }
    if (c < 0x20) return wrong("no control character");
    if (c == 0x5c) {
      if (!readEscape(t)) return wrong("an escape sequence");
      continue;
    }
    const n = runeSize();
    if (n == 0) return fail("configuration: it is not UTF-8");
    for (let i: u32 = 0; i < n; i++) t.append(load<u8>(at++));
  }
  return wrong("a quotation mark");
}

// ofName is the number of a severity: INFO is 9, and INFO2 is 10. 0 if it is not called so.
function ofName(t: Text, name: string, first: u32): u32 {
  if (t.is(name)) return first;
  if (!t.begins(name) || t.size != name.length + 1) return 0;
  const step = load<u8>(t.bytes + name.length) - 0x31;
  return step >= 1 && step <= 3 ? first + step : 0;
}

function severityOf(t: Text): u32 {
  return ofName(t, "TRACE", 1) | ofName(t, "DEBUG", 5) | ofName(t, "INFO", 9) | ofName(t, "WARN", 13) | ofName(t, "ERROR", 17) | ofName(t, "FATAL", 21);
}

// readNumber reads a whole number without a sign; 0 for all that is above MAX_SEVERITY.
function readNumber(): u32 {
  let n: u32 = 0;
  for (; isDigit(peek()); at++) {
    if (n > MAX_SEVERITY || (n == 0 && peek() == 0x30)) return 0;
    n = n * 10 + peek() - 0x30;
  }
  const fraction = peek() == 0x2e || (peek() | 0x20) == 0x65;
  return n > MAX_SEVERITY || fraction ? 0 : n;
}

function readBelow(): bool {
  if (next() == 0x22) {
    if (!readText(scratch)) return false;
    below = severityOf(scratch);
  } else {
    below = readNumber();
  }
  return below != 0 || fail("`below`: it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, or a number from 1 to 24");
}

function isThere(t: Text): bool {
  for (let k: u32 = 0; k < texts; k++) {
    if (text(k).equals(t)) return true;
  }
  return false;
}

function readEntry(): bool {
  const t = text(texts);
  const isText = next() == 0x22;
  if (isText && !readText(t)) return false;
  const good = isText && t.size >= 1 && t.size <= MAX_TEXT && !isThere(t);
  texts++;
  if (good) return true;
  message.say("`contains`: entry ");
  message.sayNumber(texts);
  return fail(" must be a text of 1 to 200 bytes that is not there already");
}

function readContains(): bool {
  const problem = "`contains`: it must be a list of at most 64 texts";
  texts = 0;
  if (!take(0x5b)) return fail(problem);
  if (take(0x5d)) return true;
  do {
    if (texts == MAX_TEXTS) return fail(problem);
    if (!readEntry()) return false;
  } while (take(0x2c));
  return take(0x5d) || wrong("a comma or `]`");
}

let seenBelow = false;
let seenContains = false;

function isTwice(key: string): bool {
  message.say('configuration: key "');
  message.say(key);
  return fail('" is there twice in one object');
}

function isUnknown(key: Text): bool {
  message.say("configuration: key `");
  if (key.size > MAX_TEXT) {
    message.say("...");
  } else {
    for (let i: u32 = 0; i < key.size; i++) message.append(load<u8>(key.bytes + i));
  }
  return fail("` is not known; `below` and `contains` are");
}

function readMember(): bool {
  if (next() != 0x22) return wrong("a key");
  if (!readText(scratch)) return false;
  const isBelow = scratch.is("below");
  if (isBelow) {
    if (seenBelow) return isTwice("below");
    seenBelow = true;
  } else if (scratch.is("contains")) {
    if (seenContains) return isTwice("contains");
    seenContains = true;
  } else {
    return isUnknown(scratch);
  }
  if (!take(0x3a)) return wrong("a colon");
  return isBelow ? readBelow() : readContains();
}

function readConfig(): bool {
  seenBelow = seenContains = false;
  if (!take(0x7b)) return fail("configuration: it must be an object with the keys `below` and `contains`");
  if (!take(0x7d)) {
    do {
      if (!readMember()) return false;
    } while (take(0x2c));
    if (!take(0x7d)) return wrong("a comma or `}`");
  }
  next();
  return at == end || wrong("the end");
}

function setDefaults(): void {
  below = 9; // INFO
  texts = 2;
  text(0).size = text(1).size = 0;
  text(0).say("GET /healthz");
  text(1).say("GET /readyz");
}

// ---- JSON out: the manifest

// 64 texts twice, each byte of which may become six, and what is around them.
const OUT_ROOM: u32 = 256 << 10;
const out = memory.data(262144, 8);
let outSize: u32 = 0;

function putByte(c: u32): void {
  if (outSize < OUT_ROOM) store<u8>(out + outSize++, c);
}

function put(s: string): void {
  for (let i = 0; i < s.length; i++) putByte(s.charCodeAt(i));
}

// putInner puts what is inside the quotation marks of a JSON string.
function putInner(t: Text): void {
  for (let i: u32 = 0; i < t.size; i++) {
    const c = load<u8>(t.bytes + i);
    if (c < 0x20) {
      put(c < 0x10 ? "\\u000" : "\\u001");
      putByte("0123456789abcdef".charCodeAt(c & 15));
      continue;
    }
    if (c == 0x22 || c == 0x5c) putByte(0x5c);
    putByte(c);
  }
}

function putManifest(): void {
  outSize = 0;
  put('{"name":"quiet","version":"1.0.0"');
  if (!configured) {
    put(',"columns":[],"needles":[],"rules":[],"error":"');
    putInner(message);
    put('"}');
    return;
  }
  put(',"columns":["severity"');
  if (texts) put(',"needles","time","protected"');
  put('],"needles":[');
  for (let k: u32 = 0; k < texts; k++) {
    put(k ? ',{"text":"' : '{"text":"');
    putInner(text(k));
    put('"}');
  }
  put('],"rules":["severity"');
  for (let k: u32 = 0; k < texts; k++) {
    put(',"contains: ');
    putInner(text(k));
    put('"');
  }
  put('],"error":""}');
}

// ---- The chunk

const verdicts = memory.data(65535 * 8, 8); // of MAX_RECORDS

const KEEP: u64 = 0;
const DROP: u64 = 1;
const COUNT: u64 = 2;
const RULE: u64 = 1 << 16;

@unmanaged
class Head {
  size: u32;
  records: u32;
  resources: u32;
  columns: u32;
  now: u64;
  flags: u32;
  zero: u32;
}

function isChunk(ptr: u32, size: u32): bool {
  const columns: u32 = texts ? 4 : 1;
  const least = <u32>offsetof<Head>() + 8 * columns;
  const head = changetype<Head>(<usize>ptr);
  return configured && isInput(ptr, size) && size >= least && head.columns == columns && head.size >= least && head.size <= size && head.records >= 1 && head.records <= MAX_RECORDS;
}

// column is a column by its place from the end of the manifest; 0 if it does not lie
// in the chunk. It is found from the end of the head, since what is before the
// directory can grow.
function column(ptr: u32, size: u32, fromEnd: u32, width: u32): usize {
  const head = changetype<Head>(<usize>ptr);
  const entry = ptr + head.size - 8 * fromEnd;
  const offset = load<u32>(entry);
  const length = load<u32>(entry, 4);
  const inside = offset % 8 == 0 && length == head.records * width && <u64>offset + length <= size;
  return inside ? <usize>(ptr + offset) : 0;
}

function isBelow(severity: u32): bool {
  return severity > 0 && severity < below;
}

function judgeSeverities(n: u32, severity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(verdicts + 8 * i, isBelow(load<u8>(severity + i)) ? DROP | RULE : KEEP);
  }
}

function count(k: u64, time: u64, severity: u32): u64 {
  tally(state, <u32>k).add(time, severity > MAX_SEVERITY ? 0 : severity);
  return COUNT | ((k + 2) * RULE);
}

function judge(n: u32, severities: usize, needles: usize, times: usize, isProtected: usize, now: u64): void {
  const known = ~(<u64>0) >> (64 - texts);
  for (let i: u32 = 0; i < n; i++) {
    const severity = load<u8>(severities + i);
    const found = load<u64>(needles + 8 * i) & known;
    let verdict = KEEP;
    if (load<u8>(isProtected + i)) {
      // The host keeps it whatever the verdict is.
    } else if (isBelow(severity)) {
      verdict = DROP | RULE;
    } else if (found) {
      const time = load<u64>(times + 8 * i);
      verdict = count(ctz(found), time ? time : now, severity);
    }
    store<u64>(verdicts + 8 * i, verdict);
  }
}

export function sealgate_filter(ptr: u32, size: u32): u64 {
  if (!isChunk(ptr, size)) return 0;
  const head = changetype<Head>(<usize>ptr);
  const n = head.records;
  if (texts == 0) {
    const severity = column(ptr, size, 1, 1);
    if (!severity) return 0;
    judgeSeverities(n, severity);
  } else {
    const severity = column(ptr, size, 4, 1);
    const needles = column(ptr, size, 3, 8);
    const time = column(ptr, size, 2, 8);
    const isProtected = column(ptr, size, 1, 1);
    if (!severity || !needles || !time || !isProtected) return 0;
    judge(n, severity, needles, time, isProtected, head.now);
  }
  return packed(verdicts, 8 * n);
}

// ---- The other exports

export function sealgate_abi(): u32 {
  return 1;
}

export function sealgate_configure(ptr: u32, size: u32): u64 {
  if (!isInput(ptr, size)) return 0;
  message.size = 0;
  setDefaults();
  begin = at = ptr;
  end = ptr + size;
  configured = readConfig();
  if (configured) {
    store<u64>(state, MAGIC);
    store<u64>(state, hash(), 8);
  }
  putManifest();
  return packed(out, outSize);
}

@unmanaged
class Report {
  key: u64;
  count: u64;
  first: u64;
  last: u64;
  rule: u16;
  kind: u8;
  severity: u8;
  text: u32;
  size: u32;
  zero: u32;
}

const reports = memory.data(64 * 48, 8);

export function sealgate_flush(now: u64, last: u32): u64 {
  let n: u32 = 0;
  for (let k: u32 = 0; configured && k < texts; k++) { // all is due at each flush
    const t = tally(state, k);
    if (t.count == 0) continue;
    const r = changetype<Report>(reports + n++ * offsetof<Report>());
    r.key = k + 2;
    r.count = t.count;
    r.first = t.first;
    r.last = t.last;
    r.rule = <u16>(k + 2);
    r.severity = <u8>t.severity;
    r.text = <u32>text(k).bytes;
    r.size = text(k).size;
    memory.fill(changetype<usize>(t), 0, offsetof<Tally>());
  }
  return packed(reports, n * offsetof<Report>());
}

export function sealgate_state_save(): u64 {
  return configured ? packed(state, stateSize()) : 0;
}

// sealgate_state_restore takes a state that counts the same texts; any other is
// flushed by who had it.
export function sealgate_state_restore(ptr: u32, size: u32): u32 {
  if (!configured || !isInput(ptr, size) || size != stateSize() || load<u64>(ptr) != MAGIC || load<u64>(ptr, 8) != load<u64>(state, 8)) return 1;
  for (let k: u32 = 0; k < texts; k++) {
    const t = tally(ptr, k);
    if (t.first > t.last || t.severity > MAX_SEVERITY) return 1;
  }
  memory.copy(state, ptr, size);
  return 0;
}
