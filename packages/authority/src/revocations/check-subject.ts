import { InterlockError } from "@interlock/bot";
import { isIdentityPattern, matchesIdentity, parseSpiffeId, spiffeId } from "@interlock/policy";
import { authorityName } from "../names.js";
import type { RevocationRow } from "../store/schema.js";

/** Something to shut out. */
export type RevocationSubject = Pick<RevocationRow, "kind" | "subject">;

/** What must not be shut out: the authority itself. */
export interface Own {
  readonly trustDomain: string;
  /** The serial number of its certificate. */
  readonly serial: string;
}

/**
 * Brings a subject into the form in which it is compared, for example a serial number in lower case without leading
 * zeros. Throws `INVALID_ARGUMENT` when it names nothing that can be shut out.
 */
export function checkSubject(given: RevocationSubject, own: Own): RevocationSubject {
  return { kind: given.kind, subject: checks[given.kind](given.subject, own) };
}

const checks: Record<RevocationSubject["kind"], (subject: string, own: Own) => string> = {
  identity(subject, { trustDomain }) {
    const id = parseSpiffeId(subject);
    if (!id) throw invalid("That is no SPIFFE ID: write spiffe://<trust domain>/<name>.");
    if (id.trustDomain !== trustDomain) {
      throw invalid(`${subject} is of another trust domain: only bots of "${trustDomain}" can be revoked here.`);
    }
    if (subject === spiffeId(trustDomain, authorityName).uri) {
      throw invalid("The authority cannot revoke itself: nobody would be left to say so.");
    }
    return subject;
  },
  pattern(subject) {
    if (!isIdentityPattern(subject) || subject.length > 255) {
      throw invalid("That is no identity pattern: write a name in which * stands for one segment, as in worker/*.");
    }
    if (matchesIdentity(subject, authorityName)) {
      throw invalid(`"${subject}" would lock out the authority as well: choose a pattern that does not match it.`);
    }
    return subject;
  },
  certificate(subject, own) {
    const serial = subject.toLowerCase().replace(/^0+(?=.)/, "");
    if (!/^[0-9a-f]{1,40}$/.test(serial)) throw invalid("That is no serial number: write it in hex, without colons.");
    if (serial === own.serial) {
      throw invalid("That is the authority's own certificate: restart the authority for a new one, then revoke this.");
    }
    return serial;
  },
  token(subject) {
    if (!/^[\w.~+/=-]{1,128}$/.test(subject)) throw invalid("That is no token ID: write the token's jti.");
    return subject;
  },
};

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
