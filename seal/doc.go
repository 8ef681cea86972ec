// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package seal holds the keys of sealed telemetry, and seals single fields of it.
// It knows nothing of the Collector. Package seal/archive seals whole files.
//
// # Keys
//
// Data is sealed with SM4-GCM (GB/T 32907, RFC 8998) under a data key of 128
// bits, which a [Keeper] makes anew for every period and which is never stored
// in the clear. It is wrapped for one or more recipients: SM2 public keys
// (GB/T 32918), symmetric key-encryption keys, or a program that asks an HSM or a
// KMS. What encrypts, what authenticates headers and what commits to the key are
// separate keys, derived from the data key with HKDF (RFC 5869) over SM3. Search
// tokens have a key of their own, since they must outlive every data key.
//
// # What it protects against
//
// Who reads the disk of a gateway or of a backend sees lengths, times, counts,
// what was kept in the clear, and which search tokens are equal. With SM2
// recipients a gateway holds public keys alone: who takes it reads what passes
// from then on, not what was written before the current data key.
//
// Every change of sealed data is found. It is not proof of origin: anyone who has
// a public key can make a file for it.
//
// The cryptography is that of github.com/emmansun/gmsm, which is no certified
// module, and neither is this.
//
// # Compatibility
//
// Formats are specified in docs/sealed-format.md. What version 1 has written is
// read by every later version. Constants, labels and layouts are never changed
// within a version; testdata/vectors.json breaks when they are.
package seal
