package interlock

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
)

// keepRenewed renews the certificate at half of its life, ±10 %, and soon after the fleet signs below another root.
func (m *Member) keepRenewed(ctx context.Context) {
	changed := make(chan struct{}, 1)
	m.trust.onChange(func(*trustState) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	since := time.Now()
	due := renewalTime(m.current.Load().identity, since)
	retry := newBackoff()
	for {
		if left := time.Until(m.current.Load().identity.certificate.Leaf.NotAfter); !m.isBelowActive() {
			// Spread over a tenth of its life, so that not all bots come at once.
			due = earlier(due, time.Now().Add(time.Duration(rand.Float64()*0.1*float64(left))))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
			continue
		case <-time.After(time.Until(due)):
		}
		if err := m.renew(ctx); err != nil {
			m.log.Warn("certificate not renewed", "error", err, "expires", m.current.Load().identity.certificate.Leaf.NotAfter)
			due = time.Now().Add(retry.next())
			continue
		}
		retry.reset()
		since = time.Now()
		due = renewalTime(m.current.Load().identity, since)
	}
}

func renewalTime(identity *identity, since time.Time) time.Time {
	left := identity.certificate.Leaf.NotAfter.Sub(since)
	return since.Add(time.Duration(float64(left) * (0.4 + 0.2*rand.Float64())))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// renew asks for the next certificate, with a new key. It is on the disk before it is used, and no call is made over the old
// one after that.
func (m *Member) renew(ctx context.Context) error {
	m.asking.Lock()
	defer m.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	old := m.current.Load()
	key, csr, err := requestCertificate(old.identity.id)
	if err != nil {
		return err
	}
	answer, err := authorityv1.NewAuthorityServiceClient(old.authority).Renew(ctx, &authorityv1.RenewRequest{Csr: csr})
	if err != nil {
		return err
	}
	identity, err := newIdentity(key, answer.GetCertificate().GetChain())
	if err != nil {
		return err
	}
	next, err := m.newSession(identity)
	if err != nil {
		return err
	}
	if err = identity.save(m.options.Folder); err != nil {
		next.authority.Close()
		return err
	}
	m.current.Store(next)
	old.authority.Close() // The trust feed goes on over the new connection.
	// If this fails, the next call confirms it just as well.
	if _, err = authorityv1.NewAuthorityServiceClient(next.authority).Confirm(ctx, &authorityv1.ConfirmRequest{}); err != nil {
		m.log.Warn("certificate not confirmed", "error", err)
	}
	m.log.Info("certificate renewed", "expires", identity.certificate.Leaf.NotAfter)
	return nil
}

// isBelowActive says whether the certificate leads to the root below which the fleet signs now.
func (m *Member) isBelowActive() bool {
	state, identity := m.trust.now(), m.current.Load().identity
	if state.activeCA == "" {
		return true
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, root := range state.roots {
		if digest(root.Raw) == state.activeCA {
			options.Roots.AddCert(root)
		}
	}
	for _, der := range identity.certificate.Certificate[1:] {
		if issuer, err := x509.ParseCertificate(der); err == nil {
			options.Intermediates.AddCert(issuer)
		}
	}
	_, err := identity.certificate.Leaf.Verify(options)
	return err == nil
}
