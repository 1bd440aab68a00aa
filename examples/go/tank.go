package main

import (
	"context"
	"sync"
	"time"

	tankv1 "github.com/interlock-dev/interlock/examples/go/gen/plant/tank/v1"
	"github.com/interlock-dev/interlock/examples/go/interlock"
	"google.golang.org/grpc"
)

// tank implements TankService. Its policies are in tank.proto: no handler checks anything.
type tank struct {
	tankv1.UnimplementedTankServiceServer
	mutex  sync.Mutex
	liters float64
}

func (t *tank) level(change float64) float64 {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.liters += change
	return t.liters
}

func (t *tank) Describe(ctx context.Context, _ *tankv1.DescribeRequest) (*tankv1.DescribeResponse, error) {
	return &tankv1.DescribeResponse{Contents: "water", Caller: interlock.CallerOf(ctx).ID.Name}, nil
}

func (t *tank) Read(context.Context, *tankv1.ReadRequest) (*tankv1.ReadResponse, error) {
	return &tankv1.ReadResponse{Liters: t.level(0)}, nil
}

func (t *tank) Watch(_ *tankv1.WatchRequest, stream grpc.ServerStreamingServer[tankv1.WatchResponse]) error {
	for {
		if err := stream.Send(&tankv1.WatchResponse{Liters: t.level(0)}); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (t *tank) Fill(_ context.Context, request *tankv1.FillRequest) (*tankv1.FillResponse, error) {
	return &tankv1.FillResponse{Liters: t.level(request.Liters)}, nil
}

func (t *tank) Drain(context.Context, *tankv1.DrainRequest) (*tankv1.DrainResponse, error) {
	t.level(-t.level(0))
	return &tankv1.DrainResponse{}, nil
}

func (t *tank) Measure(context.Context, *tankv1.MeasureRequest) (*tankv1.MeasureResponse, error) {
	return &tankv1.MeasureResponse{Liters: t.level(0)}, nil
}

func (t *tank) Sample(context.Context, *tankv1.SampleRequest) (*tankv1.SampleResponse, error) {
	return &tankv1.SampleResponse{}, nil
}
