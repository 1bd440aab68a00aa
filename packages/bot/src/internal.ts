// For the sister packages of this repository. There is no promise of stability: import from `@interlock/bot` instead.

// Putting a bot together from its parts.

export { type BotParts, createBot, partsOf } from "./bot.js";
export { type AuthorityRecord, createAuthorityFile } from "./fleet/authority-file.js";
export { builtInGrants, undoScopes } from "./fleet/built-in-grants.js";
export type { Membership } from "./membership.js";
export type { ObservedMetrics } from "./telemetry/metrics.js";
export { type ObservedBot, observeBot } from "./telemetry/observe-bot.js";

// Serving.

export {
  createListener,
  type Listener,
  type ListenerOptions,
  type ServerKeyPair,
  type Stranger,
} from "./listener/listener.js";
export {
  giveTo,
  listenAt,
  listenPrivately,
  removeLeftSocket,
  type SocketReaders,
} from "./listener/private-socket.js";
export { sourceOf } from "./listener/source.js";
export { createServer, type HttpPort } from "./server/create-server.js";
export { toGrpcService } from "./server/grpc-service.js";
export type { Enrollment, RecoveringPeer, ServerOptions } from "./server/options.js";

// Deciding on calls, also those that do not come through the gRPC server of this package.

export type { Attempt, AttemptedMethod } from "./admission/attempt.js";
export { type Admission, type Chain, type ChainOptions, createChain } from "./admission/chain.js";
export { holdsScope } from "./admission/conditions.js";
export { addressOf, type Connection } from "./admission/connection.js";
export { createIdentify } from "./admission/identify.js";
export type { FederatedDoor } from "./admission/refuse-federated.js";
export { createCallId } from "./base/call-id.js";
export { codeNames } from "./base/code.js";
export { asDenial } from "./server/as-denial.js";

// Passing calls on as bytes: for a gateway.

export type { Bearer } from "./admission/bearer.js";
export type { PeerLoad } from "./admission/peer-load.js";
export type { CallCredentials, PendingToken } from "./client/call-credentials.js";
export { checkAddresses } from "./client/check-addresses.js";
export { connectService } from "./client/connect-service.js";
export { type ConnectionTimes, connectionTimes } from "./client/connection-times.js";
export { type ConnectorOptions, createConnector } from "./client/connector.js";
export { tokenNeedOf } from "./client/token-need.js";
export { requireWire, wireOf } from "./client/wire-of.js";
export { Health } from "./gen/grpc/health/v1/health_interlock.js";
export { methodNotAllowed, trailersOf, trailersOnlyOf, unsupportedMediaType } from "./server/answers.js";
export type { TranslatedPeer } from "./server/call-server.js";
export type { CallStream } from "./server/call-stream.js";
export type { RequestOwner } from "./server/incoming-request.js";
export { type LiveCall, toStatus } from "./server/live-call.js";
export { PassedRequest, type RequestSink } from "./server/passed-request.js";
export { type RequestHead, requestHeadOf } from "./server/request-head.js";
export type { PassCall, ServedCall } from "./server/served-call.js";
export { offeredBy, referenceKey, referenceTo } from "./token/reference.js";
export type { FetchedToken } from "./token/token-cache.js";
export type { HostedCall } from "./transport/call-host.js";

// Identities: certificates, join tokens, files.

export { parseCertificate } from "./identity/certificate.js";
export { checkCertificate } from "./identity/check-certificate.js";
export { checkIssuers } from "./identity/check-issuers.js";
export { type DerElement, listOf, readDer } from "./identity/der.js";
export { createIdentity } from "./identity/identity.js";
export { createIdentityFolder, type IdentityFolder } from "./identity/identity-folder.js";
export { caDigest, formatJoinToken } from "./identity/join-token.js";
export { certificatesFromPem } from "./identity/pem.js";
export { writePrivateFile } from "./identity/private-file.js";
export { isRecoveryProved, type ProvedRecovery, proveRecovery } from "./identity/recovery-proof.js";
export { type OpenedDocument, openDocument, type SignedDocument, signDocument } from "./identity/signed-document.js";
export type { SourceContact } from "./identity/source-contact.js";
export { notPermitted, unreadable } from "./identity/unreadable.js";
export { type Peer, verifyPeer } from "./identity/verify-peer.js";
export { writeDer } from "./identity/write-der.js";

// Tokens.

export { actClaim, delegateScope, exchangeScope, maximumActors } from "./token/actors.js";
export {
  maximumConditionLength,
  maximumConditions,
  maximumNarrowedScopes,
  type NarrowedScopes,
} from "./token/narrowed-scope.js";
export {
  type ApprovedCall,
  approvalClaim,
  delegationClaim,
  maximumMethods,
  methodsClaim,
  type TokenLimits,
} from "./token/read-delegation.js";
export { tokenFault } from "./token/token-fault.js";
export { maximumTokenLifetimeMs, type TokenAlgorithm, type TokenRules } from "./token/token-rules.js";
export {
  exchangedClaim,
  grantsClaim,
  narrowedClaim,
  unsafeVerifyUnbound,
  type VerifiedToken,
  verifyToken,
} from "./token/verify-token.js";
export {
  issuerOf,
  verifyWorkloadToken,
  type Workload,
  type WorkloadExpectation,
  workloadAlgorithms,
} from "./token/verify-workload-token.js";

// Identities of other sources.

