// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0
//
// route is a filter in AssemblyScript that changes records: it routes errors, and hides e-mail addresses. ../README.md
// says more, docs/wasm-abi.md how a filter and its host talk. All memory is reserved at compile time, except for the
// buffer: nothing is allocated, so there is nothing to collect, and nothing is imported; see build.sh.

const MAX_RECORDS: u32 = 65535; // of a chunk, says the ABI
const MAX_BUFFER: u32 = 64 << 20; // bytes
const PAGE: u32 = 64 << 10;
const SEVERITY_ERROR: u8 = 17; // OTLP's
const RULE_ERRORS: u16 = 1;
const RULE_EMAIL: u16 = 2;

// MANIFEST is one literal: a text that is put together would be allocated, where the buffer is.
const MANIFEST: string =
  '{"name":"route","version":"1.0.0","columns":["severity","matches"],"rules":["errors","e-mail"],"memoryless":true,"requires":["patches"],"patches":["attributes","body"],"detectors":[{"kind":"email"}]}';
const manifest = memory.data(512, 4);

// ---- The buffer that the host writes to: all the memory behind our own

function buffer(): u32 {
  return (<u32>__heap_base + 7) & ~7;
}

function room(): u32 {
  return <u32>memory.size() * PAGE - buffer();
}

export function sealgate_buffer(size: u32): u32 {
  if (size > MAX_BUFFER) return 0;
  const have = room();
  if (size > have && memory.grow(<i32>((size - have + PAGE - 1) / PAGE)) < 0) return 0;
  return buffer();
}

// isInput says whether the host names a part of the buffer.
function isInput(ptr: u32, size: u32): bool {
  return ptr >= buffer() && size <= room() && ptr - buffer() <= room() - size;
}

function packed(ptr: usize, size: u32): u64 {
  return size ? (<u64>ptr << 32) | size : 0;
}

// ---- Patches

const PATCH_MATCH: u8 = 1;
const PATCH_ROUTE: u8 = 7;
const PATCH_SIZE: u32 = 32; // of one whose value has at most eight bytes
const MAX_PATCHES: u32 = 256 << 10;
const patches = memory.data(8388608, 8); // MAX_PATCHES * PATCH_SIZE
let patched: u32 = 0; // how many there are

function put(record: u32, kind: u8, rule: u16, at: u32, value: u64, size: u32): bool {
  if (patched == MAX_PATCHES) return false;
  const p = patches + patched++ * PATCH_SIZE;
  store<u32>(p, record);
  store<u8>(p, kind, 4);
  store<u8>(p, 0, 5);
  store<u16>(p, rule, 6);
  store<u32>(p, at, 8);
  store<u32>(p, 0, 12);
  store<u32>(p, 0, 16);
  store<u32>(p, size, 20);
  store<u64>(p, value, 24);
  return true;
}

export function sealgate_patches(): u64 {
  return packed(patches, patched * PATCH_SIZE);
}

// ---- The chunk

const verdicts = memory.data(524280, 8); // MAX_RECORDS * 8, all zero: every record is kept

const ERRORS: u64 = 0x73726f727265; // "errors"
const STARS: u64 = 0x2a2a2a; // "***"

// judge returns whether all patches could be put.
function judge(n: u32, severity: usize, matches: usize, size: u32): bool {
  let last: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (load<u8>(severity + i) >= SEVERITY_ERROR && !put(i, PATCH_ROUTE, RULE_ERRORS, 0, ERRORS, 6)) return false;
    const first = load<u32>(matches + 4 * i);
    const end = load<u32>(matches + 4 * (i + 1));
    if (first < last || end < first || <u64>end * 16 > size) return false;
    last = end;
    for (let k = first; k < end; k++) {
      if (!put(i, PATCH_MATCH, RULE_EMAIL, k, STARS, 3)) return false;
    }
  }
  return true;
}

export function sealgate_filter(ptr: u32, size: u32): u64 {
  patched = 0;
  if (!isInput(ptr, size) || size < 48 || load<u32>(ptr, 12) != 2) return 0;
  const head = load<u32>(ptr);
  const n = load<u32>(ptr, 4);
  if (head < 48 || head > size || n < 1 || n > MAX_RECORDS) return 0;
  // The directory is the end of the head, which can grow before it.
  const directory = ptr + head - 16;
  const severity = load<u32>(directory);
  const severities = load<u32>(directory, 4);
  const matches = load<u32>(directory, 8);
  const matchesSize = load<u32>(directory, 12);
  if (severity % 8 != 0 || severities != n || <u64>severity + severities > size) return 0;
  if (matches % 8 != 0 || matchesSize < 4 * (n + 1) || <u64>matches + matchesSize > size) return 0;
  if (!judge(n, ptr + severity, ptr + matches, matchesSize)) {
    patched = 0;
    return 0; // which the host counts as an error
  }
  return packed(verdicts, 8 * n);
}

// ---- The other exports

export function sealgate_abi(): u32 {
  return 1;
}

export function sealgate_configure(ptr: u32, size: u32): u64 {
  for (let i = 0; i < MANIFEST.length; i++) store<u8>(manifest + i, MANIFEST.charCodeAt(i));
  return packed(manifest, MANIFEST.length);
}
