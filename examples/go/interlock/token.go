package interlock

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maximumTokenLength   = 8_192
	maximumTokenLifetime = 10 * time.Minute
	maximumActors        = 3
	maximumKeysOfOneName = 4
	maximumMethods       = 32
	clockSkew            = 60 * time.Second
	exchangeScope        = "token:exchange"
)

// token is an access token (RFC 9068) whose signature and claims have been verified.
type token struct {
	ids           []string   // Its own `jti`, then those that it was exchanged from.
	subject       SpiffeID   // The bot whose scopes it holds.
	actors        []SpiffeID // The bots that act for the subject (RFC 8693); the one that shows the token first.
	thumbprint    string     // The certificate that it is bound to (RFC 8705).
	audiences     []string
	scopes        []string
	narrowed      map[string][]string // Scopes that it holds under conditions on the request only.
	grantsVersion uint64
	expires       time.Time
	delegation    string   // The delegation under which it was issued; empty for none.
	limited       bool     // Whether it is for some methods only.
	methods       []string // Their names.
	approval      any      // The one call that an operator has approved; nil for any call.
}

// bearerOf takes the token out of the `authorization` values of a call.
func bearerOf(authorization []string) (string, *Denial) {
	switch len(authorization) {
	case 0:
		return "", deny("TOKEN_MISSING", "")
	case 1:
		scheme, text, _ := strings.Cut(authorization[0], " ")
		if !strings.EqualFold(scheme, "Bearer") || text == "" || strings.ContainsAny(text, " ,\t") {
			return "", deny("TOKEN_NOT_BEARER", "")
		}
		return text, nil
	}
	return "", deny("TOKEN_DUPLICATED", "")
}

// verifyToken verifies a token that bearer shows for a service: its form, its key, its claims, and that it is the bearer's
// own, or names it as the one that acts; then what the trust says of it.
func verifyToken(text, audience string, bearer *peer, trust *trustState, now time.Time) (*token, *Denial) {
	claims, denial := verifySignature(text, trust)
	if denial != nil {
		return nil, denial
	}
	token, denial := readClaims(claims, trust, now)
	if denial != nil {
		return nil, denial
	}
	switch {
	case len(token.actors) > 0 && token.actors[0] != bearer.id:
		return nil, deny("TOKEN_ACTOR_MISMATCH", "")
	case len(token.actors) == 0 && token.subject != bearer.id:
		return nil, deny("TOKEN_SUBJECT_MISMATCH", "")
	case token.thumbprint != bearer.thumbprint:
		return nil, deny("TOKEN_BINDING_MISMATCH", "")
	}
	for _, id := range token.ids {
		if trust.revocations[revocation{"token", id}] {
			return nil, deny("TOKEN_REVOKED", "")
		}
	}
	for _, id := range append(token.actors, token.subject) {
		if denial := trust.peerRevoked(id, nil); denial != nil {
			return nil, denial
		}
	}
	if trust.outdated(token) {
		return nil, deny("TOKEN_OUTDATED", "")
	}
	if !slices.Contains(token.audiences, audience) {
		return nil, deny("TOKEN_AUDIENCE", "").with("needed", audience, "held", strings.Join(token.audiences, " "))
	}
	return token, nil
}