export {
  type CheckedIdentity,
  checkIdentity,
  type IdentityNames,
  type IdentityParts,
  type IdentityWithRoots,
  maximumChain,
  maximumRoots,
} from "./providers/check-identity.js";
export { refuseAnother, takeOver, type WatchedIdentity } from "./providers/take-over.js";

// Keys of other issuers.

export { askForJson, type HttpsAnswer, type HttpsRequest } from "./providers/ask-for-json.js";
export { issuerFailure } from "./providers/issuer-failure.js";
export { httpsUrl, readKeys } from "./providers/issuer-metadata.js";

// Trust.

export {
  type FederatedDomain,
  maximumFederatedBytes,
  maximumFederatedCas,
  maximumFederatedDomains,
  maximumFederatedNameBytes,
  maximumFederatedNames,
  readFederated,
} from "./trust/federated-domain.js";
export { maximumRetiredMethods } from "./trust/retired-methods.js";
export { subjectFromWire, subjectToWire, type WireSubject } from "./trust/subject-wire.js";
export { createTrust, type MutableTrust } from "./trust/trust.js";
export { createTrustFolder } from "./trust/trust-folder.js";

// Addresses.

export {
  type Address,
  bracketed,
  formatAddress,
  isEveryInterface,
  isLoopback,
  readAddress,
  readAdvertised,
  readInterface,
} from "./base/address.js";
export { type OwnAddress, ownAddresses } from "./base/own-addresses.js";
export { createReachableAddress, reachableHost } from "./listener/reachable-address.js";

// Traces.

export { activeSpan, type SpanIds } from "./base/active-span.js";
export { createBeginTrace } from "./tracing/begin-trace.js";
export { endReasons, ownAttributes, ownReason, reasonOfCode } from "./tracing/call-ending.js";
export type { BeginTrace, ClientTrace } from "./tracing/client-trace.js";
export { activeTraceparent, beginLinkedSpan, type LinkedSpan } from "./tracing/linked-span.js";
export { runInTrace } from "./tracing/served-trace.js";

// Small tools.

export { setAlarm } from "./base/alarm.js";
export { type Backoff, type BackoffOptions, createBackoff } from "./base/backoff.js";
export { clockSkewMs, monotonicOf } from "./base/clock.js";
export { denial } from "./base/error.js";
export { createHistogram, type Histogram } from "./base/histogram.js";
export { createLineWriter } from "./base/line-writer.js";
export { checkLog, toLine } from "./base/log.js";
export { logDenials } from "./base/log-denials.js";
export { namedLog } from "./base/named-log.js";
export { pause } from "./base/pause.js";
export { printable } from "./base/printable.js";
export { createRateLimiter, type LocalRateLimiter } from "./base/rate-limiter.js";
export { createRecorder, otherMethods, type Recorder, type UsageCount } from "./base/recorder.js";
export { reportHandlerFault } from "./base/report-handler-fault.js";
export { SharedMetadata } from "./base/shared-metadata.js";
export { createListeners } from "./base/subscription.js";
export { ErrorInfo, Status } from "./gen/google/rpc/status.js";

// For `@interlock/testing`, which calls handlers in one process: the two ends of a call, to be put together over TLS in memory.
// Nothing here takes a connection without TLS, or a call past the admission chain. It is for tests, and nothing else uses it.

export { bearerFault } from "./admission/bearer-fault.js";
export { createConnection } from "./admission/connection.js";
export { type Connections, createConnections } from "./admission/connections.js";
export { createRefuseEnded } from "./admission/refuse-ended.js";
export { deprecationMetadata } from "./base/deprecation-metadata.js";
export { createRoster, type Roster } from "./base/roster.js";
export { checkInterceptors } from "./base/run-interceptors.js";
export type { Cancelable } from "./client/call-under-way.js";
export type { Channel } from "./client/channel.js";
export { createClient } from "./client/client.js";
export { checkClientOptions } from "./client/client-options.js";
export type { Connector } from "./client/connector.js";
export { createDeprecationLog } from "./client/deprecation-log.js";
export { createRetryBudget } from "./client/retry-budget.js";
export { createServerProof, type ServerProof } from "./client/server-proof.js";
export type { TokenNeed } from "./client/token-need.js";
export { keepPeerChains, peerChain, withoutConversion } from "./identity/peer-chain.js";
export { tlsContext } from "./identity/tls-context.js";
export { writeOid } from "./identity/write-der.js";
export { readPeer } from "./listener/read-peer.js";
export { createCallServer } from "./server/call-server.js";
export { findHandler } from "./server/find-handler.js";
export { interceptHandler } from "./server/intercept-handler.js";
export { maximumRequestBytes } from "./server/limits.js";
export type { RouteLimits } from "./server/options.js";
export { createRequestGuards } from "./server/request-guard.js";
export { createRunHandler } from "./server/run-handler.js";
export type { RunnableMethod } from "./server/served-call.js";
export { createUnpacker } from "./server/unpacker.js";
export type { CallHost } from "./transport/call-host.js";
export { createWireChannel } from "./transport/create-wire-channel.js";
export type { ParentCall } from "./transport/grpc-types.js";
export type { Link } from "./transport/link.js";
export { outside } from "./transport/outside.js";
export { deadlineOf, followParent } from "./transport/parent-call.js";
export { RequestHeaders } from "./transport/request-headers.js";
export { secureSocket } from "./transport/secure-socket.js";
export { WireCall } from "./transport/wire-call.js";
