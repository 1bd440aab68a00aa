package interlock

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// identity is a private key with its certificates. It never changes: a renewal makes another one.
type identity struct {
	id          SpiffeID
	certificate tls.Certificate
}

func newIdentity(key crypto.PrivateKey, chain [][]byte) (*identity, error) {
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok || !signer.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("the private key is not the certificate's")
	}
	uris := urisOf(leaf)
	if len(uris) != 1 {
		return nil, errors.New("the certificate has no SPIFFE ID")
	}
	id, ok := parseSpiffeID(uris[0])
	if !ok {
		return nil, fmt.Errorf("%q is no SPIFFE ID", uris[0])
	}
	return &identity{id, tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}}, nil
}

// requestCertificate makes a key and a certificate request (RFC 2986) whose only name is the SPIFFE ID.
func requestCertificate(id SpiffeID) (key *ecdsa.PrivateKey, csr []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	uri, err := url.Parse(id.String())
	if err != nil {
		return nil, nil, err
	}
	csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{uri}}, key)
	return key, csr, err
}

// loadIdentity reads identity.pem: the private key (PKCS #8), then the certificates, the leaf first.
func loadIdentity(folder string) (*identity, error) {
	text, err := os.ReadFile(filepath.Join(folder, "identity.pem"))
	if err != nil {
		return nil, err
	}
	var key crypto.PrivateKey
	var chain [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			if key, err = x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
				return nil, err
			}
		case "CERTIFICATE":
			chain = append(chain, block.Bytes)
		}
	}
	return newIdentity(key, chain)
}

// save writes identity.pem: one file, so that key and certificates always belong together.
func (i *identity) save(folder string) error {
	key, err := x509.MarshalPKCS8PrivateKey(i.certificate.PrivateKey)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return writePrivateFile(filepath.Join(folder, "identity.pem"), append(text, toPem(i.certificate.Certificate)...))
}

func toPem(certificates [][]byte) (text []byte) {
	for _, der := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

// writePrivateFile replaces a file as a whole, and has it on the disk before it returns. Mode 0600.
func writePrivateFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
