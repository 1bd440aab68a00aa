package main

import (
	"context"
	"net"

	"github.com/spiffe/go-spiffe/v2/spiffegrpc/grpccredentials"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
)

// serve serves EchoService to every member of the trust domain. The source gives each handshake the newest certificate.
func serve(source *workloadapi.X509Source, address string) {
	svid, err := source.GetX509SVID()
	check(err)
	members := tlsconfig.AuthorizeMemberOf(svid.ID.TrustDomain())
	server := grpc.NewServer(grpc.Creds(grpccredentials.MTLSServerCredentials(source, source, members)))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.EchoService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Open",
			Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				message := new(errdetails.ErrorInfo)
				if err := decode(message); err != nil {
					return nil, err
				}
				caller, _ := grpccredentials.PeerIDFromContext(ctx)
				message.Domain = caller.String()
				return message, nil
			},
		}},
	}, struct{}{})
	listener, err := net.Listen("tcp", address)
	check(err)
	say("%s serves at %s", svid.ID, listener.Addr())
	check(server.Serve(listener))
}
