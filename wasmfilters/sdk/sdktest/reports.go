// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"encoding/binary"
	"fmt"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

const reportSize = 48

func (d *wasmDriver) Flush(now uint64, last bool) ([]sdk.Report, error) {
	var flag uint64
	if last {
		flag = 1
	}
	packed, err := d.call("sealgate_flush", now, flag)
	if err != nil {
		return nil, err
	}
	b, err := d.result("sealgate_flush", packed)
	if err != nil {
		return nil, err
	}
	if len(b)%reportSize != 0 {
		return nil, fmt.Errorf("sealgate_flush: %d bytes are no multiple of %d", len(b), reportSize)
	}
	var out []sdk.Report
	for ; len(b) > 0; b = b[reportSize:] {
		r, err := d.report(b)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (d *wasmDriver) report(b []byte) (sdk.Report, error) {
	word := binary.LittleEndian.Uint64
	r := sdk.Report{
		Key: word(b), Count: word(b[8:]), First: word(b[16:]), Last: word(b[24:]),
		Rule: binary.LittleEndian.Uint16(b[32:]), Kind: sdk.KeyKind(b[34]), Severity: b[35],
	}
	address, size := binary.LittleEndian.Uint32(b[36:]), binary.LittleEndian.Uint32(b[40:])
	if binary.LittleEndian.Uint32(b[44:]) != 0 {
		return r, fmt.Errorf("sealgate_flush: the last four bytes of a report must be zero")
	}
	if address == 0 {
		return r, nil
	}
	text, ok := d.instance.Memory().Read(address, size)
	if !ok || size > sdk.MaxReportText {
		return r, fmt.Errorf("sealgate_flush: the text of a report, address %d and %d bytes, is too long or not in memory", address, size)
	}
	r.Text = string(text)
	return r, nil
}
