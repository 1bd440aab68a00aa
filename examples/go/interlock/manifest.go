package interlock

import (
	"encoding/json"
	"fmt"

	"google.golang.org/grpc/metadata"
)

// policy is the access policy of a method (interlock/policy/v1/policy.proto).
type policy struct {
	Scopes  []string
	AnyBot  bool
	Risk    string
	Callers []string
	// Approval says which calls wait for an operator. This bot cannot tell an approved request from another, so it refuses them.
	Approval string
	Rate     *struct {
		PerSecond float64
		Burst     int
	}
	Deprecation *deprecation
	header      metadata.MD // Of its answers, where it is deprecated; shared by all of them.
}

// needsFreshTrust says whether calls are refused while the trust is stale.
func (p *policy) needsFreshTrust() bool { return p.Risk == "high" || p.Risk == "critical" }

type service struct {
	Name     string
	ServedBy []string
	Via      []string // Identity patterns of the gateways through which it is called; empty where it is called without one.
	Methods  []struct {
		Path   string
		Policy policy
	}
}

// expects gives the identity patterns of the bots at which caller calls it: its gateways, unless caller is one of them.
func (s *service) expects(caller string) []string {
	if len(s.Via) == 0 || matchesAny(s.Via, caller) {
		return s.ServedBy
	}
	return s.Via
}

// Manifest holds the services with their policies: interlock.manifest.json, which `interlock generate` writes.
type Manifest struct {
	services map[string]*service
	policies map[string]*policy
}

// ParseManifest reads a manifest.
func ParseManifest(text []byte) (*Manifest, error) {
	var file struct {
		Version  int
		Services []service
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("the manifest is of version %d, and this program reads version 1", file.Version)
	}
	manifest := &Manifest{map[string]*service{}, map[string]*policy{}}
	for _, service := range file.Services {
		manifest.services[service.Name] = &service
		for _, method := range service.Methods {
			if !method.Policy.AnyBot && len(method.Policy.Scopes) == 0 {
				return nil, fmt.Errorf("%s has neither scopes nor anyBot", method.Path)
			}
			method.Policy.header = method.Policy.Deprecation.header()
			manifest.policies[method.Path] = &method.Policy
		}
	}
	return manifest, nil
}
