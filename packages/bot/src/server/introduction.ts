import type { Metadata } from "@grpc/grpc-js";
import type { MethodKind } from "@interlock/policy";
import type { Connection } from "../admission/connection.js";
import type { Certificate } from "../identity/certificate.js";
import { offerReference } from "../token/reference.js";
import { acceptVouches, tellVoucher, vouchesIn } from "../token/vouches.js";
import type { GrpcAttempt } from "./live-call.js";
import type { ServedMethod } from "./options.js";

/** What a server needs to introduce itself in its answers. */
export interface IntroductionOptions {
  /** The server's own certificate, as it is now. */
  certificate(): Certificate;
  /** The peer of a connection vouches for older ones of its own; gives those that are accepted. */
  vouch(later: Connection, vouches: readonly string[]): string[];
}

/**
 * Makes the initial metadata of an answer that is Interlock's own, if there is any: what is said of a deprecation, the voucher of a
 * connection, and the offer to take references to a token that was verified just now.
 */
export function introduce(
  attempt: GrpcAttempt,
  { deprecation }: Pick<ServedMethod, "deprecation">,
  isVerifiedNow: boolean,
  { certificate, vouch }: IntroductionOptions,
): Metadata | undefined {
  const { connection, method, authorization } = attempt;
  const offered = isVerifiedNow && authorization.length > 0 ? offerReference(certificate()) : undefined;
  const offer = deprecation ? withDeprecation(deprecation, method.kind, offered) : offered;
  // A stream may outlive the certificates of its connection.
  if (method.kind !== "unary") return tellVoucher(connection.voucher, offer);
  // Vouches are read only where tokens need not be shown: to make the metadata of each call would cost it a tenth.
  const vouches = method.policy.anyBot ? vouchesIn(attempt.metadata) : none;
  if (vouches.length === 0) return offer;
  return acceptVouches(vouch(connection, vouches), offer?.clone());
}

const none: readonly string[] = [];

/** Adds what is said of a deprecation to the metadata of an answer. That of a method is shared where nothing else is said. */
function withDeprecation(deprecation: Metadata, kind: MethodKind, offered: Metadata | undefined): Metadata {
  if (kind === "unary" && !offered) return deprecation;
  const both = deprecation.clone();
  if (offered) both.merge(offered);
  return both;
}
