// A program that speaks plain gRPC and knows nothing of Interlock: it serves EchoService, or calls it.
//
//	echo-go serve ADDRESS    prints a line of JSON for each call that begins, and for each that ends
//	echo-go call ADDRESS     reads calls as lines of JSON from standard input, and prints what becomes of each
//
// Messages are bytes, in hex: no stubs are needed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw is a codec whose messages are bytes.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(content []byte, message any) error {
	*message.(*[]byte) = bytes.Clone(content)
	return nil
}
func (raw) Name() string { return "proto" }

var printing sync.Mutex

func say(what map[string]any) {
	printing.Lock()
	defer printing.Unlock()
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

func pairs(md metadata.MD) [][2]string {
	list := [][2]string{}
	for name, values := range md {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				value = hex.EncodeToString([]byte(value))
			}
			list = append(list, [2]string{name, value})
		}
	}
	return list
}

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "call":
		call(os.Args[2])
	}
}

func serve(address string) {
	network := "tcp"
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		network, address = "unix", strings.TrimPrefix(path, "//")
		os.Remove(address)
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(handle))
	say(map[string]any{"serving": address})
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}

func handle(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	name := path[strings.LastIndex(path, "/")+1:]
	md, _ := metadata.FromIncomingContext(stream.Context())
	say(map[string]any{"began": name, "metadata": pairs(md)})
	defer say(map[string]any{"ended": name})
	stream.SetHeader(metadata.Pairs("program", "echo-go"))
	stream.SetTrailer(metadata.Pairs("left", "1", "left-bin", "\x00\xff"))
	receive := func() (message []byte, err error) { err = stream.RecvMsg(&message); return }
	switch name {
	case "Join":
		var all []byte
		for {
			message, err := receive()
			if err == io.EOF {
				return stream.SendMsg(&all)
			}
			if err != nil {
				return err
			}
			all = append(all, message...)
		}
	case "Chat":
		for {
			message, err := receive()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := stream.SendMsg(&message); err != nil {
				return err
			}
		}
	}
	message, err := receive()
	if err != nil {
		return err
	}
	if bytes.HasSuffix(message, []byte("fail")) {
		return status.Error(codes.AlreadyExists, "said the program")
	}
	if name != "Count" {
		return stream.SendMsg(&message)
	}
	if bytes.HasSuffix(message, []byte("wait")) {
		stream.SendMsg(&message)
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	for range 100 {
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
	return nil
}

type order struct {
	Id       int
	Kind     string
	Path     string
	Messages []string
	Metadata [][2]string
	Timeout  float64
}

func call(address string) {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		one := order{Messages: []string{""}, Timeout: 20}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		go makeCall(connection, one)
	}
}

func makeCall(connection *grpc.ClientConn, one order) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(one.Timeout*float64(time.Second)))
	defer cancel()
	for _, pair := range one.Metadata {
		ctx = metadata.AppendToOutgoingContext(ctx, pair[0], pair[1])
	}
	got := []string{}
	trailers, err := exchange(ctx, connection, one, func(message []byte) {
		got = append(got, hex.EncodeToString(message))
		if len(got) == 1 && (one.Kind == "serverStreaming" || one.Kind == "bidiStreaming") {
			say(map[string]any{"id": one.Id, "first": got[0]})
		}
	})
	if err == nil {
		say(map[string]any{"id": one.Id, "code": "OK", "messages": got, "trailers": pairs(trailers)})
		return
	}
	said := status.Convert(err)
	say(map[string]any{"id": one.Id, "code": nameOf(said.Code()), "details": said.Message(), "messages": got})
}

func exchange(ctx context.Context, connection *grpc.ClientConn, one order, take func([]byte)) (metadata.MD, error) {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, one.Path)
	if err != nil {
		return nil, err
	}
	for _, text := range one.Messages {
		message, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		if stream.SendMsg(&message) != nil {
			break // What is wrong comes with the answer.
		}
	}
	stream.CloseSend()
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			return stream.Trailer(), nil
		}
		if err != nil {
			return nil, err
		}
		take(message)
	}
}

// nameOf writes a code as Python and TypeScript do: NotFound is NOT_FOUND.
func nameOf(code codes.Code) string {
	var name strings.Builder
	for i, letter := range code.String() {
		if i > 0 && letter >= 'A' && letter <= 'Z' && code != codes.OK {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}
