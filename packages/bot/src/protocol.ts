// The messages and services between bots and the authority, generated from protos/interlock/authority, and what a refused request
// is told of its fields.
export { BadRequest } from "./gen/google/rpc/status.js";
export { AdminService } from "./gen/interlock/authority/v1/admin_service_interlock.js";
export {
  Approval,
  ApprovalState,
  DecideApprovalRequest,
  DecideApprovalResponse,
  GetApprovalRequest,
  GetApprovalResponse,
  ListApprovalsRequest,
  ListApprovalsResponse,
  RequestApprovalRequest,
  RequestApprovalResponse,
} from "./gen/interlock/authority/v1/approval.js";
export { AuditPosition, AuditRecord, ListLogRequest, ListLogResponse } from "./gen/interlock/authority/v1/audit_log.js";
export {
  AuditFinding,
  AuditRun,
  ListAuditRunsRequest,
  ListAuditRunsResponse,
} from "./gen/interlock/authority/v1/audit_run.js";
export {
  ConfirmRequest,
  ConfirmResponse,
  ExchangeTokenRequest,
  ExchangeTokenResponse,
  IssueTokenRequest,
  IssueTokenResponse,
  RenewRequest,
  RenewResponse,
  ReportRequest,
  ReportResponse,
} from "./gen/interlock/authority/v1/authority_service.js";
export { AuthorityService } from "./gen/interlock/authority/v1/authority_service_interlock.js";
export {
  Bot,
  ListBotsRequest,
  ListBotsResponse,
  RetireBotRequest,
  RetireBotResponse,
} from "./gen/interlock/authority/v1/bot.js";
export {
  ActivateCaRequest,
  ActivateCaResponse,
  CaAuthority,
  ImportIntermediateRequest,
  ImportIntermediateResponse,
  ListCasRequest,
  ListCasResponse,
  PrepareCaRequest,
  PrepareCaResponse,
  RequestIntermediateRequest,
  RequestIntermediateResponse,
  WithdrawCaRequest,
  WithdrawCaResponse,
} from "./gen/interlock/authority/v1/ca.js";
export { Certificate } from "./gen/interlock/authority/v1/certificate.js";
export {
  DelegatedService,
  DelegateRequest,
  DelegateResponse,
  Delegation,
  ListDelegationsRequest,
  ListDelegationsResponse,
  ListOwnDelegationsRequest,
  ListOwnDelegationsResponse,
  RevokeDelegationRequest,
  RevokeDelegationResponse,
} from "./gen/interlock/authority/v1/delegation.js";
export { Endpoint, FindEndpointsRequest, FindEndpointsResponse } from "./gen/interlock/authority/v1/endpoint.js";
export {
  BeginRecoveryRequest,
  BeginRecoveryResponse,
  JoinRequest,
  JoinResponse,
  RecoverRequest,
  RecoverResponse,
} from "./gen/interlock/authority/v1/enrollment_service.js";
export { EnrollmentService } from "./gen/interlock/authority/v1/enrollment_service_interlock.js";
export {
  AddFederationRequest,
  AddFederationResponse,
  BundleEndpoint,
  BundleProfile,
  Federation,
  ListFederationsRequest,
  ListFederationsResponse,
  RefreshFederationRequest,
  RefreshFederationResponse,
  RevokeFederationRequest,
  RevokeFederationResponse,
} from "./gen/interlock/authority/v1/federation.js";
export {
  ApplyGrantsRequest,
  ApplyGrantsResponse,
  GetGrantsRequest,
  GetGrantsResponse,
  GrantChange,
  GrantVersion,
  ListGrantVersionsRequest,
  ListGrantVersionsResponse,
  RollbackGrantsRequest,
  RollbackGrantsResponse,
} from "./gen/interlock/authority/v1/grant.js";
export {
  Instance,
  ListInstancesRequest,
  ListInstancesResponse,
  ListManifestsRequest,
  ListManifestsResponse,
  ListServerRecordsRequest,
  ListServerRecordsResponse,
  ReportedManifest,
  ServerRecord,
} from "./gen/interlock/authority/v1/instance.js";
export {
  CreateJoinTokenRequest,
  CreateJoinTokenResponse,
  DeleteJoinTokenRequest,
  DeleteJoinTokenResponse,
  JoinToken,
  ListJoinTokensRequest,
  ListJoinTokensResponse,
} from "./gen/interlock/authority/v1/join_token.js";
export { RecordReceiptRequest, RecordReceiptResponse } from "./gen/interlock/authority/v1/receipt.js";
export {
  ListRetiredMethodsRequest,
  ListRetiredMethodsResponse,
  RecordRetirementRequest,
  RecordRetirementResponse,
  RetiredMethod,
  RetireMethodsRequest,
  RetireMethodsResponse,
  UnretireMethodsRequest,
  UnretireMethodsResponse,
} from "./gen/interlock/authority/v1/retirement.js";
export {
  ListRevocationsRequest,
  ListRevocationsResponse,
  Revocation,
  RevokeRequest,
  RevokeResponse,
  UnrevokeRequest,
  UnrevokeResponse,
} from "./gen/interlock/authority/v1/revocation.js";
export { GetStatusRequest, GetStatusResponse } from "./gen/interlock/authority/v1/status.js";
export {
  ListTokenKeysRequest,
  ListTokenKeysResponse,
  RotateTokenKeyRequest,
  RotateTokenKeyResponse,
  TokenKey,
} from "./gen/interlock/authority/v1/token_key.js";
export { CutOff, RetiredMethods, WatchTrustRequest, WatchTrustResponse } from "./gen/interlock/authority/v1/trust.js";
export {
  ListUsageDaysRequest,
  ListUsageDaysResponse,
  ListUsageRequest,
  ListUsageResponse,
  Usage,
  UsageDay,
} from "./gen/interlock/authority/v1/usage.js";
