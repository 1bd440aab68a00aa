package interlock

import "testing"

func TestAServiceIsCalledThroughItsGateway(t *testing.T) {
	manifest, err := ParseManifest([]byte(`{"version": 1, "services": [
		{"name": "s.Behind", "servedBy": ["tank/*"], "via": ["gateway/*"], "methods": []},
		{"name": "s.Direct", "servedBy": ["tank/*"], "methods": []}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	admission := newAdmission(nil, manifest)
	for _, one := range []struct{ service, caller, reason, expected string }{
		{"s.Behind", "gateway/1", "", "tank/*"},
		{"s.Behind", "foreman/1", "GATEWAY_REQUIRED", "gateway/*"},
		{"s.Behind", "tank/2", "GATEWAY_REQUIRED", "gateway/*"},
		{"s.Direct", "foreman/1", "", "tank/*"},
	} {
		reason := ""
		if denial := admission.requireGateway(one.service, one.caller); denial != nil {
			reason = denial.Reason
		}
		if reason != one.reason {
			t.Errorf("%s calls %s: %q, and not %q", one.caller, one.service, reason, one.reason)
		}
		if expected := manifest.services[one.service].expects(one.caller); expected[0] != one.expected {
			t.Errorf("%s expects %v at %s", one.caller, expected, one.service)
		}
	}
}
