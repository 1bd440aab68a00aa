package interlock

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
)

// trustState is what a bot trusts at one moment. It never changes: an update makes another one.
type trustState struct {
	version     uint64
	trustDomain string
	issuers     []string // The `iss` of tokens: the present one first, then the former ones.
	roots       []*x509.Certificate
	activeCA    string // SHA-256 of the root below which certificates are signed now, base64url; empty if not known.
	keys        map[string][]*ecdsa.PublicKey
	revocations map[revocation]bool
	jwks        string // The keys as they came, for the disk.
	cutOffs     []*authorityv1.CutOff
	retired     []string // The methods that servers refuse: package.Service/Method, or package.Service/* for all of a service.
	staleAfter  time.Duration
}

type revocation struct{ kind, subject string }

const maximumRetired = 1_000

// methodRetired says whether the fleet has retired the method with this path, /package.Service/Method.
func (s *trustState) methodRetired(path string) bool {
	name := path[1:]
	return slices.Contains(s.retired, name) || slices.Contains(s.retired, name[:strings.LastIndex(name, "/")+1]+"*")
}

// applyUpdate makes the trust after an update. An incremental one must be for the version that is held.
func applyUpdate(held *trustState, update *authorityv1.WatchTrustResponse) (*trustState, error) {
	incremental := update.AppliesTo != 0
	switch {
	case incremental && (held == nil || update.AppliesTo != held.version):
		return nil, errors.New("the trust update is for another version than the one held")
	case held != nil && update.TrustDomain != held.trustDomain:
		return nil, fmt.Errorf("the trust update is for %q", update.TrustDomain)
	case !trustDomainForm.MatchString(update.TrustDomain) || update.Issuer == "" || update.StaleAfterSeconds == 0 || len(update.CaCertificates) == 0:
		return nil, errors.New("the trust update lacks a trust domain, an issuer, a bound, or a CA certificate")
	}
	state := &trustState{
		version: update.ResultsIn, trustDomain: update.TrustDomain, activeCA: update.ActiveCa, cutOffs: update.CutOffs, jwks: update.Jwks,
		issuers:    append([]string{update.Issuer}, update.FormerIssuers...),
		staleAfter: time.Duration(update.StaleAfterSeconds) * time.Second, revocations: map[revocation]bool{},
	}
	for _, der := range update.CaCertificates {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("a CA certificate of the trust update cannot be read: %w", err)
		}
		state.roots = append(state.roots, root)
	}
	var err error
	if state.keys, err = parseKeys(update.Jwks); err != nil {
		return nil, err
	}
	if incremental {
		maps.Copy(state.revocations, held.revocations)
	}
	if incremental {
		state.retired = held.retired
	}
	if update.Retired != nil {
		state.retired = update.Retired.Methods[:min(len(update.Retired.Methods), maximumRetired)]
	}
	for _, ended := range update.Unrevoked {
		delete(state.revocations, keyOf(ended))
	}
	for _, revoked := range update.Revocations {
		state.revocations[keyOf(revoked)] = true
	}
	return state, nil
}

func keyOf(r *authorityv1.Revocation) revocation {
	switch subject := r.Subject.(type) {
	case *authorityv1.Revocation_Identity:
		return revocation{"identity", subject.Identity}
	case *authorityv1.Revocation_Certificate:
		return revocation{"certificate", subject.Certificate}
	case *authorityv1.Revocation_Token:
		return revocation{"token", subject.Token}
	case *authorityv1.Revocation_Pattern:
		return revocation{"pattern", subject.Pattern}
	}
	return revocation{}
}

// parseKeys reads a JWK Set (RFC 7517), and keeps the public P-256 keys that may verify ES256.
func parseKeys(text string) (map[string][]*ecdsa.PublicKey, error) {
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(text), &set); err != nil || set.Keys == nil {
		return nil, errors.New("the trust update has no token keys")
	}
	keys := map[string][]*ecdsa.PublicKey{}
	for _, jwk := range set.Keys {
		kid, isText := jwk["kid"].(string)
		_, private := jwk["d"]
		x, y := decodePart(jwk["x"]), decodePart(jwk["y"])
		if !isText || private || jwk["kty"] != "EC" || jwk["crv"] != "P-256" || len(x) != 32 || len(y) != 32 {
			continue
		}
		if operations, limited := jwk["key_ops"].([]any); limited && !slices.Contains(operations, any("verify")) {
			continue
		}
		if absentOr(jwk["alg"], "ES256") && absentOr(jwk["use"], "sig") {
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
			if err == nil {
				keys[kid] = append(keys[kid], key)
			}
		}
	}
	return keys, nil
}

func absentOr(value any, wanted string) bool { return value == nil || value == wanted }

// peerRevoked gives the reason for which a peer is revoked, or nil.
func (s *trustState) peerRevoked(id SpiffeID, leaf *x509.Certificate) *Denial {
	if leaf != nil && s.revocations[revocation{"certificate", leaf.SerialNumber.Text(16)}] {
		return deny("CERTIFICATE_REVOKED", "")
	}
	if s.revocations[revocation{"identity", id.String()}] {
		return deny("IDENTITY_REVOKED", "")
	}
	for revoked := range s.revocations {
		if revoked.kind == "pattern" && matchesIdentity(revoked.subject, id.Name) {
			return deny("IDENTITY_REVOKED", "")
		}
	}
	return nil
}

// outdated says whether a scope of the token was withdrawn after it was issued.
func (s *trustState) outdated(token *token) bool {
	for _, cut := range s.cutOffs {
		if token.grantsVersion >= cut.GrantsVersion || (cut.Service != "" && !slices.Contains(token.audiences, cut.Service)) {
			continue
		}
		loses := func(id SpiffeID) bool {
			return matchesIdentity(cut.Identity, id.Name) && !matchesAny(cut.Except, id.Name)
		}
		if (cut.Scope == "" || slices.Contains(token.scopes, cut.Scope)) && loses(token.subject) {
			return true
		}
		if (cut.Scope == "" || cut.Scope == exchangeScope) && slices.ContainsFunc(token.actors, loses) {
			return true
		}
	}
	return false
}

// trust is the trust now, and how fresh it is.
type trust struct {
	mutex     sync.Mutex
	state     *trustState
	heardAt   time.Time // Zero until the authority has confirmed the trust to this process.
	listeners []func(*trustState)
}

func (t *trust) now() *trustState {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.state
}

// isStale says whether the authority has been silent for too long. Trust from the disk is stale until it has been heard.
func (t *trust) isStale() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.heardAt.IsZero() || time.Since(t.heardAt) > t.state.staleAfter
}

// take applies an update, or a sign of life, that has just been heard. It answers whether the trust has changed.
func (t *trust) take(update *authorityv1.WatchTrustResponse) (bool, error) {
	t.mutex.Lock()
	if t.state != nil && update.AppliesTo != 0 && update.ResultsIn <= t.state.version {
		t.heardAt = time.Now()
		t.mutex.Unlock()
		return false, nil
	}
	state, err := applyUpdate(t.state, update)
	if err != nil {
		t.mutex.Unlock()
		return false, err
	}
	t.state, t.heardAt = state, time.Now()
	listeners := slices.Clone(t.listeners)
	t.mutex.Unlock()
	for _, listener := range listeners {
		listener(state)
	}
	return true, nil
}

// onChange calls listener after every change of the trust, one after the other.
func (t *trust) onChange(listener func(*trustState)) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.listeners = append(t.listeners, listener)
}
