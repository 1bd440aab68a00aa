package interlock

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	grpcpeer "google.golang.org/grpc/peer"
)

// Caller is the bot that makes a call.
type Caller struct {
	// ID is the bot whose scopes count.
	ID SpiffeID
	// Actors are the bots that act for it, the one at the other end of the connection first. Empty: it calls itself.
	Actors []SpiffeID
	// Scopes are the scopes of its token; empty for a method that any bot may call.
	Scopes []string
}

type callerKey struct{}

// CallerOf gives the caller in a handler.
func CallerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}

// admission decides on the calls of a server.
type admission struct {
	member   *Member
	manifest *Manifest
	flood    limiters            // One for each caller, over all methods.
	rates    map[string]limiters // By path.
}

func newAdmission(m *Member, manifest *Manifest) *admission {
	// Default of every bot: 2,000 calls a second, 4,000 at once.
	a := &admission{member: m, manifest: manifest, flood: newLimiters(2_000, 4_000), rates: map[string]limiters{}}
	for path, policy := range manifest.policies {
		if policy.Rate != nil {
			a.rates[path] = newLimiters(policy.Rate.PerSecond, policy.Rate.Burst)
		}
	}
	return a
}

// admitted is a call that may go on, and what it rests on.
type admitted struct {
	caller     Caller
	connection *connection
	policy     *policy
	token      *token // nil for a method that any bot may call.
	text       string
	path       string
	audience   string
}

// admit runs the checks in their order: the peer, its rate, the end of the method, the gateway, its token, the method's policy, the
// method's rate.
func (a *admission) admit(ctx context.Context, path string) (*admitted, *Denial) {
	peer, _ := grpcpeer.FromContext(ctx)
	one, isOurs := peer.AuthInfo.(*connection)
	policy := a.manifest.policies[path]
	if !isOurs || policy == nil {
		return nil, deny("CALLER_NOT_ALLOWED", "the method has no policy")
	}
	call := &admitted{connection: one, policy: policy, path: path, audience: strings.Split(path, "/")[1]}
	state := a.member.trust.now()
	if denial := checkConnection(one, state); denial != nil {
		return nil, denial
	}
	if !a.flood.take(one.peer.id) {
		return nil, deny("RATE_LIMITED", "")
	}
	if denial := refuseEnded(policy, path, state); denial != nil {
		return nil, denial
	}
	if denial := a.requireGateway(call.audience, one.peer.id.Name); denial != nil {
		return nil, denial
	}
	call.caller = Caller{ID: one.peer.id}
	if !policy.AnyBot {
		values := metadata.ValueFromIncomingContext(ctx, "authorization")
		var denial *Denial
		if call.text, denial = bearerOf(values); denial != nil {
			return nil, denial
		}
		if denial = call.authenticate(state); denial != nil {
			return nil, denial
		}
	}
	if denial := a.authorize(call); denial != nil {
		return nil, denial
	}
	if rate, limited := a.rates[path]; limited && !rate.take(call.caller.ID) {
		return nil, deny("RATE_LIMITED", "")
	}
	return call, nil
}

// checkConnection looks at what can change while a connection is open. The handshake has verified the rest.
func checkConnection(one *connection, state *trustState) *Denial {
	if !time.Now().Before(one.peer.leaf.NotAfter) {
		return deny("CERTIFICATE_EXPIRED", "")
	}
	return state.peerRevoked(one.peer.id, one.peer.leaf)
}

func (c *admitted) authenticate(state *trustState) *Denial {
	token, denial := verifyToken(c.text, c.audience, c.connection.peer, state, time.Now())
	if denial != nil {
		return denial
	}
	c.token, c.caller = token, Caller{token.subject, token.actors, token.scopes}
	return nil
}

// refuseEnded refuses a method past its sunset, or retired: without a token, so that a scan can prove it.
func refuseEnded(policy *policy, path string, state *trustState) *Denial {
	if sunset, set := policy.Deprecation.sunset(); set && !time.Now().Before(sunset) {
		return policy.Deprecation.denial()
	}
	if state.methodRetired(path) {
		return deny("METHOD_RETIRED", "").with("method", path[1:])
	}
	return nil
}

// requireGateway refuses a call that comes around the gateway of its service, before its token is looked at.
func (a *admission) requireGateway(service, caller string) *Denial {
	known := a.manifest.services[service]
	if known == nil || len(known.Via) == 0 || matchesAny(known.Via, caller) {
		return nil
	}
	gateways := strings.Join(known.Via, " ")
	text := "call " + service + " at a bot of " + gateways + ", which the directory finds"
	return deny("GATEWAY_REQUIRED", text).with("needed", gateways, "held", caller)
}

// authorize compares the caller with the method's policy.
func (a *admission) authorize(call *admitted) *Denial {
	policy, caller := call.policy, call.caller
	if len(policy.Callers) > 0 && !matchesAny(policy.Callers, caller.ID.Name) {
		return deny("CALLER_NOT_ALLOWED", "").with("needed", strings.Join(policy.Callers, " "), "held", caller.ID.Name)
	}
	for _, scope := range policy.Scopes {
		if call.token != nil && len(call.token.narrowed[scope]) > 0 {
			where := strings.Join(call.token.narrowed[scope], " && ")
			return deny("ARGUMENT_NOT_ALLOWED", "this server does not look at requests").with("needed", where)
		}
		if !slices.Contains(caller.Scopes, scope) {
			needed, held := strings.Join(policy.Scopes, " "), strings.Join(caller.Scopes, " ")
			return deny("SCOPE_MISSING", "").with("needed", needed, "held", held)
		}
	}
	if denial := limitToken(policy, call); denial != nil {
		return denial
	}
	if policy.needsFreshTrust() && a.member.trust.isStale() {
		return deny("TRUST_STALE", "")
	}
	return nil
}

// limitToken checks the limits of a token beside its scopes. Calls that wait for an operator are refused: a bot in Go does not
// compare the request with what was approved.
func limitToken(policy *policy, call *admitted) *Denial {
	token, name := call.token, call.path[strings.LastIndex(call.path, "/")+1:]
	if token == nil {
		return nil
	}
	if token.limited && !slices.Contains(token.methods, name) {
		return deny("METHOD_NOT_DELEGATED", "").with("needed", name, "held", strings.Join(token.methods, " "))
	}
	if policy.Approval == "" || (policy.Approval == "delegated" && token.delegation == "") {
		return nil
	}
	return deny("APPROVAL_REQUIRED", "a bot in Go serves no approved calls").with("needed", call.path[1:])
}

// recheck verifies an open call by a trust that has changed.
func (c *admitted) recheck(state *trustState) *Denial {
	if denial := checkConnection(c.connection, state); denial != nil {
		return denial
	}
	if state.methodRetired(c.path) {
		return deny("METHOD_RETIRED", "")
	}
	if c.token == nil {
		return nil
	}
	_, denial := verifyToken(c.text, c.audience, c.connection.peer, state, time.Now())
	return denial
}
