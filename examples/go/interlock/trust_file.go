package interlock

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"

	authorityv1 "github.com/interlock-dev/interlock/examples/go/gen/interlock/authority/v1"
)

// trustFile is trust.json, in the form in which bots of every language keep it, so that they can start while the authority
// is away.
type trustFile struct {
	Version        string           `json:"version"`
	TrustDomain    string           `json:"trustDomain"`
	Issuer         string           `json:"issuer"`
	FormerIssuers  []string         `json:"formerIssuers"`
	CaCertificates [][]byte         `json:"caCertificates"`
	ActiveCa       string           `json:"activeCa,omitempty"`
	Jwks           json.RawMessage  `json:"jwks"`
	Revocations    []revocationFile `json:"revocations"`
	CutOffs        []cutOffFile     `json:"cutOffs"`
	Retired        []string         `json:"retired,omitempty"`
	StaleAfterMs   uint32           `json:"staleAfterMs"`
	HeardAt        int64            `json:"heardAt"`
}

type revocationFile struct {
	Kind      string `json:"kind"`
	Subject   string `json:"subject"`
	RevokedAt int64  `json:"revokedAt"`
	Reason    string `json:"reason"`
}

type cutOffFile struct {
	Identity      string   `json:"identity"`
	Service       string   `json:"service"`
	Scope         string   `json:"scope"`
	GrantsVersion uint64   `json:"grantsVersion"`
	Except        []string `json:"except"`
}

// loadTrust reads the trust that was saved last. It is stale until the authority has been heard.
func loadTrust(folder string) (*trust, error) {
	text, err := os.ReadFile(filepath.Join(folder, "trust.json"))
	if err != nil {
		return nil, err
	}
	state, err := parseTrust(text)
	return &trust{state: state}, err
}

func parseTrust(text []byte) (*trustState, error) {
	var file trustFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	version, err := strconv.ParseUint(file.Version, 10, 64)
	if err != nil {
		return nil, err
	}
	update := &authorityv1.WatchTrustResponse{
		ResultsIn: version, TrustDomain: file.TrustDomain, Issuer: file.Issuer, FormerIssuers: file.FormerIssuers,
		CaCertificates: file.CaCertificates, ActiveCa: file.ActiveCa, Jwks: string(file.Jwks),
		StaleAfterSeconds: file.StaleAfterMs / 1_000, Retired: &authorityv1.RetiredMethods{Methods: file.Retired},
	}
	for _, cut := range file.CutOffs {
		update.CutOffs = append(update.CutOffs, &authorityv1.CutOff{
			Identity: cut.Identity, Service: cut.Service, Scope: cut.Scope, GrantsVersion: cut.GrantsVersion, Except: cut.Except,
		})
	}
	state, err := applyUpdate(nil, update)
	if err != nil {
		return nil, err
	}
	for _, revoked := range file.Revocations {
		state.revocations[revocation{revoked.Kind, revoked.Subject}] = true
	}
	return state, nil
}

// save writes trust.json, and ca.pem for other programs.
func (s *trustState) save(folder string, heardAt int64) error {
	file := trustFile{
		Version: strconv.FormatUint(s.version, 10), TrustDomain: s.trustDomain, Issuer: s.issuers[0],
		FormerIssuers: append([]string{}, s.issuers[1:]...), ActiveCa: s.activeCA, Retired: s.retired, Jwks: json.RawMessage(s.jwks),
		Revocations: []revocationFile{}, CutOffs: []cutOffFile{}, StaleAfterMs: uint32(s.staleAfter.Milliseconds()), HeardAt: heardAt,
	}
	for _, root := range s.roots {
		file.CaCertificates = append(file.CaCertificates, root.Raw)
	}
	for revoked := range s.revocations {
		file.Revocations = append(file.Revocations, revocationFile{Kind: revoked.kind, Subject: revoked.subject})
	}
	for _, cut := range s.cutOffs {
		file.CutOffs = append(file.CutOffs, cutOffFile{cut.Identity, cut.Service, cut.Scope, cut.GrantsVersion, append([]string{}, cut.Except...)})
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err = writePrivateFile(filepath.Join(folder, "ca.pem"), toPem(file.CaCertificates)); err != nil {
		return err
	}
	return writePrivateFile(filepath.Join(folder, "trust.json"), append(text, '\n'))
}
