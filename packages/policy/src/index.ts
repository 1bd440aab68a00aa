export { approvalFault, policyFaults, serviceFaults } from "./check-service.js";
export { expectedServers, mayCallDirectly, mayOffer } from "./expected-servers.js";
export {
  coversIdentity,
  identitiesOverlap,
  isFederatedPattern,
  isIdentityPattern,
  matchesIdentity,
} from "./identity-pattern.js";
export type {
  Manifest,
  ManifestMethod,
  ManifestService,
  ServedManifest,
  ServedMethod,
  ServedService,
} from "./manifest.js";
export { maximumManifestBytes, parseManifest } from "./parse-manifest.js";
export {
  type Approval,
  approvals,
  type DataClass,
  type Deprecation,
  dataClasses,
  type Policy,
  type Rate,
  type Risk,
  risks,
} from "./policy.js";
export { isScope, type Scope } from "./scope.js";
export { servedManifest } from "./served-manifest.js";
export type {
  AnyMethod,
  Codec,
  Idempotency,
  Init,
  Method,
  MethodKind,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
} from "./service.js";
export { isServiceName } from "./service-name.js";
export {
  federatedId,
  isBotName,
  isFederatedName,
  isTrustDomain,
  parseSpiffeId,
  type SpiffeId,
  spiffeId,
} from "./spiffe-id.js";