// verifySignature reads a JWS (RFC 7515) and verifies it with a key of the trust. Nothing in the token chooses anything else.
func verifySignature(text string, trust *trustState) (map[string]any, *Denial) {
	parts := strings.Split(text, ".")
	if len(text) > maximumTokenLength || len(parts) != 3 {
		return nil, deny("TOKEN_MALFORMED", "it is too long, or has not three parts")
	}
	header, claims, signature := decodeObject(parts[0]), decodeObject(parts[1]), decodePart(parts[2])
	if header == nil || claims == nil || (signature == nil && parts[2] != "") {
		return nil, deny("TOKEN_MALFORMED", "")
	}
	if header["alg"] != "ES256" {
		return nil, deny("TOKEN_ALGORITHM", "")
	}
	for _, name := range []string{"jwk", "jku", "x5u", "x5c", "crit", "b64"} {
		if _, present := header[name]; present {
			return nil, deny("TOKEN_HEADER", name+" is not accepted")
		}
	}
	kid, isText := header["kid"].(string)
	if !isText {
		return nil, deny("TOKEN_MALFORMED", "there is no kid")
	}
	kind, _ := header["typ"].(string)
	if kind = strings.ToLower(kind); kind != "at+jwt" && kind != "application/at+jwt" {
		return nil, deny("TOKEN_TYPE", "")
	}
	keys := trust.keys[kid]
	if len(keys) == 0 {
		return nil, deny("TOKEN_KEY_UNKNOWN", "")
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signed := func(key *ecdsa.PublicKey) bool {
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, hash[:], r, s)
	}
	if len(signature) != 64 || !slices.ContainsFunc(keys[:min(len(keys), maximumKeysOfOneName)], signed) {
		return nil, deny("TOKEN_SIGNATURE", "")
	}
	return claims, nil
}

func readClaims(claims map[string]any, trust *trustState, now time.Time) (*token, *Denial) {
	for _, name := range []string{"iss", "aud", "exp", "iat", "sub", "jti", "cnf"} {
		if _, present := claims[name]; !present {
			return nil, deny("TOKEN_MALFORMED", "there is no "+name)
		}
	}
	issuer, _ := claims["iss"].(string)
	if !slices.Contains(trust.issuers, issuer) {
		return nil, deny("TOKEN_ISSUER", "")
	}
	if denial := checkTimes(claims, now); denial != nil {
		return nil, denial
	}
	token := &token{expires: timeOf(claims["exp"].(float64))}
	var denial *Denial
	if token.subject, denial = readBot(claims["sub"], trust.trustDomain); denial != nil {
		return nil, denial
	}
	if token.actors, denial = readActors(claims, trust.trustDomain); denial != nil {
		return nil, denial
	}
	exchanged, isList := claims["exchanged_from"].([]any)
	if _, present := claims["exchanged_from"]; present && !isList {
		return nil, deny("TOKEN_MALFORMED", "exchanged_from is no list")
	}
	var sound, audible bool
	token.ids, sound = textsIn(append([]any{claims["jti"]}, exchanged...))
	audiences, isList := claims["aud"].([]any)
	if !isList {
		audiences = []any{claims["aud"]}
	}
	if token.audiences, audible = textsIn(audiences); !sound || !audible {
		return nil, deny("TOKEN_MALFORMED", "an identifier or an audience is no text")
	}
	confirmation, _ := claims["cnf"].(map[string]any)
	if token.thumbprint, _ = confirmation["x5t#S256"].(string); token.thumbprint == "" {
		return nil, deny("TOKEN_BINDING_MISMATCH", "")
	}
	scope, _ := claims["scope"].(string)
	token.scopes = strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' })
	if token.narrowed, denial = readNarrowed(claims); denial != nil {
		return nil, denial
	}
	if version, _ := claims["grants_version"].(float64); version > 0 && version == math.Trunc(version) {
		token.grantsVersion = uint64(version)
	}
	if denial := token.readLimits(claims); denial != nil {
		return nil, denial
	}
	return token, nil
}

// readLimits reads the limits beside the scopes. A claim of another form never passes for a token without limits.
func (t *token) readLimits(claims map[string]any) *Denial {
	if delegation, present := claims["delegation"]; present {
		if t.delegation, _ = delegation.(string); t.delegation == "" {
			return deny("TOKEN_MALFORMED", "delegation is no text")
		}
	}
	if methods, present := claims["methods"]; present {
		list, isList := methods.([]any)
		t.limited = true
		if t.methods, present = textsIn(list); !isList || !present || len(list) > maximumMethods {
			return deny("TOKEN_MALFORMED", "methods is no list of names")
		}
	}
	if approval, present := claims["approval"]; present {
		object, isObject := approval.(map[string]any)
		id, _ := object["id"].(string)
		request, _ := object["request"].(string)
		if !isObject || id == "" || request == "" {
			return deny("TOKEN_MALFORMED", "approval is no approved call")
		}
		t.approval = object
	}
	return nil
}

