package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffegrpc/grpccredentials"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/oauth"
	"google.golang.org/grpc/status"
)

// target is a service at a server of the fleet, with the scope that its methods need.
type target struct{ address, server, tokenURL, scope string }

const service = "test.EchoService"

// dial connects with one certificate. A token is bound to a certificate, and so are the connections on which it is shown: a
// renewed certificate takes a new connection and a new token.
func dial(ctx context.Context, source *workloadapi.X509Source, svid *x509svid.SVID, to target) (*grpc.ClientConn, error) {
	bundle, err := source.GetX509BundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, root := range bundle.X509Authorities() {
		roots.AddCert(root)
	}
	chain := make([][]byte, len(svid.Certificates))
	for i, certificate := range svid.Certificates {
		chain[i] = certificate.Raw
	}
	own := tls.Certificate{Certificate: chain, PrivateKey: svid.PrivateKey}
	https := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13},
	}}
	config := clientcredentials.Config{
		ClientID:       svid.ID.String(),
		TokenURL:       to.tokenURL,
		Scopes:         []string{to.scope},
		EndpointParams: url.Values{"audience": {service}},
		AuthStyle:      oauth2.AuthStyleInParams,
	}
	tokens := config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, https))
	server := tlsconfig.AuthorizeID(spiffeid.RequireFromString(to.server))
	return grpc.NewClient(to.address,
		grpc.WithTransportCredentials(grpccredentials.MTLSClientCredentials(svid, source, server)),
		grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: tokens}))
}

// call calls all the time, with the newest certificate, until standard input ends. It opens a stream with each certificate.
func call(ctx context.Context, source *workloadapi.X509Source, to target) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var conn *grpc.ClientConn
	var serial string
	var calls, failures int
	var told string
	for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		svid, err := source.GetX509SVID()
		check(err)
		if now := svid.Certificates[0].SerialNumber.Text(16); now != serial {
			if conn != nil {
				conn.Close()
			}
			serial = now
			conn, err = dial(ctx, source, svid, to)
			check(err)
			say("certificate %s", serial)
			go follow(ctx, source, svid, to)
		}
		answer := new(errdetails.ErrorInfo)
		err = conn.Invoke(ctx, "/"+service+"/Echo", &errdetails.ErrorInfo{Reason: "hello"}, answer)
		if ctx.Err() != nil {
			break
		}
		calls++
		if err != nil {
			failures++
		}
		if now := outcome(err); now != told {
			told = now
			say("call %s", told)
		}
	}
	say("%d calls, %d failed", calls, failures)
}

// follow keeps one stream open, on a connection of its own.
func follow(ctx context.Context, source *workloadapi.X509Source, svid *x509svid.SVID, to target) {
	conn, err := dial(ctx, source, svid, to)
	check(err)
	defer conn.Close()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/"+service+"/Chat")
	if err != nil {
		say("stream %s", outcome(err))
		return
	}
	stream.SendMsg(&errdetails.ErrorInfo{Reason: "first"}) // What goes wrong is told by the answer.
	for message := new(errdetails.ErrorInfo); ; {
		if err := stream.RecvMsg(message); err != nil {
			if ctx.Err() == nil {
				say("stream %s", outcome(err))
			}
			return
		}
		say("stream open")
	}
}

// outcome gives the code of a call, with the reason that Interlock gives for a refusal.
func outcome(err error) string {
	text := status.Code(err).String()
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			text += " " + info.Reason
		}
	}
	return text
}
