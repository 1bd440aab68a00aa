package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interlock-dev/interlock/bench/src/go/gen/benchv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// load is `Load` in bench/src/load.ts.
type load struct {
	Method   string `json:"method"`
	Calls    int64  `json:"calls"`
	InFlight int    `json:"inFlight"`
	Messages uint32 `json:"messages"`
	Bytes    int    `json:"bytes"`
}

// loadTimes is `LoadTimes` in bench/src/load.ts.
type loadTimes struct {
	Seconds float64 `json:"seconds"`
	// Of a whole call, in microseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

type client struct {
	echo benchv1.EchoServiceClient
}

func connect(pair keyPair, address string) (*client, error) {
	config, err := pair.tlsConfig()
	if err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	return &client{benchv1.NewEchoServiceClient(connection)}, nil
}

// run makes all calls of the load, and checks that each brought back what it should.
func (c *client) run(l load) (*loadTimes, error) {
	call := c.call(l)
	latencies := make([]float64, l.Calls)
	began := time.Now()
	var next atomic.Int64
	var workers sync.WaitGroup
	failures := make(chan error, l.InFlight)
	for range l.InFlight {
		workers.Go(func() {
			for index := next.Add(1) - 1; index < l.Calls; index = next.Add(1) - 1 {
				from := time.Now()
				if err := call(); err != nil {
					failures <- err
					return
				}
				latencies[index] = float64(time.Since(from).Nanoseconds()) / 1000
			}
		})
	}
	workers.Wait()
	if len(failures) > 0 {
		return nil, <-failures
	}
	seconds := time.Since(began).Seconds()
	slices.Sort(latencies)
	return &loadTimes{Seconds: seconds, P50: quantile(latencies, 0.5), P99: quantile(latencies, 0.99)}, nil
}

func (c *client) call(l load) func() error {
	payload := bytes.Repeat([]byte("x"), l.Bytes)
	if l.Method == "echo" {
		return func() error {
			// The deadline of every variant.
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			response, err := c.echo.Echo(ctx, &benchv1.EchoRequest{Payload: payload})
			if err == nil && int(response.Received) != l.Bytes {
				err = fmt.Errorf("%d bytes arrived of %d", response.Received, l.Bytes)
			}
			return err
		}
	}
	return func() error {
		stream, err := c.echo.Repeat(context.Background(), &benchv1.RepeatRequest{Count: l.Messages, Payload: payload})
		if err != nil {
			return err
		}
		var received uint32
		for {
			if _, err := stream.Recv(); err == io.EOF {
				break
			} else if err != nil {
				return err
			}
			received++
		}
		if received != l.Messages {
			return fmt.Errorf("%d messages arrived of %d", received, l.Messages)
		}
		return nil
	}
}

// quantile is the value below which the share q of the sorted values lies, interpolated between two neighbors.
func quantile(sorted []float64, q float64) float64 {
	position := float64(len(sorted)-1) * q
	below, above := sorted[int(math.Floor(position))], sorted[int(math.Ceil(position))]
	return below + (above-below)*(position-math.Floor(position))
}
