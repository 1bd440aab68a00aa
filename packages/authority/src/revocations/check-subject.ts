import { InterlockError } from "@interlock/bot";
import { isFederatedPattern, isIdentityPattern, matchesIdentity, parseSpiffeId, spiffeId } from "@interlock/policy";
import { authorityName } from "../names.js";
import type { RevocationRow } from "../store/schema.js";

/** The subject of a revocation: its kind, and what it names. */
export type RevocationSubject = Pick<RevocationRow, "kind" | "subject">;

/** The authority itself, which must not be revoked. */
export interface Own {
  readonly trustDomain: string;
  /** Whether another trust domain is federated, so that bots of it can be revoked. Default: none is. */
  isFederated?(trustDomain: string): boolean;
  /** The serial number of its certificate. */
  readonly serial: string;
}

/**
 * Checks a subject and returns its canonical form, for example a serial number in lower case without leading zeros.
 * Throws `INVALID_ARGUMENT` for a subject that cannot be revoked.
 */
export function checkSubject(given: RevocationSubject, own: Own): RevocationSubject {
  return { kind: given.kind, subject: checks[given.kind](given.subject, own) };
}

const checks: Record<RevocationSubject["kind"], (subject: string, own: Own) => string> = {
  identity(subject, { trustDomain, isFederated }) {
    const id = parseSpiffeId(subject);
    if (!id) throw invalid("That is not a SPIFFE ID: write spiffe://<trust domain>/<name>.");
    if (id.trustDomain !== trustDomain && isFederated?.(id.trustDomain)) return subject;
    if (id.trustDomain !== trustDomain) {
      throw invalid(
        `${subject} belongs to another trust domain: only bots of "${trustDomain}", and of federated trust domains, can be revoked here.`,
      );
    }
    if (subject === spiffeId(trustDomain, authorityName).uri) {
      throw invalid("The authority cannot be revoked: no bot would receive any revocation after that.");
    }
    return subject;
  },
  pattern(subject, { isFederated }) {
    const [, , foreign = ""] = subject.split("/");
    if (isFederatedPattern(subject) && isFederated?.(foreign) && subject.length <= 255) return subject;
    if (!isIdentityPattern(subject) || subject.length > 255) {
      throw invalid("That is not an identity pattern: write a name with * for one segment, for example worker/*.");
    }
    if (matchesIdentity(subject, authorityName)) {
      throw invalid(`"${subject}" would revoke the authority as well: choose a pattern that does not match it.`);
    }
    return subject;
  },
  certificate(subject, own) {
    const serial = subject.toLowerCase().replace(/^0+(?=.)/, "");
    if (!/^[0-9a-f]{1,40}$/.test(serial))
      throw invalid("That is not a serial number: write it in hex, without colons.");
    if (serial === own.serial) {
      throw invalid("That is the authority's own certificate: restart the authority for a new one, then revoke this.");
    }
    return serial;
  },
  token(subject) {
    if (!/^[\w.~+/=-]{1,128}$/.test(subject)) throw invalid("That is not a token ID: write the token's jti.");
    return subject;
  },
};

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
