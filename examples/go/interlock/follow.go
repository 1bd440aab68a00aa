package interlock

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
)

// followTrust applies every update of the authority's trust feed, and saves it. It calls heard after the first one. It begins
// anew after a failure, and after a silence of two thirds of the bound for staleness, in which three signs of life are due.
func (m *Member) followTrust(ctx context.Context, heard func()) {
	retry := newBackoff()
	complete := false
	for ctx.Err() == nil {
		version := m.trust.now().version
		if complete {
			version = 0 // The complete trust repairs every fault.
		}
		err := m.watchTrust(ctx, version, func() {
			heard()
			retry.reset()
		})
		complete = !errors.Is(err, errRenewed)
		if ctx.Err() != nil || !complete {
			continue
		}
		m.log.Warn("trust feed interrupted", "error", err, "stale", m.trust.isStale())
		select {
		case <-ctx.Done():
		case <-time.After(retry.next()):
		}
	}
}

// errRenewed ends what rests on a certificate that has been renewed.
var errRenewed = errors.New("the certificate has been renewed")

func (m *Member) watchTrust(ctx context.Context, version uint64, heard func()) error {
	session := m.current.Load()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := func() time.Duration { return m.trust.now().staleAfter * 2 / 3 }
	silence := time.AfterFunc(patience(), func() { cancel(errors.New("nothing has been heard from the authority")) })
	defer silence.Stop()
	stream, err := authorityv1.NewAuthorityServiceClient(session.authority).WatchTrust(ctx, &authorityv1.WatchTrustRequest{Version: version})
	for err == nil {
		var update *authorityv1.WatchTrustResponse
		if update, err = stream.Recv(); err != nil {
			break
		}
		var changed bool
		if changed, err = m.trust.take(update); err != nil {
			break
		}
		silence.Reset(patience())
		heard()
		if changed {
			// It is in force already. Saving is for the next start.
			if err := m.trust.now().save(m.options.Folder, time.Now().UnixMilli()); err != nil {
				m.log.Error("trust not saved", "error", err)
			}
		}
	}
	if m.current.Load() != session {
		return errRenewed
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// backoff gives the pauses between attempts: 0.4 s, doubled up to 15 s, each cut by up to a half at random.
type backoff struct{ pause time.Duration }

const firstPause, longestPause = 400 * time.Millisecond, 15 * time.Second

func newBackoff() *backoff { return &backoff{firstPause} }

func (b *backoff) reset() { b.pause = firstPause }

func (b *backoff) next() time.Duration {
	pause := b.pause
	b.pause = min(2*pause, longestPause)
	return pause - time.Duration(rand.Float64()*0.5*float64(pause))
}
