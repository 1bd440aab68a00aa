export type { AuditPosition, AuditRecord } from "./audit-log/audit-record.js";
export { type AuditFault, type ChainVerifier, createChainVerifier } from "./audit-log/chain-verifier.js";
export { type Authority, startAuthority } from "./authority.js";
export { diffGrants, type GrantChange } from "./grants/diff-grants.js";
export type { AppliedGrants } from "./grants/grant-book.js";
export { type Grant, type Grants, grantedScopes } from "./grants/grants.js";
export { parseGrants } from "./grants/parse-grants.js";
export type { AuthorityOptions } from "./options.js";
export type { RevocationSubject } from "./revocations/check-subject.js";
