// A member of the fleet that knows nothing of Interlock: grpc-go, go-spiffe and an OAuth library.
//
//	member serve ADDRESS                        serves EchoService, and prints who calls
//	member call ADDRESS SERVER TOKEN-URL SCOPE  calls EchoService until standard input ends, and prints what changes
//	member agent                                asks the agent for everything that it has, and prints its answers
//
// The agent is where SPIFFE_ENDPOINT_SOCKET says.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func main() {
	ctx := context.Background()
	if os.Args[1] == "agent" {
		askAgent(ctx)
		return
	}
	source, err := workloadapi.NewX509Source(ctx)
	check(err)
	defer source.Close()
	if os.Args[1] == "serve" {
		serve(source, os.Args[2])
	} else {
		call(ctx, source, target{os.Args[2], os.Args[3], os.Args[4], os.Args[5]})
	}
}

func say(format string, values ...any) { fmt.Printf(format+"\n", values...) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