// readNarrowed reads the scopes that a token holds under conditions, by scope. Another form never passes for a token without any.
func readNarrowed(claims map[string]any) (map[string][]string, *Denial) {
	claim, present := claims["narrowed_scope"]
	if !present {
		return nil, nil
	}
	scopes, isMap := claim.(map[string]any)
	if !isMap {
		return nil, deny("TOKEN_MALFORMED", "narrowed_scope is no map")
	}
	narrowed := map[string][]string{}
	for scope, value := range scopes {
		list, isList := value.([]any)
		conditions, sound := textsIn(list)
		if !isList || !sound || len(conditions) == 0 || slices.Contains(conditions, "") {
			return nil, deny("TOKEN_MALFORMED", "a narrowed scope has no list of conditions")
		}
		narrowed[scope] = conditions
	}
	return narrowed, nil
}

func checkTimes(claims map[string]any, now time.Time) *Denial {
	expires, isNumber := claims["exp"].(float64)
	issued, isNumberToo := claims["iat"].(float64)
	notBefore, limited := claims["nbf"]
	start, isNumberAsWell := notBefore.(float64)
	if !isNumber || !isNumberToo || (limited && !isNumberAsWell) {
		return deny("TOKEN_MALFORMED", "a time is no number")
	}
	at := float64(now.UnixMilli()) / 1_000
	latest := at + clockSkew.Seconds()
	switch {
	case start > latest:
		return deny("TOKEN_NOT_YET_VALID", clocksDiffer(now))
	case expires <= at-clockSkew.Seconds():
		return deny("TOKEN_EXPIRED", clocksDiffer(now))
	case expires-issued > maximumTokenLifetime.Seconds() || expires <= issued:
		return deny("TOKEN_LIFETIME", "")
	case expires <= at:
		return deny("TOKEN_EXPIRED", clocksDiffer(now))
	case issued > latest:
		return deny("TOKEN_NOT_YET_VALID", clocksDiffer(now))
	}
	return nil
}

func clocksDiffer(now time.Time) string {
	return fmt.Sprintf("the clock of this machine says %s; set the clocks of both machines, for example with NTP; they may be %s apart",
		now.UTC().Format(time.RFC3339), clockSkew)
}

// readActors reads `act` (RFC 8693, section 4.1). A claim of another form never passes for a token without actors.
func readActors(holder map[string]any, domain string) (actors []SpiffeID, denial *Denial) {
	for {
		act, present := holder["act"]
		if !present {
			return actors, nil
		}
		if len(actors) >= maximumActors {
			return nil, deny("ACTOR_CHAIN_TOO_LONG", "")
		}
		if holder, present = act.(map[string]any); !present {
			return nil, deny("TOKEN_MALFORMED", "act is no actor")
		}
		actor, denial := readBot(holder["sub"], domain)
		if denial != nil {
			return nil, denial
		}
		actors = append(actors, actor)
	}
}

func readBot(claim any, domain string) (SpiffeID, *Denial) {
	text, _ := claim.(string)
	id, ok := parseSpiffeID(text)
	if !ok || id.TrustDomain != domain {
		return SpiffeID{}, deny("TOKEN_MALFORMED", "it names no bot of this fleet")
	}
	return id, nil
}

func textsIn(values []any) ([]string, bool) {
	texts := make([]string, len(values))
	for i, value := range values {
		text, isText := value.(string)
		if !isText {
			return nil, false
		}
		texts[i] = text
	}
	return texts, true
}

func timeOf(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1_000)) }

// decodePart decodes base64url in its one form (RFC 7515, section 2); nil for anything else. Go's decoder skips line ends.
func decodePart(value any) []byte {
	text, _ := value.(string)
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || text == "" || strings.ContainsAny(text, "\r\n") {
		return nil
	}
	return bytes
}

// decodeObject decodes a JSON object. A map, because Go matches the fields of a struct without regard to case.
func decodeObject(part string) (object map[string]any) {
	text := decodePart(part)
	if text == nil || !utf8.Valid(text) || json.Unmarshal(text, &object) != nil {
		return nil
	}
	return object
}
