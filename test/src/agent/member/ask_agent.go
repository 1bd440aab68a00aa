package main

import (
	"context"
	"os"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
)

// askAgent calls each method of the Workload API once, and FetchX509SVID once more without the security header; then it
// follows the identity until it is withheld.
func askAgent(ctx context.Context) {
	client, err := workloadapi.New(ctx)
	check(err)
	defer client.Close()
	x509, err := client.FetchX509Context(ctx)
	check(err)
	svid := x509.DefaultSVID()
	say("svid %s of %d, chain of %d", svid.ID, len(x509.SVIDs), len(svid.Certificates))
	bundles, err := client.FetchX509Bundles(ctx)
	check(err)
	for _, bundle := range bundles.Bundles() {
		say("bundle %s of %d", bundle.TrustDomain(), len(bundle.X509Authorities()))
	}
	_, err = client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "test.EchoService"})
	say("jwt svid %s", status.Code(err))
	_, err = client.FetchJWTBundles(ctx)
	say("jwt bundles %s", status.Code(err))
	_, err = client.ValidateJWTSVID(ctx, "a.b.c", "test.EchoService")
	say("validate %s: %s", status.Code(err), status.Convert(err).Message())

	conn, err := grpc.NewClient(os.Getenv("SPIFFE_ENDPOINT_SOCKET"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	stream, err := workload.NewSpiffeWorkloadAPIClient(conn).FetchX509SVID(ctx, &workload.X509SVIDRequest{})
	check(err)
	_, err = stream.Recv()
	say("without the header %s", status.Code(err))
	err = client.WatchX509Context(ctx, watcher{})
	say("watch ended: %v", err)
}

type watcher struct{}

func (watcher) OnX509ContextUpdate(now *workloadapi.X509Context) {
	say("watched %s", now.DefaultSVID().Certificates[0].SerialNumber.Text(16))
}

func (watcher) OnX509ContextWatchError(err error) {
	say("watch %s: %s", status.Code(err), status.Convert(err).Message())
}
