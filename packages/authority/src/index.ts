export type { AdminReader } from "./audit-runs/admin-reader.js";
export type { AuditRequest, AuditResult, AuditResultFinding, DailyAudit } from "./audit-runs/daily-audit.js";
export type { Authority } from "./authority.js";
export type { BackedUp } from "./backup/back-up.js";
export type { SigningOrder } from "./ca/intermediate-request.js";
export type { RootKeyMove } from "./ca/root-key-file.js";
export { formatTrustBundle, type PublishedBundle } from "./federation/format-trust-bundle.js";
export type { AppliedGrants } from "./grants/grant-store.js";
export type { HttpsOptions } from "./http/https-options.js";
export {
  backUp,
  moveRootKey,
  readRootKey,
  restore,
  restoredWithPostgres,
  signIntermediateRequest,
  startAuthority,
} from "./on-demand.js";
export type { AuthorityOptions } from "./options.js";
export type { RevocationSubject } from "./revocations/check-subject.js";
export type { RevocationRow } from "./store/schema.js";
export { authorityMetrics } from "./telemetry/authority-metrics.js";
export type { TokenNotice } from "./tokens/token-issuer.js";
