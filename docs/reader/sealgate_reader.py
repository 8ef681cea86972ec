#!/usr/bin/env python3
# Copyright The Sealgate Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads and checks sealed archives of Sealgate, format version 1, without Sealgate's binaries.

It is written from docs/sealed-format.md, for assessors who want a second opinion. It needs the
packages cryptography (with SM3 and SM4) and zstandard. It writes one JSON object for each authentic frame to
stdout, and one line for each problem to stderr.

    sealgate_reader.py --key reader.pem archive/
    sealgate_reader.py --vectors seal/testdata/vectors.json

Exit codes: 0 no problem; 1 problems were found; 2 nothing could be read.
"""
import argparse
import base64
import hmac
import json
import os
import re
import struct
import sys
from datetime import datetime, timezone

import zstandard
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

MAX_FRAME = 64 << 20
MAX_SEALED = MAX_FRAME + MAX_FRAME // 128 + 1024
MAX_HEADER = 2 << 20
FIXED = 184
SIGNALS = {1: "traces", 2: "logs", 3: "metrics"}
KINDS = {1: "sm2", 2: "sm4", 3: "command"}


class Problem(Exception):
    """Something that is wrong with a file, a key or a frame."""


# --- SM3, HMAC, HKDF (GB/T 32905, RFC 2104, RFC 5869) ---------------------------------------


def sm3(data):
    h = hashes.Hash(hashes.SM3())
    h.update(data)
    return h.finalize()


def mac(key, data):
    h = HMAC(key, hashes.SM3())
    h.update(data)
    return h.finalize()


def derive(secret, salt, label, size):
    prk, out, block, i = mac(salt or bytes(32), secret), b"", b"", 0
    while len(out) < size:
        i += 1
        block = mac(prk, block + label.encode() + bytes([i]))
        out += block
    return out[:size]


# --- SM4 and GCM (GB/T 32907, RFC 8998) -----------------------------------------------------


def sm4(key):
    return Cipher(algorithms.SM4(key), modes.ECB())


class GCM:
    """SM4-GCM with a nonce of 12 bytes and a tag of 16 bytes behind the ciphertext."""

    def __init__(self, key):
        self.cipher = sm4(key)
        h = int.from_bytes(self.encrypt(bytes(16)), "big")
        # table[i][b] is the product of h and a block that has b as its byte i.
        powers = []
        for _ in range(128):
            powers.append(h)
            h = h >> 1 ^ (0xE1 << 120 if h & 1 else 0)
        self.table = []
        for i in range(16):
            row = [0] * 256
            for bit in range(8):
                row[0x80 >> bit] = powers[8 * i + bit]
            for b in range(256):
                low = b & -b
                row[b] = row[b ^ low] ^ row[low] if b != low else row[b]
            self.table.append(row)

    def encrypt(self, blocks):
        return self.cipher.encryptor().update(blocks)

    def hash(self, aad, text):
        y = 0
        blocks = aad + bytes(-len(aad) % 16) + text + bytes(-len(text) % 16)
        blocks += struct.pack(">QQ", 8 * len(aad), 8 * len(text))
        for at in range(0, len(blocks), 16):
            y ^= int.from_bytes(blocks[at : at + 16], "big")
            z = 0
            for row, b in zip(self.table, y.to_bytes(16, "big")):
                z ^= row[b]
            y = z
        return y.to_bytes(16, "big")

    def stream(self, nonce, first, size):
        blocks = b"".join(nonce + struct.pack(">I", first + i) for i in range((size + 15) // 16))
        return self.encrypt(blocks)[:size]

    def open(self, nonce, sealed, aad):
        text, tag = sealed[:-16], sealed[-16:]
        if len(sealed) < 16 or not hmac.compare_digest(xor(self.hash(aad, text), self.stream(nonce, 1, 16)), tag):
            raise Problem("it was altered")
        return xor(text, self.stream(nonce, 2, len(text)))


def xor(a, b):
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


# --- SM2 (GB/T 32918) and key files ---------------------------------------------------------

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
OID_SM2 = "1.2.156.10197.1.301"
PUBLIC_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")  # PKIX, before the point


def add(p, q):
    if p is None or q is None:
        return p or q
    (x1, y1), (x2, y2) = p, q
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if p == q else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(k, p):
    total = None
    while k:
        if k & 1:
            total = add(total, p)
        p, k = add(p, p), k >> 1
    return total


def words(*numbers):
    return b"".join(n.to_bytes(32, "big") for n in numbers)


def der(data, tag, at=0):
    """Returns the content of the value at an offset, and the offset behind it."""
    if len(data) < at + 2 or data[at] != tag:
        raise Problem("it is not the DER that is expected")
    size, at = data[at + 1], at + 2
    if size & 0x80:
        n = size & 0x7F
        size, at = int.from_bytes(data[at : at + n], "big"), at + n
    if at + size > len(data):
        raise Problem("the DER is cut short")
    return data[at : at + size], at + size


def values(data):
    """Returns the values within a sequence as pairs of tag and content."""
    all_values, at = [], 0
    while at < len(data):
        tag = data[at]
        content, at = der(data, tag, at)
        all_values.append((tag, content))
    return all_values


def oid(content):
    first, number, rest = content[0], 0, []
    for b in content[1:]:
        number = number << 7 | b & 0x7F
        if not b & 0x80:
            rest.append(number)
            number = 0
    return ".".join(map(str, [first // 40, first % 40] + rest))


class SM2Key:
    def __init__(self, pkcs8):
        fields = values(der(pkcs8, 0x30)[0])
        algorithm = values(fields[1][1])
        if oid(algorithm[1][1]) != OID_SM2:
            raise Problem("it is not a private key on the SM2 curve")
        self.secret = int.from_bytes(values(der(fields[2][1], 0x30)[0])[1][1], "big")
        public = multiply(self.secret, G)
        self.name = "sm2:" + sm3(PUBLIC_PREFIX + b"\x04" + words(*public))[:8].hex()

    def unwrap(self, wrapped):
        fields = values(der(wrapped, 0x30)[0])
        if [tag for tag, _ in fields] != [2, 2, 4, 4]:
            raise Problem("the wrapped key is not a ciphertext of SM2")
        x, y = (int.from_bytes(f[1], "big") for f in fields[:2])
        digest, text = fields[2][1], fields[3][1]
        if x >= P or y >= P or (y * y - x * x * x - A * x - B) % P:
            raise Problem("the wrapped key has a point that is not on the curve")
        shared = words(*multiply(self.secret, (x, y)))
        pad = b"".join(sm3(shared + struct.pack(">I", i + 1)) for i in range((len(text) + 31) // 32))
        key = xor(text, pad[: len(text)])
        if not hmac.compare_digest(sm3(shared[:32] + key + shared[32:]), digest):
            raise Problem("the wrapped key was altered")
        return key


class SymmetricKey:
    def __init__(self, key):
        if len(key) != 16:
            raise Problem("a symmetric key has 32 hexadecimal digits")
        self.name = "sm4:" + derive(key, None, "sealgate/v1 key id", 8).hex()
        self.gcm = GCM(derive(key, None, "sealgate/v1 key wrap", 16))

    def unwrap(self, wrapped):
        return self.gcm.open(wrapped[:12], wrapped[12:], b"sealgate/v1 key wrap")


def decrypt_pkcs8(data, passphrase):
    """Opens PBES2 of GM/T 0091 with PBKDF2, HMAC-SM3 and SM4-CBC, which sealctl writes."""
    algorithm, sealed = values(der(data, 0x30)[0])
    scheme, parameters = values(algorithm[1])
    kdf, cipher = values(parameters[1])
    kdf_name, kdf_parameters = values(kdf[1])
    cipher_name, iv = values(cipher[1])
    fields = values(kdf_parameters[1])
    names = [oid(x[1]) for x in (scheme, kdf_name, cipher_name)] + [oid(values(fields[-1][1])[0][1])]
    if names != ["1.2.156.10197.6.4.1.5.2", "1.2.156.10197.6.4.1.5.1", "1.2.156.10197.1.104.2", "1.2.156.10197.1.401.2"]:
        raise Problem("it is encrypted in a way that this reader does not know: %s" % ", ".join(names))
    key = PBKDF2HMAC(hashes.SM3(), 16, fields[0][1], int.from_bytes(fields[1][1], "big")).derive(passphrase)
    text = sealed[1]
    plain = xor(sm4(key).decryptor().update(text), iv[1] + text[:-16])
    if not 1 <= plain[-1] <= 16 or plain[-plain[-1] :] != bytes([plain[-1]]) * plain[-1]:
        raise Problem("the passphrase does not open it")
    return plain[: -plain[-1]]


def read_key(text, passphrase=None):
    block = re.search(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END", text, re.S)
    if not block:
        lines = [line.strip() for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        if len(lines) != 1 or not re.fullmatch("[0-9A-Fa-f]{32}", lines[0]):
            raise Problem("it is neither PEM nor a symmetric key of 32 hexadecimal digits")
        return SymmetricKey(bytes.fromhex(lines[0]))
    data = base64.b64decode(block.group(2))
    try:
        if block.group(1) == "ENCRYPTED PRIVATE KEY":
            if not passphrase:
                raise Problem("it is encrypted; name the variable of its passphrase with --passphrase-env")
            data = decrypt_pkcs8(data, passphrase)
        elif block.group(1) != "PRIVATE KEY":
            raise Problem("it is a %s; the private key is needed" % block.group(1))
        return SM2Key(data)
    except (IndexError, ValueError):
        raise Problem("it is not a private key, or the passphrase does not open it")


# --- Archive files --------------------------------------------------------------------------


class Header:
    def __init__(self, f, size):
        raw = f.read(FIXED + 4)
        if raw[:8] != b"SEALGATE"[: len(raw)]:
            raise Problem("it does not begin with SEALGATE")
        if len(raw) >= 10 and raw[8:10] != b"\0\1":
            raise Problem("it has format version %d; this reader knows version 1" % int.from_bytes(raw[8:10], "big"))
        if len(raw) < FIXED + 4:
            raise Problem("the file ends within its header")
        (self.size,) = struct.unpack(">I", raw[FIXED:])
        if not FIXED + 4 + 33 <= self.size <= MAX_HEADER:
            raise Problem("the header is damaged: it claims %d bytes" % self.size)
        if self.size > size:
            raise Problem("the file ends within its header")
        self.raw = raw + f.read(self.size - len(raw))
        self.signal, self.encoding, self.compression = raw[10:13]
        self.id, self.created, self.sequence, self.previous_id, self.previous_mac, self.previous_size = struct.unpack(">16sQQ16s32sQ", raw[16:104])
        self.commitment, self.mac = raw[120:152], raw[152:184]
        self.wrapped = self.wrapped_keys(self.raw[FIXED + 4 : -32])
        if self.signal not in SIGNALS or self.encoding != 1 or self.compression != 1:
            raise Problem("the header is damaged: its signal, encoding or compression is not known")

    @staticmethod
    def wrapped_keys(b):
        keys, at = [], 1
        try:
            for _ in range(b[0]):
                kind, n = b[at], b[at + 1]
                name = b[at + 2 : at + 2 + n]
                (size,) = struct.unpack_from(">H", b, at + 2 + n)
                at += 4 + n + size
                if size > 4096 or at > len(b):
                    raise Problem("the header is damaged: a wrapped key is too long")
                keys.append(("%s:%s" % (KINDS.get(kind, "kind-%d" % kind), name.hex()), b[at - size : at]))
        except (IndexError, struct.error):
            raise Problem("the header is damaged: its list of wrapped keys is cut short")
        if at != len(b) or not keys:
            raise Problem("the header is damaged: its list of wrapped keys is empty or does not fill it")
        return keys

    def unlock(self, keys):
        """Unwraps the data key, and authenticates the header."""
        reasons = ["it is for %s; the keys given are %s" % (", ".join(k for k, _ in self.wrapped[:8]), ", ".join(k.name for k in keys))]
        for key in keys:
            wrapped = next((w for name, w in self.wrapped if name == key.name), None)  # the first one only
            if wrapped is None:
                continue
            try:
                data_key = key.unwrap(wrapped)
                if len(data_key) == 16:
                    return self.check(data_key)
                reasons.append("the data key has %d bytes" % len(data_key))
            except Problem as p:
                reasons.append("%s: %s" % (key.name, p))
        raise Problem(reasons[-1])

    def check(self, data_key):
        if not hmac.compare_digest(derive(data_key, self.id, "sealgate/v1 key commitment", 32), self.commitment):
            raise Problem("the key does not fit the commitment of the file")
        mac_key = derive(data_key, self.id, "sealgate/v1 archive header mac", 32)
        if not hmac.compare_digest(mac(mac_key, self.raw[:152]), self.mac):
            raise Problem("the header was altered: its file MAC does not fit")
        if not hmac.compare_digest(mac(mac_key, self.raw[:-32]), self.raw[-32:]):
            raise Problem("the header was altered: its list of recipients or its MAC does not fit")
        return GCM(derive(data_key, self.id, "sealgate/v1 archive encryption", 16))

    def file_name(self):
        at = datetime.fromtimestamp(self.created // 10**9, timezone.utc).strftime("%Y%m%dT%H%M%S")
        return "%s-%s.%03dZ-%s.sealed" % (SIGNALS[self.signal], at, self.created // 10**6 % 1000, self.id[:8].hex())


class File:
    """One file: its header, and a walk over its frames."""

    def __init__(self, path, keys, problem, frame):
        self.path, self.problem, self.on_frame = path, problem, frame
        self.size = os.path.getsize(path)
        self.frames, self.offsets, self.plain, self.finished = {}, [], 0, False
        with open(path, "rb") as f:
            self.f = f
            self.header = Header(f, self.size)
            self.gcm = self.header.unlock(keys)
            self.whole = self.header.size
            if os.path.basename(path) != self.header.file_name():
                problem(path, -1, "the file was renamed: its header says that it is " + self.header.file_name())
            self.walk()

    def read(self, at, size):
        self.f.seek(at)
        return self.f.read(size)

    def open_frame(self, at):
        """Returns type, index, content and the next offset of the frame at an offset."""
        head = self.read(at, 32)
        if len(head) < 32:
            raise Problem("the file ends within the head of a frame")
        magic, kind, zeros, index, tag, plain, sealed = struct.unpack(">4sB3sQ8sII", head)
        if magic != b"SGF1" or kind not in (1, 2) or zeros != bytes(3):
            raise Problem("no frame begins here")
        if not 16 <= sealed <= MAX_SEALED or plain > MAX_FRAME:
            raise Problem("the frame claims a length that no frame has")
        if at + 32 + sealed > self.size:
            raise Problem("the file ends within a frame")
        if tag != self.header.id[:8]:
            raise Problem("the frame belongs to another file")
        nonce = bytes([kind, 0, 0, 0]) + struct.pack(">Q", index)
        compressed = self.gcm.open(nonce, self.read(at + 32, sealed), head)
        return kind, index, decompress(compressed, plain), at + 32 + sealed

    def walk(self):
        at, expected = self.header.size, 0
        while at < self.size:
            try:
                kind, index, content, following = self.open_frame(at)
            except Problem as p:
                found = self.resync(at + 1)
                self.problem(self.path, at, str(p))
                if found is None:
                    return
                at = found
                continue
            self.whole = following
            if kind == 2:
                self.final(at, index, expected, content, following)
                return
            if index != expected:
                self.problem(self.path, at, "frame %d is here, and frame %d is expected" % (index, expected))
            if index not in self.frames:
                self.frames[index] = at
                self.offsets.append(at - self.header.size)
                self.plain += len(content)
                self.on_frame(self, index, at, content)
            at, expected = following, max(expected, index + 1)
        self.problem(self.path, at, "the file has no final frame: its writer was killed, or the file was cut", True)

    def resync(self, at):
        """Returns where the next head of this file may begin."""
        rest, found = self.read(at, self.size - at), -1
        while True:
            found = rest.find(b"SGF1", found + 1)
            if found < 0:
                return None
            if rest[found + 16 : found + 24] == self.header.id[:8]:
                return at + found

    def final(self, at, index, expected, content, following):
        self.finished = True
        try:
            self.compare(index, expected, read_index(content, self.size))
        except Problem as p:
            self.problem(self.path, at, str(p))
        trailer = struct.pack(">Q8s", at - self.header.size, b"SGEND001")
        got = self.read(following, 16)
        if got != trailer:
            self.problem(self.path, following, "the trailer is cut or was altered")
        elif following + 16 != self.size:
            self.problem(self.path, following + 16, "bytes follow the end of the file")
        else:
            self.whole = self.size

    def compare(self, index, expected, found):
        if index != expected or len(self.frames) != index:
            raise Problem("frames are missing before the final frame")
        if len(found["entries"]) != index or found["plain"] != self.plain:
            raise Problem("the index is not that of the frames before it")
        if [e[0] for e in found["entries"]] != self.offsets:
            raise Problem("the index has other offsets than the frames")
        self.index = found


def decompress(compressed, size):
    """Decompresses exactly one zstd frame of a known size."""
    try:
        d = zstandard.ZstdDecompressor(max_window_size=128 << 20).decompressobj()
        content = d.decompress(compressed) if zstandard.frame_content_size(compressed) in (-1, size) else None
    except zstandard.ZstdError:
        content = None
    if content is None or len(content) != size or d.unused_data or not d.eof:
        raise Problem("it is authentic but is not one zstd frame of the size in its head")
    return content


def read_index(b, room):
    at = 0

    def uint():
        nonlocal at
        n = shift = 0
        while True:
            if at >= len(b) or shift > 63:
                raise Problem("the index of the final frame is damaged")
            n |= (b[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if b[at - 1] < 0x80:
                return n & (1 << 64) - 1

    def signed():
        n = uint()
        return n >> 1 ^ -(n & 1)

    count, items, plain, first, last = (uint() for _ in range(5))
    if count > room // 48:
        raise Problem("the index has more entries than the file has room for")
    entries, offset, start = [], 0, 0
    for _ in range(count):
        offset, n = (offset + uint()) % 2**64, uint()
        start = (start + signed()) % 2**64
        entries.append((offset, n, start, (start + signed()) % 2**64))
    times = [e[2:] for e in entries if e[2] <= e[3]]
    if at != len(b) or times and (first, last) != (min(t[0] for t in times), max(t[1] for t in times)):
        raise Problem("the index of the final frame is damaged")
    return {"items": items, "plain": plain, "entries": entries}


def check_chains(files, problem):
    for signal in SIGNALS:
        chain = sorted((f for f in files if f.header.signal == signal), key=lambda f: f.header.sequence)
        for before, f in zip(chain, chain[1:]):
            if (f.header.previous_id, f.header.previous_mac) != (before.header.id, before.header.mac):
                problem(f.path, -1, "the file before it in the chain is missing, or is not %s" % os.path.basename(before.path))
            elif f.header.previous_size not in (before.whole - before.header.size, before.size - before.header.size):
                problem(before.path, -1, "it was cut or extended since the next file was begun")


# --- The command ----------------------------------------------------------------------------


def check_vectors(path):
    """Compares this reader with the published vectors."""
    v = json.load(open(path))
    x = bytes.fromhex
    for case in v["sm4_gcm"]:
        assert GCM(x(case["key"])).open(x(case["nonce"]), x(case["sealed"]), x(case["aad"])) == x(case["plaintext"]), case
    for case in v["sm3"]:
        assert sm3(case["text"].encode()).hex() == case["digest"]
    key = x(v["data_key"])
    for name, label in (("commitment", "key commitment"), ("encryption", "archive encryption"), ("mac", "archive header mac")):
        want = v["derived"]["archive_" + name]
        assert derive(key, x(v["file_id"]), "sealgate/v1 " + label, len(want) // 2).hex() == want, name
    r = v["recipients"]
    for text, name, wrapped in ((r["kek"], "sm4:" + r["kek_id"], r["kek_wrapped"]), (r["sm2_private_pem"], "sm2:" + r["sm2_id"], r["sm2_wrapped"])):
        k = read_key(text)
        assert k.name == name and k.unwrap(x(wrapped)) == key, name
    print("the vectors are as they should be")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--key", action="append", default=[], help="file with an SM2 private key in PEM, or with a symmetric key")
    p.add_argument("--passphrase-env", help="variable with the passphrase of an encrypted private key")
    p.add_argument("--vectors", help="check this reader with the published vectors, and end")
    p.add_argument("path", nargs="*", help="a sealed file, or a directory of them")
    args = p.parse_args()
    if args.vectors:
        return check_vectors(args.vectors)
    passphrase = os.environ.get(args.passphrase_env or "", "").encode()
    try:
        keys = [read_key(open(path).read(), passphrase) for path in args.key]
    except Problem as e:
        sys.exit("a key file cannot be used: %s" % e)
    found, problems = [], []

    def problem(path, at, text, truncated=False):
        problems.append(path)
        where = "" if at < 0 else " at byte %d:" % at
        print("%s%s:%s %s" % ("truncated: " if truncated else "", path, where, text), file=sys.stderr)

    def frame(f, index, at, content):
        payload = base64.b64encode(content).decode()
        print(json.dumps({"path": f.path, "signal": SIGNALS[f.header.signal], "frame": index, "offset": at, "payload": payload}))

    for path in args.path:
        inside = sorted(os.path.join(path, n) for n in os.listdir(path) if n.endswith(".sealed")) if os.path.isdir(path) else [path]
        files = []
        for name in inside:
            try:
                files.append(File(name, keys, problem, frame))
            except Problem as e:
                problem(name, -1, str(e))
        check_chains(files, problem)
        found += files
    sys.exit(2 if not found else 1 if problems else 0)


if __name__ == "__main__":
    main()
