// Joining a fleet, serving, calling.

export { Metadata } from "@grpc/grpc-js";
export type { Caller } from "./admission/caller.js";
export type { Bot, ServeOptions } from "./bot.js";
export type { CallOptions } from "./client/call-options.js";
export type { Client, ClientMethod, Messages } from "./client/client.js";
export type { ClientOptions } from "./client/client-options.js";
export type { ClientInterceptor } from "./client/interceptor.js";
export type { CallContext } from "./context.js";
export { type JoinFleetOptions, joinFleet } from "./fleet/join-fleet.js";
export type { Handler, Implementation } from "./server/handlers.js";
export type { ServerInterceptor } from "./server/interceptor.js";
export type { BotServer, Routes } from "./server/options.js";

// Generated service definitions and their messages.

export type { Init, RequestOf, ResponseOf, ServiceDefinition } from "@interlock/policy";

// Limits that processes share.

export type { CreateRateLimiter, RateLimiter } from "./base/rate-limiter.js";

// Errors and denials.

export { InterlockError } from "./base/error.js";
export { type Code, type Reason, reasons } from "./base/reason.js";
export type { Denial } from "./base/recorder.js";

// Identities and their certificates.

export type { Certificate } from "./identity/certificate.js";
export type { Identity, IdentitySource } from "./identity/identity.js";
export { type JoinToken, parseJoinToken } from "./identity/join-token.js";
export { createCsr, createKeyPair, type KeyPair } from "./identity/key-pair.js";
export { certificatesToPem } from "./identity/pem.js";

// What a bot trusts.

export type { CutOff } from "./trust/cut-offs.js";
export type { Revocation } from "./trust/revocation.js";
export type { Trust, TrustChange, TrustState } from "./trust/trust.js";

// Identities and tokens that do not come from the authority.

export { fromFiles } from "./providers/from-files.js";
export { fromIssuer } from "./providers/from-issuer.js";
export type {
  IdentityProvider,
  IssuerProvider,
  IssuerTrust,
  ProvidedIdentity,
  ProvidedIssuer,
  ProviderContext,
} from "./providers/provider.js";
export type { TokenSource } from "./token/token-source.js";

// Logs, clocks, values that change.

export { type Clock, systemClock } from "./base/clock.js";
export { jsonLog, type Log, type LogFields, silentLog } from "./base/log.js";
export { createObservable, type MutableObservable, type Observable } from "./base/observable.js";
export type { Unsubscribe } from "./base/subscription.js";
