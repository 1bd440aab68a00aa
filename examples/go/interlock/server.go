package interlock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	handshakeTimeout = 10 * time.Second
	callsAtOnce      = 100 // Of one connection.
	reportPeriod     = time.Minute
)

// NewServer makes a grpc-go server that admits the calls which the policies of the manifest allow. Register services on it, and
// pass it to Serve.
func (m *Member) NewServer(manifest *Manifest) *Server {
	admission := newAdmission(m, manifest)
	return &Server{member: m, manifest: manifest, Server: grpc.NewServer(
		grpc.Creds(m.serverCredentials()),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.MaxConcurrentStreams(callsAtOnce),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return admission.run(ctx, info.FullMethod, func(ctx context.Context) (any, error) { return handler(ctx, request) })
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			_, err := admission.run(stream.Context(), info.FullMethod, func(ctx context.Context) (any, error) {
				return nil, handler(service, &boundStream{stream, ctx})
			})
			return err
		}),
	)}
}

// Server is a grpc-go server of a fleet.
type Server struct {
	*grpc.Server
	member   *Member
	manifest *Manifest
}

// Serve serves until Stop, and reports the services to the authority's directory, at the address of the listener. It refuses to
// begin when a registered method has no policy, or when this bot may not serve it.
func (s *Server) Serve(listener net.Listener) error {
	name := s.member.current.Load().identity.id.Name
	services := []string{}
	for service, info := range s.GetServiceInfo() {
		known := s.manifest.services[service]
		if known == nil {
			return fmt.Errorf("the manifest has no service %s", service)
		}
		if len(known.ServedBy) > 0 && !matchesAny(known.ServedBy, name) {
			return fmt.Errorf("%s is served by %v only, and this bot is %s", service, known.ServedBy, name)
		}
		for _, method := range info.Methods {
			if path := "/" + service + "/" + method.Name; s.manifest.policies[path] == nil {
				return fmt.Errorf("%s has no policy in the manifest", path)
			}
		}
		services = append(services, service)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.member.report(ctx, services, listener.Addr().String())
	return s.Server.Serve(listener)
}

// report tells the authority what is served, now and every minute.
func (m *Member) report(ctx context.Context, services []string, address string) {
	request := &authorityv1.ReportRequest{}
	for _, service := range services {
		request.Endpoints = append(request.Endpoints, &authorityv1.Endpoint{Service: service, Address: address})
	}
	for ctx.Err() == nil {
		_, err := m.callAuthority(ctx, m.current.Load(), func(ctx context.Context, authority authorityv1.AuthorityServiceClient) error {
			_, err := authority.Report(ctx, request)
			return err
		})
		if err != nil && ctx.Err() == nil {
			m.log.Warn("services not reported", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reportPeriod):
		}
	}
}

// boundStream is a stream whose context ends with the authorization of its caller.
type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *boundStream) Context() context.Context { return s.ctx }

// run admits a call and runs its handler, until one of them ends: the handler, or the authorization of the caller. The handler of
// a call that has been ended finds its context canceled, and nothing that it still sends goes anywhere.
func (a *admission) run(ctx context.Context, path string, handle func(context.Context) (any, error)) (any, error) {
	call, denial := a.admit(ctx, path)
	if denial != nil {
		a.member.log.Warn("call refused", "method", path, "reason", denial.Reason)
		return nil, denial
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, callerKey{}, call.caller))
	defer cancel(nil)
	end := func(denial *Denial) { cancel(denial) }
	if call.token != nil {
		expiry := time.AfterFunc(time.Until(call.token.expires), func() { end(deny("TOKEN_EXPIRED", "")) })
		defer expiry.Stop()
	}
	if sunset, set := call.policy.Deprecation.sunset(); set {
		ending := time.AfterFunc(time.Until(sunset), func() { end(call.policy.Deprecation.denial()) })
		defer ending.Stop()
	}
	if call.policy.header != nil {
		// It fails only where the header has been sent, and no handler has run yet.
		_ = grpc.SetHeader(ctx, call.policy.header)
	}
	defer call.connection.calls.add(&openCall{recheck: call.recheck, end: end})()
	// The trust may have changed since the call was admitted.
	if denial := call.recheck(a.member.trust.now()); denial != nil {
		return nil, denial
	}
	type outcome struct {
		answer any
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				a.member.log.Error("handler failed", "method", path, "error", thrown)
				done <- outcome{nil, status.Error(codes.Internal, "the handler failed")}
			}
		}()
		answer, err := handle(ctx)
		done <- outcome{answer, err}
	}()
	select {
	case out := <-done:
		return out.answer, out.err
	case <-ctx.Done():
		if denial, ended := errors.AsType[*Denial](context.Cause(ctx)); ended {
			a.member.log.Warn("call ended", "method", path, "reason", denial.Reason)
			return nil, denial
		}
		out := <-done // The caller has gone.
		return out.answer, out.err
	}
}
