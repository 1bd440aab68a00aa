// A grpc-go server to be scanned. Arguments: the kind of its security, and a folder with ca.pem, cert.pem and key.pem.
// It prints the port that it listens on, then "count N" for each line that it reads: the handlers that have started.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/channelz/service"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/types/known/emptypb"
)

var started atomic.Int64

// The handlers of probe.v1.Target, one of each kind: they count.
var target = grpc.ServiceDesc{
	ServiceName: "probe.v1.Target",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Touch", Handler: touch}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Watch", Handler: watch, ServerStreams: true},
		{StreamName: "Upload", Handler: stream, ClientStreams: true},
		{StreamName: "Chat", Handler: stream, ServerStreams: true, ClientStreams: true},
	},
	Metadata: "probe.proto",
}

func touch(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(emptypb.Empty)
	if err := decode(request); err != nil {
		return nil, err
	}
	started.Add(1)
	return request, nil
}

func watch(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(emptypb.Empty)); err != nil {
		return err
	}
	started.Add(1)
	return nil
}

func stream(_ any, _ grpc.ServerStream) error {
	started.Add(1)
	return nil
}

func main() {
	kind, folder := os.Args[1], os.Args[2]
	server := grpc.NewServer(secured(kind, folder)...)
	server.RegisterService(&target, struct{}{})
	if kind == "insecure" {
		reflection.Register(server)
		service.RegisterChannelzServiceToServer(server)
		healthgrpc.RegisterHealthServer(server, health.NewServer())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		log.Fatal(server.Serve(listener))
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Printf("count %d\n", started.Load())
	}
}

func secured(kind, folder string) []grpc.ServerOption {
	if kind == "insecure" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots}
	switch kind {
	case "tls":
	case "mtls":
		config.ClientAuth = tls.RequireAndVerifyClientCert
	case "asks":
		config.ClientAuth = tls.RequestClientCert
	case "any":
		config.ClientAuth = tls.RequireAnyClientCert
	default:
		log.Fatalf("there is no kind %q", kind)
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(config))}
}
