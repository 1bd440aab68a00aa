package interlock

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// The tables of attacks that the TypeScript side is tested with, as a file (src/attack-cases.ts). The answers have to be the same.
type attackCases struct {
	Now      int64 // The attacks are about this time, in milliseconds since the epoch.
	Trust    json.RawMessage
	Audience string
	Caller   []byte
	Good     string
	Narrowed []string
	Tokens   []struct {
		Row           int
		Attack        string
		Authorization *string
		Reason        string
	}
	Certificates []struct {
		Row    int
		Attack string
		Chain  [][]byte
		Reason string
	}
}

func readAttacks(t *testing.T) (*attackCases, *trustState) {
	path := os.Getenv("INTERLOCK_ATTACKS")
	if path == "" {
		t.Skip("INTERLOCK_ATTACKS names no file: node dist/attack-cases.js FILE writes one")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cases := &attackCases{}
	if err = json.Unmarshal(text, cases); err != nil {
		t.Fatal(err)
	}
	state, err := parseTrust(cases.Trust)
	if err != nil {
		t.Fatal(err)
	}
	return cases, state
}

func TestTokenAttacks(t *testing.T) {
	cases, state := readAttacks(t)
	leaf, err := x509.ParseCertificate(cases.Caller)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := parseSpiffeID(urisOf(leaf)[0])
	caller := &peer{id, leaf, thumbprintOf(leaf)}
	judge := func(authorization ...string) string {
		text, denial := bearerOf(authorization)
		if denial == nil {
			_, denial = verifyToken(text, cases.Audience, caller, state, time.UnixMilli(cases.Now))
		}
		if denial == nil {
			return ""
		}
		return denial.Reason
	}
	if got := judge(cases.Good); got != "" {
		t.Fatalf("a good token is refused: %s", got)
	}
	if got := judge(cases.Good, cases.Good); got != "TOKEN_DUPLICATED" {
		t.Errorf("two tokens: %q", got)
	}
	if got := judge(cases.Good + "\n"); got != "TOKEN_MALFORMED" {
		t.Errorf("a line end after the token: %q", got)
	}
	for _, attack := range cases.Tokens {
		values := []string{}
		if attack.Authorization != nil {
			values = append(values, *attack.Authorization)
		}
		if got := judge(values...); got != attack.Reason {
			t.Errorf("row %d: %s: %q, and TypeScript says %q", attack.Row, attack.Attack, got, attack.Reason)
		}
	}
	t.Logf("%d attacks", len(cases.Tokens))
}

// A server that does not look at requests refuses a scope that is held under a condition, also where the token says beside it that
// the scope is held for every request.
func TestNarrowedScopes(t *testing.T) {
	cases, state := readAttacks(t)
	leaf, err := x509.ParseCertificate(cases.Caller)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := parseSpiffeID(urisOf(leaf)[0])
	for i, authorization := range cases.Narrowed {
		text, _ := bearerOf([]string{authorization})
		token, denial := verifyToken(text, cases.Audience, &peer{id, leaf, thumbprintOf(leaf)}, state, time.UnixMilli(cases.Now))
		if i > 0 {
			if denial == nil || denial.Reason != "TOKEN_MALFORMED" {
				t.Errorf("token %d: %v", i, denial)
			}
			continue
		}
		if denial != nil {
			t.Fatal(denial)
		}
		call := &admitted{policy: &policy{Scopes: []string{"echo:call"}}, token: token, caller: Caller{ID: id, Scopes: token.scopes}}
		if denial = (&admission{}).authorize(call); denial == nil || denial.Reason != "ARGUMENT_NOT_ALLOWED" {
			t.Errorf("a scope under a condition: %v", denial)
		}
		call.policy.Scopes = []string{"echo:other"}
		if denial = (&admission{}).authorize(call); denial == nil || denial.Reason != "SCOPE_MISSING" {
			t.Errorf("another scope: %v", denial)
		}
	}
}

// Certificates that Go reads and TypeScript does not, though the fleet's CA has signed them: Go understands these two forms of
// a time (RFC 5280, section 4.1.2.5.1, allows one only), and only Node looks for PEM inside of DER.
var accepted = map[string]bool{
	"a time without seconds": true,
	"a time in another zone": true,
	"the CA's certificate in an extension, in PEM, which Node reads instead": true,
}

func TestCertificateAttacks(t *testing.T) {
	cases, state := readAttacks(t)
	judge := func(chain [][]byte) string {
		shown := []*x509.Certificate{}
		for _, der := range chain {
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				return "CERTIFICATE_MALFORMED" // crypto/tls refuses it in the handshake.
			}
			shown = append(shown, certificate)
		}
		if _, denial := verifyPeer(shown, state.roots, state.trustDomain, x509.ExtKeyUsageClientAuth, time.UnixMilli(cases.Now)); denial != nil {
			return denial.Reason
		}
		return ""
	}
	if got := judge([][]byte{cases.Caller}); got != "" {
		t.Fatalf("a good certificate is refused: %s", got)
	}
	for _, attack := range cases.Certificates {
		got := judge(attack.Chain)
		if (got == "") != accepted[attack.Attack] {
			t.Errorf("row %d: %s: %q, and TypeScript says %q", attack.Row, attack.Attack, got, attack.Reason)
		}
	}
	t.Logf("%d attacks", len(cases.Certificates))
}
