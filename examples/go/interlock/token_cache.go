package interlock

import (
	"context"
	"strings"
	"sync"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
)

// tokenCache holds the tokens of one certificate: one for each set of scopes at each service that the bot calls.
type tokenCache struct {
	mutex  sync.Mutex
	tokens map[string]map[string]*issuedToken // By service, then by scopes.
}

type issuedToken struct {
	mutex    sync.Mutex // Held while it is fetched, so that many calls fetch it once.
	text     string
	renewAt  time.Time
	notAfter time.Time
}

func (c *tokenCache) entry(audience string, scopes []string) *issuedToken {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.tokens == nil {
		c.tokens = map[string]map[string]*issuedToken{}
	}
	if c.tokens[audience] == nil {
		c.tokens[audience] = map[string]*issuedToken{}
	}
	key := strings.Join(scopes, " ")
	if c.tokens[audience][key] == nil {
		c.tokens[audience][key] = &issuedToken{}
	}
	return c.tokens[audience][key]
}

// forget has the next calls of a service fetch other tokens.
func (c *tokenCache) forget(audience string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.tokens, audience)
}

// token gives a token for a service with the scopes of a method, bound to the certificate of s. It is renewed after two
// fifths of its life, and used further if the authority does not answer.
func (m *Member) token(ctx context.Context, s *session, audience string, scopes []string) (string, error) {
	held := s.tokens.entry(audience, scopes)
	held.mutex.Lock()
	defer held.mutex.Unlock()
	now := time.Now()
	if now.Before(held.renewAt) {
		return held.text, nil
	}
	var answer *authorityv1.IssueTokenResponse
	asked, err := m.callAuthority(ctx, s, func(ctx context.Context, authority authorityv1.AuthorityServiceClient) (err error) {
		request := &authorityv1.IssueTokenRequest{Audience: audience, Scopes: scopes, AllowEmpty: true}
		answer, err = authority.IssueToken(ctx, request)
		return err
	})
	switch {
	case !asked:
		return "", errRenewed
	case err != nil && now.Before(held.notAfter):
		held.renewAt = now.Add(2 * time.Second)
		return held.text, nil
	case err != nil:
		return "", err
	}
	held.text, held.notAfter = answer.Token, answer.GetExpiresAt().AsTime().Add(-time.Second)
	held.renewAt = now.Add(held.notAfter.Sub(now) * 2 / 5)
	return held.text, nil
}

// isOfToken says whether another token may help against a denial.
func isOfToken(reason string) bool {
	return strings.HasPrefix(reason, "TOKEN_") || reason == "SCOPE_MISSING"
}
