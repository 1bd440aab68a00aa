package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// settings are those of `TlsSettings` in bench/src/variants/grpc-js.ts.
type settings struct {
	Server keyPair `json:"server"`
	Client keyPair `json:"client"`
}

// keyPair is the certificate and key of one side, and the CA that it trusts; all PEM.
type keyPair struct {
	CA          string `json:"ca"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

// tlsConfig authenticates both sides.
func (k keyPair) tlsConfig() (*tls.Config, error) {
	pair, err := tls.X509KeyPair([]byte(k.Certificate), []byte(k.Key))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(k.CA)) {
		return nil, errors.New("the CA is not a certificate")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		RootCAs:      roots,
		ClientCAs:    roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	}, nil
}
