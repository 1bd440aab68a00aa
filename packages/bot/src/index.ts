export { Metadata } from "@grpc/grpc-js";
export type { Init, RequestOf, ResponseOf, ServiceDefinition } from "@interlock/policy";
export { type Backoff, type BackoffOptions, createBackoff } from "./backoff.js";
export { type Bot, type BotParts, type ClientOptions, createBot, type ServeOptions } from "./bot.js";
export type { CallOptions } from "./client/call-options.js";
export type { Client, ClientMethod, Messages } from "./client/client.js";
export { type Clock, systemClock } from "./clock.js";
export { addressOf, type Connection } from "./connection.js";
export type { CallContext, Caller } from "./context.js";
export { type FilesOptions, fromFiles } from "./elsewhere/from-files.js";
export { fromIssuer, type IssuerOptions } from "./elsewhere/from-issuer.js";
export type {
  IdentityProvider,
  IssuerProvider,
  IssuerTrust,
  ProvidedIdentity,
  ProvidedIssuer,
  ProviderContext,
} from "./elsewhere/provider.js";
export { type Code, denial, errorDomain, InterlockError } from "./error.js";
export { type AuthorityRecord, createAuthorityFile } from "./fleet/authority-file.js";
export { type JoinFleetOptions, joinFleet } from "./fleet/join-fleet.js";
export type { Handler, Implementation } from "./handlers.js";
export { createHolder, type Held, type Holder } from "./held.js";
export { type Certificate, parseCertificate } from "./identity/certificate.js";
export { checkCertificate } from "./identity/check-certificate.js";
export { type DerElement, listOf, readDer } from "./identity/der.js";
export { createIdentity, type Identity, type IdentitySource } from "./identity/identity.js";
export { createIdentityFolder, type IdentityFolder } from "./identity/identity-folder.js";
export { createIdentityHolder, type IdentityHolder } from "./identity/identity-holder.js";
export { caDigest, formatJoinToken, type JoinToken, parseJoinToken } from "./identity/join-token.js";
export { createCsr, createKeyPair, type KeyPair } from "./identity/key-pair.js";
export { certificatesFromPem, certificatesToPem } from "./identity/pem.js";
export { writePrivateFile } from "./identity/private-file.js";
export { writeDer } from "./identity/write-der.js";
export { createIdentify } from "./interceptors/identify.js";
export { jsonLog, type Log, type LogFields, silentLog } from "./log.js";
export type { Membership } from "./membership.js";
export { type Reason, reasons } from "./reason.js";
export { type CallTotal, createRecorder, type Denial, type Recorder, type UsageCount } from "./recorder.js";
export { createServer } from "./server/create-server.js";
export { createListener, type Listener, type ListenerOptions, type ServerKeyPair } from "./server/listener.js";
export type { BotServer, Enrollment, Routes, ServerOptions } from "./server/options.js";
export { createListeners, type Unsubscribe } from "./subscription.js";
export { type ObservedBot, observeBot } from "./telemetry/observe-bot.js";
export { actClaim, exchangeScope, maximumActors } from "./token/actors.js";
export { createTokenCache, type FetchedToken, type FetchToken } from "./token/token-cache.js";
export { tokenFault } from "./token/token-fault.js";
export { maximumTokenLifetimeMs, type TokenAlgorithm, type TokenRules } from "./token/token-rules.js";
export type { TokenCounts, TokenSource } from "./token/token-source.js";
export {
  exchangedClaim,
  grantsClaim,
  unsafeVerifyUnbound,
  type VerifiedToken,
  verifyToken,
} from "./token/verify-token.js";
export { createTokenBuckets, type TokenBuckets } from "./token-buckets.js";
export type { CutOff } from "./trust/cut-offs.js";
export type { Freshness } from "./trust/staleness.js";
export { subjectFromWire, subjectToWire, type WireSubject } from "./trust/subject-wire.js";
export { createTrust, type MutableTrust, type Revocation, type Trust, type TrustState } from "./trust/trust.js";
