package interlock

import (
	"sync"

	"golang.org/x/time/rate"
)

// maximumCallers bounds the callers that a limiter knows; one of them is forgotten for the next one.
const maximumCallers = 10_000

// limiters are token buckets, one for each caller.
type limiters struct {
	perSecond rate.Limit
	burst     int
	buckets   *buckets
}

type buckets struct {
	mutex sync.Mutex
	of    map[SpiffeID]*rate.Limiter
}

func newLimiters(perSecond float64, burst int) limiters {
	return limiters{rate.Limit(perSecond), burst, &buckets{of: map[SpiffeID]*rate.Limiter{}}}
}

// take answers whether a caller may make a call now.
func (l limiters) take(caller SpiffeID) bool {
	l.buckets.mutex.Lock()
	defer l.buckets.mutex.Unlock()
	bucket := l.buckets.of[caller]
	if bucket == nil {
		for oldest := range l.buckets.of {
			if len(l.buckets.of) < maximumCallers {
				break
			}
			delete(l.buckets.of, oldest)
		}
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		l.buckets.of[caller] = bucket
	}
	return bucket.Allow()
}
