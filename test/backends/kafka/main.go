// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command kafka is a Kafka broker for tests: franz-go's in-process broker in a
// process of its own, so that it outlives the clients that a test kills. It
// listens on a free port of the loopback interface and prints host:port.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

func main() {
	topics := flag.String("topics", "otlp_spans,otlp_logs,otlp_metrics", "topics to create, separated by commas")
	partitions := flag.Int("partitions", 6, "partitions of each topic")
	data := flag.String("data", "", "folder that messages are written to; none: they are kept in memory")
	user := flag.String("user", "", "NAME:PASSWORD that clients have to have, by SCRAM-SHA-512; none: anybody may")
	flag.Parse()

	options := []kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(int32(*partitions), strings.Split(*topics, ",")...)}
	if *data != "" {
		options = append(options, kfake.DataDir(*data))
	}
	if name, password, ok := strings.Cut(*user, ":"); ok {
		options = append(options, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", name, password))
	}
	broker, err := kfake.NewCluster(options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
	defer broker.Close()
	fmt.Println(broker.ListenAddrs()[0])

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
}
