package interlock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// authorityName is the name of every fleet's authority.
const authorityName = "interlock/authority"

// joinToken is a join token: ILK1- and base64url of a checksum (4 bytes), the SHA-256 of the fleet's root certificate (32),
// a secret (32), and `<trust domain>/<name or pattern>`.
type joinToken struct {
	trustDomain, name string
	rootDigest        []byte
}

func parseJoinToken(text string) (*joinToken, error) {
	incomplete := deny("JOIN_TOKEN_INVALID", "it is not complete; paste the whole line, from ILK1- on")
	encoded, found := strings.CutPrefix(strings.TrimSpace(text), "ILK1-")
	all, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || len(all) < 4+32+32+3 {
		return nil, incomplete
	}
	body := all[4:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:4], all[:4]) {
		return nil, incomplete
	}
	domain, name, found := strings.Cut(string(body[64:]), "/")
	if !found || !trustDomainForm.MatchString(domain) {
		return nil, incomplete
	}
	return &joinToken{domain, name, body[:32]}, nil
}

// join exchanges a join token for an identity and the trust. The authority proves itself before the token is sent: it has to
// show a chain to the root that the token pins, with the authority's name.
func join(ctx context.Context, authority, name, text string) (*identity, *trust, error) {
	pinned, err := parseJoinToken(text)
	if err != nil {
		return nil, nil, err
	}
	id := SpiffeID{pinned.trustDomain, name}
	if !isBotName(name) || !matchesIdentity(pinned.name, name) {
		return nil, nil, deny("JOIN_TOKEN_NAME_MISMATCH", fmt.Sprintf("it is for %s, and this is %q", pinned.name, name))
	}
	key, csr, err := requestCertificate(id)
	if err != nil {
		return nil, nil, err
	}
	var refusal error
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, // VerifyConnection verifies instead.
		VerifyConnection: func(state tls.ConnectionState) error {
			refusal = pinned.verify(state.PeerCertificates)
			return refusal
		},
	}
	connection, err := grpc.NewClient(authority, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, nil, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request := &authorityv1.JoinRequest{JoinToken: strings.TrimSpace(text), Csr: csr, Name: name}
	answer, err := authorityv1.NewEnrollmentServiceClient(connection).Join(ctx, request)
	if refusal != nil {
		return nil, nil, refusal
	}
	if err != nil {
		return nil, nil, err
	}
	identity, err := newIdentity(key, answer.GetCertificate().GetChain())
	if err != nil {
		return nil, nil, err
	}
	trust := &trust{}
	if _, err = trust.take(answer.GetTrust()); err != nil {
		return nil, nil, err
	}
	if identity.id != id {
		return nil, nil, fmt.Errorf("the authority answered with the certificate of %s", identity.id)
	}
	return identity, trust, nil
}

func (j *joinToken) verify(shown []*x509.Certificate) error {
	for _, root := range shown {
		if sum := sha256.Sum256(root.Raw); !bytes.Equal(sum[:], j.rootDigest) {
			continue
		}
		peer, denial := verifyPeer(shown, []*x509.Certificate{root}, j.trustDomain, x509.ExtKeyUsageServerAuth, time.Now())
		if denial != nil {
			return denial
		}
		if peer.id.Name != authorityName {
			return deny("SERVER_IDENTITY_MISMATCH", "")
		}
		return nil
	}
	return deny("CA_PIN_MISMATCH", "another server may answer at this address; do not join, ask for a new token")
}
