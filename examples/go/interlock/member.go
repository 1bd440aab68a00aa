// Package interlock makes a Go program a member of an Interlock fleet, with grpc-go: it joins, renews its certificate, follows
// the trust of the fleet, calls other bots with tokens, and admits calls as bots of other languages do.
package interlock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
	"google.golang.org/grpc"
)

// callTimeout bounds each call to the authority.
const callTimeout = 10 * time.Second

// Options say which bot this is.
type Options struct {
	// Folder keeps the bot's identity and trust, readable by this user only. No other program may renew in it.
	Folder string
	// Authority is the authority's host:port.
	Authority string
	// Name is the bot's name, for example tank/1. Needed to join.
	Name string
	// JoinToken is what `interlock invite` printed. Needed to join; not used when Folder holds an identity.
	JoinToken string
	// Log receives what happens in the background. Default: slog.Default().
	Log *slog.Logger
}

// Member is a bot of the fleet.
type Member struct {
	options Options
	log     *slog.Logger
	trust   *trust
	roster  roster
	stop    context.CancelFunc

	// current is the present session. asking is held for reading by each call to the authority, and for writing while the
	// certificate is renewed: no call is made over one once the next one is in use. That would look like a copy of the bot.
	current atomic.Pointer[session]
	asking  sync.RWMutex
}

// session is the life of one certificate: the connection to the authority over it, and the tokens bound to it.
type session struct {
	identity  *identity
	authority *grpc.ClientConn
	tokens    tokenCache
}

// Open joins the fleet, or continues with the identity in the folder, and keeps certificate and trust current until Close.
func Open(ctx context.Context, options Options) (*Member, error) {
	if options.Log == nil {
		options.Log = slog.Default()
	}
	identity, trust, err := enter(ctx, options)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	m := &Member{options: options, log: options.Log, trust: trust, stop: stop}
	first, err := m.newSession(identity)
	if err != nil {
		stop()
		return nil, err
	}
	m.current.Store(first)
	m.trust.onChange(m.recheckAll)
	heard := make(chan struct{})
	go m.followTrust(background, sync.OnceFunc(func() { close(heard) }))
	go m.keepRenewed(background)
	// The trust that the folder holds is stale until the authority has answered. Without an authority, do not wait long.
	select {
	case <-heard:
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
	}
	return m, nil
}

// enter loads the identity and the trust from the folder, or joins and saves them.
func enter(ctx context.Context, options Options) (*identity, *trust, error) {
	identity, err := loadIdentity(options.Folder)
	if err == nil {
		trust, err := loadTrust(options.Folder)
		return identity, trust, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the identity in %s cannot be read: %w", options.Folder, err)
	}
	identity, trust, err := join(ctx, options.Authority, options.Name, options.JoinToken)
	if err != nil {
		return nil, nil, err
	}
	profile, err := json.Marshal(map[string]string{"authority": options.Authority, "name": options.Name})
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(
		identity.save(options.Folder),
		trust.state.save(options.Folder, trust.heardAt.UnixMilli()),
		writePrivateFile(filepath.Join(options.Folder, "profile.json"), profile),
	)
	return identity, trust, err
}

func (m *Member) newSession(identity *identity) (*session, error) {
	expected := func(id SpiffeID) bool { return id.Name == authorityName }
	connection, err := grpc.NewClient(m.options.Authority, grpc.WithTransportCredentials(m.clientCredentials(identity, expected)))
	if err != nil {
		return nil, err
	}
	connection.Connect()
	return &session{identity: identity, authority: connection}, nil
}

// callAuthority makes a call over the certificate of s; false if that is not the present one any more.
func (m *Member) callAuthority(ctx context.Context, s *session, call func(context.Context, authorityv1.AuthorityServiceClient) error) (bool, error) {
	m.asking.RLock()
	defer m.asking.RUnlock()
	if m.current.Load() != s {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return true, call(ctx, authorityv1.NewAuthorityServiceClient(s.authority))
}

// recheckAll ends the connections and the calls that a new trust does not allow.
func (m *Member) recheckAll(state *trustState) {
	for _, one := range m.roster.all() {
		if denial := m.recheck(one, state); denial != nil {
			one.end(denial)
			continue
		}
		for _, call := range one.calls.all() {
			if denial := call.recheck(state); denial != nil {
				call.end(denial)
			}
		}
	}
}

// SpiffeID is the identity of this bot.
func (m *Member) SpiffeID() string { return m.current.Load().identity.id.String() }

// Close ends all that Open began, and the bot's connections.
func (m *Member) Close() {
	m.stop()
	m.roster.closeAll()
	m.current.Load().authority.Close()
}
