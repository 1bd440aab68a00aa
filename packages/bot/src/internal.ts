// For the sister packages of this repository. There is no promise of stability: import from `@interlock/bot` instead.

// Putting a bot together from its parts.

export { type BotParts, createBot } from "./bot.js";
export { type AuthorityRecord, createAuthorityFile } from "./fleet/authority-file.js";
export type { Membership } from "./membership.js";
export { type ObservedBot, observeBot } from "./telemetry/observe-bot.js";

// Serving.

export {
  createListener,
  type Listener,
  type ListenerOptions,
  type ServerKeyPair,
  type Stranger,
} from "./listener/listener.js";
export { sourceOf } from "./listener/source.js";
export { createServer } from "./server/create-server.js";
export type { Enrollment, ServerOptions } from "./server/options.js";

// Deciding on calls, also those that do not come through the gRPC server of this package.

export type { Attempt, AttemptedMethod } from "./admission/attempt.js";
export { type Admission, type Chain, type ChainOptions, createChain } from "./admission/chain.js";
export { addressOf, type Connection } from "./admission/connection.js";
export { createIdentify } from "./admission/identify.js";

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
export { writeDer } from "./identity/write-der.js";

// Tokens.

export { actClaim, exchangeScope, maximumActors } from "./token/actors.js";
export { tokenFault } from "./token/token-fault.js";
export { maximumTokenLifetimeMs, type TokenAlgorithm, type TokenRules } from "./token/token-rules.js";
export {
  exchangedClaim,
  grantsClaim,
  unsafeVerifyUnbound,
  type VerifiedToken,
  verifyToken,
} from "./token/verify-token.js";

// Trust.

export { subjectFromWire, subjectToWire, type WireSubject } from "./trust/subject-wire.js";
export { createTrust, type MutableTrust } from "./trust/trust.js";

// Small tools.

export { type Backoff, type BackoffOptions, createBackoff } from "./base/backoff.js";
export { denial } from "./base/error.js";
export { printable } from "./base/printable.js";
export {
  type CreateRateLimiter,
  createRateLimiter,
  type LocalRateLimiter,
  type RateLimiter,
} from "./base/rate-limiter.js";
export { createRecorder, type Recorder, type UsageCount } from "./base/recorder.js";
export { createListeners } from "./base/subscription.js";
