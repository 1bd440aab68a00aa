package interlock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// connection is one TLS connection of this bot, in either direction, as calls on it see it.
type connection struct {
	credentials.TLSInfo
	peer  *peer
	usage x509.ExtKeyUsage
	calls callSet // The open calls of a server's connection.
	close func()
}

func (m *Member) verify(shown []*x509.Certificate, usage x509.ExtKeyUsage, state *trustState) (*peer, *Denial) {
	peer, denial := verifyPeer(shown, state.roots, state.trustDomain, usage, time.Now())
	if denial == nil {
		denial = state.peerRevoked(peer.id, peer.leaf)
	}
	return peer, denial
}

// tlsConfig demands TLS 1.3 and a peer that proves itself by the trust of this moment, in every handshake.
func (m *Member) tlsConfig(usage x509.ExtKeyUsage, expected func(SpiffeID) bool) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // By host names, which bots do not have. VerifyConnection verifies instead.
		VerifyConnection: func(state tls.ConnectionState) error {
			peer, denial := m.verify(state.PeerCertificates, usage, m.trust.now())
			if denial != nil {
				return denial
			}
			if !expected(peer.id) {
				return deny("SERVER_IDENTITY_MISMATCH", "the server is "+peer.id.Name).with("held", peer.id.Name)
			}
			return nil
		},
	}
}

// fleetCredentials are TLS as above. They keep every connection in the roster, which ends it when its peer is revoked.
type fleetCredentials struct {
	credentials.TransportCredentials
	member *Member
	usage  x509.ExtKeyUsage

	mutex   sync.Mutex
	refusal *Denial // Why the last handshake failed, if Interlock refused it.
}

func (m *Member) clientCredentials(identity *identity, expected func(SpiffeID) bool) *fleetCredentials {
	config := m.tlsConfig(x509.ExtKeyUsageServerAuth, expected)
	config.Certificates = []tls.Certificate{identity.certificate}
	return &fleetCredentials{TransportCredentials: credentials.NewTLS(config), member: m, usage: x509.ExtKeyUsageServerAuth}
}

func (m *Member) serverCredentials() *fleetCredentials {
	config := m.tlsConfig(x509.ExtKeyUsageClientAuth, func(SpiffeID) bool { return true })
	// Asked in each handshake, so a renewed certificate is used at once.
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &m.current.Load().identity.certificate, nil
	}
	return &fleetCredentials{TransportCredentials: credentials.NewTLS(config), member: m, usage: x509.ExtKeyUsageClientAuth}
}

// ClientHandshake is called by grpc-go.
func (c *fleetCredentials) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secure, info, err := c.TransportCredentials.ClientHandshake(ctx, authority, raw)
	c.mutex.Lock()
	c.refusal, _ = errors.AsType[*Denial](err)
	c.mutex.Unlock()
	if err != nil {
		return nil, nil, err
	}
	return c.admit(secure, info)
}

// ServerHandshake is called by grpc-go.
func (c *fleetCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secure, info, err := c.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		c.member.log.Warn("connection refused", "from", raw.RemoteAddr(), "error", err)
		return nil, nil, err
	}
	return c.admit(secure, info)
}

// admit adds a connection to the roster, in which it is until it is closed.
func (c *fleetCredentials) admit(secure net.Conn, info credentials.AuthInfo) (net.Conn, credentials.AuthInfo, error) {
	tlsInfo := info.(credentials.TLSInfo)
	leaf := tlsInfo.State.PeerCertificates[0]
	id, _ := parseSpiffeID(urisOf(leaf)[0]) // Verified in the handshake.
	one := &connection{TLSInfo: tlsInfo, peer: &peer{id, leaf, thumbprintOf(leaf)}, usage: c.usage}
	listed := &listedConn{Conn: secure}
	one.close = func() { listed.Close() }
	listed.leave = c.member.roster.add(one)
	// The trust may have changed since the handshake looked at it.
	if denial := c.member.recheck(one, c.member.trust.now()); denial != nil {
		listed.Close()
		return nil, nil, denial
	}
	return listed, one, nil
}

// recheck verifies the peer of an open connection by another trust.
func (m *Member) recheck(one *connection, state *trustState) *Denial {
	_, denial := m.verify(one.State.PeerCertificates, one.usage, state)
	return denial
}

// refused gives the reason for which the last handshake failed.
func (c *fleetCredentials) refused() *Denial {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.refusal
}

// Clone is called by grpc-go. Both are the same, so that refused can be asked.
func (c *fleetCredentials) Clone() credentials.TransportCredentials { return c }

// listedConn leaves the roster when it is closed.
type listedConn struct {
	net.Conn
	leave func()
}

func (l *listedConn) Close() error {
	l.leave()
	return l.Conn.Close()
}
