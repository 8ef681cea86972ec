#!/bin/sh
# Copyright The Sealgate Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds route.wasm and its digests, or says what to install and ends with 3.
set -eu
cd "$(dirname "$0")"
if ! command -v clang >/dev/null || ! command -v wasm-ld >/dev/null; then
	echo 'install clang and lld, as the packages of Debian are called'
	exit 3
fi
# The stack comes first, so that one that overflows traps and overwrites nothing.
clang --target=wasm32 -Oz -mbulk-memory -std=c11 -Wall -Wextra -Werror -nostdlib \
	-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=16384 -Wl,--strip-all -o route.wasm route.c
chmod 644 route.wasm
sha256sum build.sh route.c route.wasm >SHA256SUMS
