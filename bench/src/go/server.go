package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/interlock-dev/interlock/bench/src/go/gen/benchv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

type echoService struct {
	benchv1.UnimplementedEchoServiceServer
}

func (echoService) Echo(_ context.Context, request *benchv1.EchoRequest) (*benchv1.EchoResponse, error) {
	return &benchv1.EchoResponse{Received: uint32(len(request.Payload))}, nil
}

func (echoService) Repeat(request *benchv1.RepeatRequest, stream grpc.ServerStreamingServer[benchv1.RepeatResponse]) error {
	for index := range request.Count {
		if err := stream.Send(&benchv1.RepeatResponse{Index: index, Payload: request.Payload}); err != nil {
			return err
		}
	}
	return nil
}

// serve starts to serve EchoService on a free port, and returns its address.
func serve(pair keyPair) (string, error) {
	config, err := pair.tlsConfig()
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	benchv1.RegisterEchoServiceServer(server, echoService{})
	go func() { log.Fatal(server.Serve(listener)) }()
	return fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port), nil
}
