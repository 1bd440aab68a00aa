package interlock

import (
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorDomain is the domain of every google.rpc.ErrorInfo with a reason of Interlock.
const errorDomain = "interlock"

// denialCodes holds the reasons that are not UNAUTHENTICATED. The whole list is packages/bot/src/base/reason.ts.
var denialCodes = map[string]codes.Code{
	"ACTOR_CHAIN_TOO_LONG":          codes.PermissionDenied,
	"APPROVAL_REQUIRED":             codes.PermissionDenied,
	"ARGUMENT_NOT_ALLOWED":          codes.PermissionDenied,
	"CALLER_NOT_ALLOWED":            codes.PermissionDenied,
	"CA_PIN_MISMATCH":               codes.Unauthenticated,
	"CERTIFICATE_IS_CA":             codes.Unavailable,
	"CERTIFICATE_MALFORMED":         codes.Unavailable,
	"CERTIFICATE_NOT_YET_VALID":     codes.Unavailable,
	"CERTIFICATE_UNTRUSTED":         codes.Unavailable,
	"CERTIFICATE_WEAK":              codes.Unavailable,
	"CERTIFICATE_WITHOUT_SPIFFE_ID": codes.Unavailable,
	"CERTIFICATE_WRONG_USAGE":       codes.Unavailable,
	"METHOD_NOT_DELEGATED":          codes.PermissionDenied,
	"METHOD_RETIRED":                codes.Unimplemented,
	"METHOD_SUNSET":                 codes.Unimplemented,
	"NO_CERTIFICATE":                codes.Unavailable,
	"RATE_LIMITED":                  codes.ResourceExhausted,
	"SCOPE_MISSING":                 codes.PermissionDenied,
	"SERVER_IDENTITY_MISMATCH":      codes.Unavailable,
	"TRUST_DOMAIN_MISMATCH":         codes.Unavailable,
	"TRUST_STALE":                   codes.Unavailable,
}

// Denial is a refusal by Interlock. grpc-go sends its code, its text, and a google.rpc.ErrorInfo with its reason.
type Denial struct {
	// Reason is one of the closed list, for example SCOPE_MISSING.
	Reason string
	text   string
	facts  map[string]string
}

// deny makes a denial. The text says what to do or what was found; it holds no secret, and it reaches the caller.
func deny(reason, text string) *Denial { return &Denial{Reason: reason, text: text} }

// with adds facts that reach the caller, in pairs of name and value.
func (d *Denial) with(pairs ...string) *Denial {
	d.facts = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.facts[pairs[i]] = pairs[i+1]
	}
	return d
}

func (d *Denial) Error() string {
	if d.text == "" {
		return d.Reason
	}
	return fmt.Sprintf("%s: %s", d.Reason, d.text)
}

// GRPCStatus is how grpc-go finds the status of an error.
func (d *Denial) GRPCStatus() *status.Status {
	code, known := denialCodes[d.Reason]
	if !known {
		code = codes.Unauthenticated
	}
	plain := status.New(code, d.Error())
	detailed, err := plain.WithDetails(&errdetails.ErrorInfo{Reason: d.Reason, Domain: errorDomain, Metadata: d.facts})
	if err != nil {
		return plain
	}
	return detailed
}

// ReasonOf returns the reason for which Interlock refused a call, here or at the other end; empty for other errors.
func ReasonOf(err error) string {
	if denial, ok := errors.AsType[*Denial](err); ok {
		return denial.Reason
	}
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == errorDomain {
			return info.Reason
		}
	}
	return ""
}
