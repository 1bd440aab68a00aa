package interlock

import (
	"regexp"
	"strings"
)

var (
	trustDomainForm = regexp.MustCompile(`^[a-z0-9._-]{1,255}$`)
	segmentForm     = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)
)

const maximumIDLength = 2_048

// SpiffeID is the identity of a bot: spiffe://TrustDomain/Name (SPIFFE ID specification, section 2).
type SpiffeID struct {
	TrustDomain string
	// Name is the path without its leading slash, for example tank/1.
	Name string
}

func (id SpiffeID) String() string { return "spiffe://" + id.TrustDomain + "/" + id.Name }

// parseSpiffeID reads a SPIFFE ID; false for any text that is not exactly one.
func parseSpiffeID(text string) (SpiffeID, bool) {
	rest, ok := strings.CutPrefix(text, "spiffe://")
	if !ok || len(text) > maximumIDLength {
		return SpiffeID{}, false
	}
	domain, name, ok := strings.Cut(rest, "/")
	if !ok || !trustDomainForm.MatchString(domain) || !isBotName(name) {
		return SpiffeID{}, false
	}
	return SpiffeID{domain, name}, true
}

func isBotName(name string) bool {
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "." || segment == ".." || !segmentForm.MatchString(segment) {
			return false
		}
	}
	return true
}

// matchesIdentity says whether a name matches an identity pattern: * is one segment, a final ** is one or more.
func matchesIdentity(pattern, name string) bool {
	wanted, given := strings.Split(pattern, "/"), strings.Split(name, "/")
	if wanted[len(wanted)-1] == "**" {
		if len(given) < len(wanted) {
			return false
		}
		wanted = wanted[:len(wanted)-1]
	} else if len(given) != len(wanted) {
		return false
	}
	for i, segment := range wanted {
		if segment != "*" && segment != given[i] {
			return false
		}
	}
	return true
}

func matchesAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if matchesIdentity(pattern, name) {
			return true
		}
	}
	return false
}
