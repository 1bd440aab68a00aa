// A crane: serves CraneService with plain grpc-go, and weighs each load with ScaleService before it lifts it.
//
//	dist/crane dist/run/crane.sock unix:dist/run/fleet.sock
//
// The second address is that of its sidecar, which gives its calls an identity and a token.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	cranev1 "harbor.example/crane/gen/harbor/crane/v1"
	scalev1 "harbor.example/crane/gen/harbor/scale/v1"
)

const heaviest = 1000 // Kilograms.

type crane struct {
	cranev1.UnimplementedCraneServiceServer
	scale scalev1.ScaleServiceClient
}

func (c *crane) Lift(ctx context.Context, request *cranev1.LiftRequest) (*cranev1.LiftResponse, error) {
	weight, err := c.scale.Weigh(ctx, &scalev1.WeighRequest{Load: request.Load})
	if err != nil {
		return nil, err
	}
	if weight.Kilograms > heaviest {
		return nil, status.Errorf(codes.FailedPrecondition, "the %s has %g kg, and the crane lifts %d", request.Load, weight.Kilograms, heaviest)
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	// The sidecar lets nobody else write this name.
	caller := incoming.Get("interlock-caller")[0]
	fmt.Printf("%s lifts the %s\n", caller, request.Load)
	return &cranev1.LiftResponse{Kilograms: weight.Kilograms, AskedBy: caller}, nil
}

func main() {
	path, sidecar := os.Args[1], os.Args[2]
	connection, err := grpc.NewClient(sidecar, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	os.Remove(path) // What a crane that was killed has left.
	listener, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	cranev1.RegisterCraneServiceServer(server, &crane{scale: scalev1.NewScaleServiceClient(connection)})
	fmt.Printf("the crane serves at %s\n", path)
	log.Fatal(server.Serve(listener))
}
