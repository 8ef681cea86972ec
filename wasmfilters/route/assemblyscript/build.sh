#!/bin/sh
# Copyright The Sealgate Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds route.wasm and its digests, or says what to install and ends with 3. The
# compiler comes from npm, the first time, to build/ at the root of the repository.
set -eu
cd "$(dirname "$0")"
if ! command -v npm >/dev/null; then
	echo 'install Node.js and npm, which fetch the compiler'
	exit 3
fi
version=0.28.20
tools=../../../build/assemblyscript-$version
[ -x "$tools/node_modules/.bin/asc" ] ||
	npm install --prefix "$tools" --no-audit --no-fund --loglevel=error "assemblyscript@$version"
# Without `abort`, which would be an import, what fails traps.
"$tools/node_modules/.bin/asc" route.ts -o route.wasm -Oz --noAssert --runtime stub --use abort=
sha256sum build.sh route.ts route.wasm >SHA256SUMS
