// The interoperability tests of grpc-go, over mutual TLS and with tokens. The cases and the server are those of its package interop.
//
//	interop server FOLDER               serves, and prints its port
//	interop client FOLDER ADDRESS CASE  makes the calls of a case, and exits with 0 when all was as it should be
//
// FOLDER holds ca.pem, cert.pem and key.pem, and for a client its token.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	if os.Args[1] == "server" {
		serve(os.Args[2])
		return
	}
	call(os.Args[2], os.Args[3], os.Args[4])
}

func serve(folder string) {
	certificate, roots := identity(folder)
	config := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
	}
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(config)),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if err := shows(ctx); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if err := shows(stream.Context()); err != nil {
				return err
			}
			return handler(service, stream)
		}),
	)
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(server.Serve(listener))
}

// Whether a call shows a token. Verifying it is the part of examples/go.
func shows(ctx context.Context) error {
	shown := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(shown) == 1 && strings.HasPrefix(shown[0], "Bearer ey") {
		return nil
	}
	return status.Error(codes.Unauthenticated, "no token")
}

// A token for each call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}
func (bearer) RequireTransportSecurity() bool { return true }

func call(folder, address, name string) {
	certificate, roots := identity(folder)
	token, err := os.ReadFile(filepath.Join(folder, "token"))
	check(err)
	config := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{certificate},
		// Names of this fleet are SPIFFE IDs; the chain is verified here.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, above := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(above)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		},
	}
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithPerRPCCredentials(bearer(token)))
	check(err)
	ctx := context.Background()
	tests := testgrpc.NewTestServiceClient(connection)
	switch name {
	case "empty_unary":
		interop.DoEmptyUnaryCall(ctx, tests)
	case "large_unary":
		interop.DoLargeUnaryCall(ctx, tests)
	case "client_streaming":
		interop.DoClientStreaming(ctx, tests)
	case "server_streaming":
		interop.DoServerStreaming(ctx, tests)
	case "ping_pong":
		interop.DoPingPong(ctx, tests)
	case "empty_stream":
		interop.DoEmptyStream(ctx, tests)
	case "cancel_after_begin":
		interop.DoCancelAfterBegin(ctx, tests)
	case "cancel_after_first_response":
		interop.DoCancelAfterFirstResponse(ctx, tests)
	case "timeout_on_sleeping_server":
		interop.DoTimeoutOnSleepingServer(ctx, tests)
	case "status_code_and_message":
		interop.DoStatusCodeAndMessage(ctx, tests)
	case "special_status_message":
		interop.DoSpecialStatusMessage(ctx, tests)
	case "unimplemented_method":
		interop.DoUnimplementedMethod(ctx, connection)
	case "unimplemented_service":
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(connection))
	case "custom_metadata":
		interop.DoCustomMetadata(ctx, tests)
	default:
		check(fmt.Errorf("there is no case %q", name))
	}
	fmt.Println("done")
}

func identity(folder string) (tls.Certificate, *x509.CertPool) {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
	check(err)
	pem, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return certificate, roots
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
