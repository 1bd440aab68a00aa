// An echo of messages by grpc-go, as a client or as a server. It prints one line: its port, or what it has done.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Messages are bytes.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = bytes.Clone(data)
	return nil
}
func (raw) Name() string { return "proto" }

func main() {
	if os.Args[1] == "server" {
		serve()
		return
	}
	calls, err := strconv.Atoi(os.Args[3])
	check(err)
	call(os.Args[2], calls)
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(echo)).Serve(listener))
}

func echo(_ any, stream grpc.ServerStream) error {
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

func call(address string, calls int) {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	check(err)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range calls / 16 {
				in, out := make([]byte, 100), []byte{}
				check(connection.Invoke(context.Background(), "/echo.Echo/Unary", &in, &out))
				if len(out) != 100 {
					check(fmt.Errorf("%d bytes", len(out)))
				}
			}
		})
	}
	group.Wait()
	// One stream, with a message back for each.
	stream, err := connection.NewStream(context.Background(),
		&grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/echo.Echo/Stream")
	check(err)
	for range calls {
		in, out := make([]byte, 100), []byte{}
		check(stream.SendMsg(&in))
		check(stream.RecvMsg(&out))
	}
	check(stream.CloseSend())
	var out []byte
	if err := stream.RecvMsg(&out); err != io.EOF {
		check(fmt.Errorf("the stream has not ended: %v", err))
	}
	fmt.Println("done")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
