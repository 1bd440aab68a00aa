package interlock

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// maximumChain is the number of certificates that a peer may show: a leaf and its issuers.
const maximumChain = 9

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// peer is the verified bot at the other end of a connection.
type peer struct {
	id         SpiffeID
	leaf       *x509.Certificate
	thumbprint string
}

// verifyPeer verifies what the other end showed, the leaf first: the leaf by itself (X.509-SVID, sections 4 and 5), then a
// chain to one of the roots. usage is the side on which the other end is. TLS has proved that it holds the leaf's key.
func verifyPeer(shown []*x509.Certificate, roots []*x509.Certificate, domain string, usage x509.ExtKeyUsage, now time.Time) (*peer, *Denial) {
	if len(shown) == 0 {
		return nil, deny("NO_CERTIFICATE", "")
	}
	if len(shown) > maximumChain {
		return nil, deny("CERTIFICATE_UNTRUSTED", "the chain is too long")
	}
	leaf := shown[0]
	id, denial := checkLeaf(leaf, domain, usage, now)
	if denial != nil {
		return nil, denial
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	options.KeyUsages = []x509.ExtKeyUsage{usage}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, issuer := range shown[1:] {
		options.Intermediates.AddCert(issuer)
	}
	chains, err := leaf.Verify(options)
	if err != nil {
		return nil, deny("CERTIFICATE_UNTRUSTED", err.Error())
	}
	for _, chain := range chains {
		if denial = checkIssuers(chain[1:], domain); denial == nil {
			return &peer{id, leaf, thumbprintOf(leaf)}, nil
		}
	}
	return nil, denial
}

func checkLeaf(leaf *x509.Certificate, domain string, usage x509.ExtKeyUsage, now time.Time) (SpiffeID, *Denial) {
	switch {
	case leaf.Version != 3:
		return SpiffeID{}, deny("CERTIFICATE_MALFORMED", "")
	case !now.Before(leaf.NotAfter):
		return SpiffeID{}, deny("CERTIFICATE_EXPIRED", "")
	case now.Before(leaf.NotBefore):
		return SpiffeID{}, deny("CERTIFICATE_NOT_YET_VALID", "")
	case leaf.IsCA || leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return SpiffeID{}, deny("CERTIFICATE_IS_CA", "")
	case !slices.Contains(leaf.ExtKeyUsage, usage):
		return SpiffeID{}, deny("CERTIFICATE_WRONG_USAGE", "")
	case leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return SpiffeID{}, deny("CERTIFICATE_WRONG_USAGE", "")
	case !isStrong(leaf.PublicKey):
		return SpiffeID{}, deny("CERTIFICATE_WEAK", "")
	}
	uris := urisOf(leaf)
	if len(uris) != 1 {
		return SpiffeID{}, deny("CERTIFICATE_WITHOUT_SPIFFE_ID", "")
	}
	id, ok := parseSpiffeID(uris[0])
	if !ok {
		return SpiffeID{}, deny("CERTIFICATE_WITHOUT_SPIFFE_ID", "")
	}
	if id.TrustDomain != domain {
		return SpiffeID{}, deny("TRUST_DOMAIN_MISMATCH", "")
	}
	return id, nil
}

// checkIssuers checks the CAs of a proved chain: strong keys, and no trust domain but this one (X.509-SVID, section 3.2).
func checkIssuers(issuers []*x509.Certificate, domain string) *Denial {
	for _, issuer := range issuers {
		if !isStrong(issuer.PublicKey) {
			return deny("CERTIFICATE_WEAK", "a CA of the chain has a weak key")
		}
		for _, uri := range urisOf(issuer) {
			if strings.HasPrefix(strings.ToLower(uri), "spiffe:") && uri != "spiffe://"+domain {
				return deny("TRUST_DOMAIN_MISMATCH", "a CA of the chain is of another trust domain")
			}
		}
	}
	return nil
}

// urisOf reads the URIs of a certificate from its DER. x509.Certificate.URIs has them parsed, which changes some of them.
func urisOf(certificate *x509.Certificate) (uris []string) {
	for _, extension := range certificate.Extensions {
		if !extension.Id.Equal(subjectAltName) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(extension.Value, &names); err != nil || len(rest) > 0 {
			return nil
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == 6 {
				uris = append(uris, string(name.Bytes))
			}
		}
	}
	return uris
}

// isStrong knows the kinds of keys that are strong enough. x509 itself refuses signatures over SHA-1 and older hashes.
func isStrong(key any) bool {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521()
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2_048 && key.E >= 65_537
	case ed25519.PublicKey:
		return true
	}
	return false
}

// thumbprintOf is the thumbprint of a certificate as a token names it (RFC 8705, section 3.1).
func thumbprintOf(certificate *x509.Certificate) string { return digest(certificate.Raw) }

// digest is the SHA-256 of DER, base64url.
func digest(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
