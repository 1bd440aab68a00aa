export {
  type AuditEntry,
  type AuditKind,
  type AuditPosition,
  type AuditRecord,
  auditKinds,
  hashOf,
  receiptType,
  toRecord,
} from "./audit-record.js";
export { type AuditFault, type ChainEnds, type ChainVerifier, createChainVerifier } from "./chain-verifier.js";
