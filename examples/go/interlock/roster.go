package interlock

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// roster knows every open connection, to end it when its peer is no longer trusted, or its certificate has run out.
type roster struct {
	mutex       sync.Mutex
	connections map[*connection]*time.Timer
}

// add returns what takes the connection away again.
func (r *roster) add(one *connection) (leave func()) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.connections == nil {
		r.connections = map[*connection]*time.Timer{}
	}
	r.connections[one] = time.AfterFunc(time.Until(one.peer.leaf.NotAfter), func() { one.end(deny("CERTIFICATE_EXPIRED", "")) })
	return func() {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		if timer, listed := r.connections[one]; listed {
			timer.Stop()
			delete(r.connections, one)
		}
	}
}

func (r *roster) all() []*connection {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Collect(maps.Keys(r.connections))
}

func (r *roster) closeAll() {
	for _, one := range r.all() {
		one.close()
	}
}

// farewell is the time in which the statuses of ended calls are sent before their connection is closed.
const farewell = time.Second

// end ends the calls of a connection with a denial, and then the connection itself.
func (c *connection) end(denial *Denial) {
	if c.calls.endAll(denial) == 0 {
		c.close()
		return
	}
	time.AfterFunc(farewell, c.close)
}

// callSet holds the open calls of a connection.
type callSet struct {
	mutex sync.Mutex
	calls map[*openCall]bool
}

// openCall is a call whose handler runs.
type openCall struct {
	// recheck verifies the call by a trust that has changed.
	recheck func(*trustState) *Denial
	end     func(*Denial)
}

func (s *callSet) add(call *openCall) (leave func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.calls == nil {
		s.calls = map[*openCall]bool{}
	}
	s.calls[call] = true
	return func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		delete(s.calls, call)
	}
}

func (s *callSet) all() []*openCall {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Collect(maps.Keys(s.calls))
}

func (s *callSet) endAll(denial *Denial) int {
	calls := s.all()
	for _, call := range calls {
		call.end(denial)
	}
	return len(calls)
}
