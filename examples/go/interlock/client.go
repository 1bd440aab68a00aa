package interlock

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Client calls one service at one address. It is what the constructors of generated clients take, for example
// tankv1.NewTankServiceClient(client).
type Client struct {
	member   *Member
	manifest *Manifest
	service  *service
	address  string
	server   string

	mutex sync.Mutex
	bound *boundConn
}

// boundConn is a connection over the certificate of one session. A token is bound to a certificate, so both go together. It
// is closed when the certificate has been renewed, and its calls have ended.
type boundConn struct {
	*grpc.ClientConn
	session     *session
	credentials *fleetCredentials
	calls       int
	retired     bool
}

// Client makes a client of a service of the manifest. The server has to match the manifest's via, where the service has
// gateways and this bot is none of them, otherwise its servedBy; and server, an identity pattern, unless that is empty.
func (m *Member) Client(manifest *Manifest, service, address, server string) (*Client, error) {
	found := manifest.services[service]
	if found == nil {
		return nil, fmt.Errorf("the manifest has no service %s", service)
	}
	return &Client{member: m, manifest: manifest, service: found, address: address, server: server}, nil
}

func (c *Client) expects(id SpiffeID) bool {
	expected := c.service.expects(c.member.current.Load().identity.id.Name)
	return (len(expected) == 0 || matchesAny(expected, id.Name)) &&
		(c.server == "" || matchesIdentity(c.server, id.Name))
}

// Invoke makes a unary call; generated clients call it.
func (c *Client) Invoke(ctx context.Context, path string, request, answer any, options ...grpc.CallOption) error {
	conn, ctx, finish, err := c.begin(ctx, path)
	if err != nil {
		return err
	}
	err = conn.explain(conn.ClientConn.Invoke(ctx, path, request, answer, options...))
	finish(err)
	return err
}

// NewStream opens a stream; generated clients call it.
func (c *Client) NewStream(ctx context.Context, description *grpc.StreamDesc, path string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	conn, ctx, finish, err := c.begin(ctx, path)
	if err != nil {
		return nil, err
	}
	once := sync.OnceFunc(func() { finish(nil) })
	stream, err := conn.ClientConn.NewStream(ctx, description, path, append(options, grpc.OnFinish(func(err error) {
		c.learn(conn, err)
		once()
	}))...)
	if err != nil {
		once()
	}
	return stream, conn.explain(err)
}

// begin finds the connection for a call, and its token. finish has to be called with the call's error.
func (c *Client) begin(ctx context.Context, path string) (*boundConn, context.Context, func(error), error) {
	policy := c.manifest.policies[path]
	if policy == nil {
		return nil, nil, nil, status.Errorf(codes.Unimplemented, "the manifest has no policy for %s", path)
	}
	for {
		conn, err := c.take()
		if err != nil {
			return nil, nil, nil, err
		}
		finish := func(err error) {
			c.learn(conn, err)
			c.leave(conn)
		}
		if policy.AnyBot {
			return conn, ctx, finish, nil
		}
		text, err := c.member.token(ctx, conn.session, c.service.Name, policy.Scopes)
		if err == nil {
			return conn, metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+text), finish, nil
		}
		c.leave(conn)
		if !errors.Is(err, errRenewed) {
			return nil, nil, nil, err
		}
	}
}

// take gives the connection over the present certificate, for one call.
func (c *Client) take() (*boundConn, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	session := c.member.current.Load()
	if c.bound == nil || c.bound.session != session {
		credentials := c.member.clientCredentials(session.identity, c.expects)
		conn, err := grpc.NewClient(c.address, grpc.WithTransportCredentials(credentials))
		if err != nil {
			return nil, err
		}
		c.retire()
		c.bound = &boundConn{ClientConn: conn, session: session, credentials: credentials}
	}
	c.bound.calls++
	return c.bound, nil
}

func (c *Client) leave(conn *boundConn) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	conn.calls--
	if conn.retired && conn.calls == 0 {
		conn.Close()
	}
}

func (c *Client) retire() {
	if c.bound == nil {
		return
	}
	c.bound.retired = true
	if c.bound.calls == 0 {
		c.bound.ClientConn.Close()
	}
	c.bound = nil
}

// Close closes the connection when its calls have ended.
func (c *Client) Close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.retire()
}

// learn forgets a token that was refused. It is called with the error of each call.
func (c *Client) learn(conn *boundConn, err error) {
	if isOfToken(ReasonOf(err)) {
		conn.session.tokens.forget(c.service.Name)
	}
}

// explain gives the reason for which this side refused the server, where grpc-go says only that the handshake failed.
func (b *boundConn) explain(err error) error {
	if status.Code(err) == codes.Unavailable && ReasonOf(err) == "" {
		if refusal := b.credentials.refused(); refusal != nil {
			return refusal
		}
	}
	return err
}
