// tank is a bot of a fleet: it serves TankService, or calls it.
//
//	INTERLOCK_JOIN_TOKEN=ILK1-… tank -authority localhost:7443 -name tank/1 serve 127.0.0.1:50051
//	INTERLOCK_JOIN_TOKEN=ILK1-… tank -authority localhost:7443 -name foreman/1 call read 127.0.0.1:50051 tank/1
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	tankv1 "github.com/interlock-dev/interlock/examples/go/gen/plant/tank/v1"
	"github.com/interlock-dev/interlock/examples/go/interlock"
	"google.golang.org/grpc/status"
)

//go:embed src/gen/interlock.manifest.json
var manifestText []byte

func main() {
	authority := flag.String("authority", "localhost:7443", "host:port of the authority")
	name := flag.String("name", "tank/1", "name of this bot")
	folder := flag.String("folder", "", "folder of its identity (default .interlock/bots/<name>)")
	flag.Parse()
	// Go ends a process that writes to standard error when its reader has gone. A log takes no bot down.
	signal.Ignore(syscall.SIGPIPE)
	if *folder == "" {
		*folder = filepath.Join(".interlock", "bots", *name)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	manifest, err := interlock.ParseManifest(manifestText)
	if err != nil {
		log.Fatal(err)
	}
	member, err := interlock.Open(ctx, interlock.Options{
		Folder: *folder, Authority: *authority, Name: *name, JoinToken: os.Getenv("INTERLOCK_JOIN_TOKEN"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer member.Close()
	switch flag.Arg(0) {
	case "serve":
		err = serve(ctx, member, manifest, flag.Arg(1))
	case "call":
		err = call(ctx, member, manifest, flag.Arg(1), flag.Arg(2), flag.Arg(3))
	default:
		err = fmt.Errorf("usage: tank [flags] serve <host:port> | call <method> <host:port> [<name of the server>]")
	}
	if err != nil {
		log.Print(err)
	}
}

func serve(ctx context.Context, member *interlock.Member, manifest *interlock.Manifest, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := member.NewServer(manifest)
	tankv1.RegisterTankServiceServer(server, &tank{liters: 100})
	context.AfterFunc(ctx, server.Stop)
	fmt.Printf("%s serves at %s\n", member.SpiffeID(), listener.Addr())
	return server.Serve(listener)
}

// call makes one call, and prints its answers, or the code and the reason of a refusal.
func call(ctx context.Context, member *interlock.Member, manifest *interlock.Manifest, method, address, server string) error {
	client, err := member.Client(manifest, tankv1.TankService_ServiceDesc.ServiceName, address, server)
	if err != nil {
		return err
	}
	defer client.Close()
	err = callTank(ctx, tankv1.NewTankServiceClient(client), method)
	if err != nil {
		fmt.Println(status.Code(err), interlock.ReasonOf(err))
	}
	return nil
}

func callTank(ctx context.Context, tank tankv1.TankServiceClient, method string) error {
	switch method {
	case "describe":
		answer, err := tank.Describe(ctx, &tankv1.DescribeRequest{})
		return show(err, answer.GetContents(), answer.GetCaller())
	case "read":
		answer, err := tank.Read(ctx, &tankv1.ReadRequest{})
		return show(err, answer.GetLiters())
	case "fill":
		answer, err := tank.Fill(ctx, &tankv1.FillRequest{Liters: 5})
		return show(err, answer.GetLiters())
	case "drain":
		_, err := tank.Drain(ctx, &tankv1.DrainRequest{})
		return show(err, "drained")
	case "watch":
		levels, err := tank.Watch(ctx, &tankv1.WatchRequest{})
		for err == nil {
			var level *tankv1.WatchResponse
			level, err = levels.Recv()
			err = show(err, level.GetLiters())
		}
		return err
	}
	return fmt.Errorf("there is no method %q", method)
}

func show(err error, answer ...any) error {
	if err == nil {
		fmt.Println(answer...)
	}
	return err
}
