// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nodenetworkreceiver

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/common"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/net"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/scraper/scrapererror"

	"github.com/sealgate/sealgate/receiver/nodenetworkreceiver/internal/metadata"
)

// states are those that gopsutil tells of a TCP connection. A state without a connection is
// counted as 0.
var states = []string{
	"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING",
}

type nodeScraper struct {
	config   *Config
	settings receiver.Settings
	builder  *metadata.MetricsBuilder
}

// reading makes gopsutil read a folder below the node's root in the place of /proc.
func (s *nodeScraper) reading(ctx context.Context, proc string) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: filepath.Join(s.config.RootPath, proc)})
}

func (s *nodeScraper) start(ctx context.Context, _ component.Host) error {
	boot, err := host.BootTimeWithContext(s.reading(ctx, "proc"))
	if err != nil {
		return fmt.Errorf("`root_path` is %s: reading when the node was started: %w", s.config.RootPath, err)
	}
	start := pcommon.NewTimestampFromTime(time.Unix(int64(boot), 0))
	s.builder = metadata.NewMetricsBuilder(s.config.MetricsBuilderConfig, s.settings, metadata.WithStartTime(start))
	return nil
}

func (s *nodeScraper) scrape(ctx context.Context) (pmetric.Metrics, error) {
	ctx = s.reading(ctx, "proc/1")
	now := pcommon.NewTimestampFromTime(time.Now())
	var errs scrapererror.ScrapeErrors
	if err := s.countTraffic(ctx, now); err != nil {
		errs.AddPartial(4, fmt.Errorf("reading the interfaces of the node: %w", err))
	}
	if s.config.Metrics.SystemNetworkConnections.Enabled {
		if err := s.countConnections(ctx, now); err != nil {
			errs.AddPartial(1, fmt.Errorf("reading the TCP connections of the node: %w", err))
		}
	}
	return s.builder.Emit(), errs.Combine()
}

func (s *nodeScraper) countTraffic(ctx context.Context, now pcommon.Timestamp) error {
	interfaces, err := net.IOCountersWithContext(ctx, true)
	for _, i := range interfaces {
		const in, out = metadata.AttributeDirectionReceive, metadata.AttributeDirectionTransmit
		s.builder.RecordSystemNetworkIoDataPoint(now, int64(i.BytesRecv), i.Name, in)
		s.builder.RecordSystemNetworkIoDataPoint(now, int64(i.BytesSent), i.Name, out)
		s.builder.RecordSystemNetworkPacketsDataPoint(now, int64(i.PacketsRecv), i.Name, in)
		s.builder.RecordSystemNetworkPacketsDataPoint(now, int64(i.PacketsSent), i.Name, out)
		s.builder.RecordSystemNetworkErrorsDataPoint(now, int64(i.Errin), i.Name, in)
		s.builder.RecordSystemNetworkErrorsDataPoint(now, int64(i.Errout), i.Name, out)
		s.builder.RecordSystemNetworkDroppedDataPoint(now, int64(i.Dropin), i.Name, in)
		s.builder.RecordSystemNetworkDroppedDataPoint(now, int64(i.Dropout), i.Name, out)
	}
	return err
}

func (s *nodeScraper) countConnections(ctx context.Context, now pcommon.Timestamp) error {
	connections, err := net.ConnectionsWithoutUidsWithContext(ctx, "tcp")
	if err != nil {
		return err
	}
	counts := make(map[string]int64, len(states))
	for _, state := range states {
		counts[state] = 0
	}
	for _, c := range connections {
		counts[c.Status]++
	}
	for state, count := range counts {
		s.builder.RecordSystemNetworkConnectionsDataPoint(now, count, metadata.AttributeProtocolTCP, state)
	}
	return nil
}
