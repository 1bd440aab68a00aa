import type { Caller, InterlockError } from "@interlock/bot";
import { subjectFromWire } from "@interlock/bot/internal";
import { matchesIdentity } from "@interlock/policy";
import { concerns } from "../../grants/keep-operator.js";
import { checkSubject, type RevocationSubject } from "../../revocations/check-subject.js";
import { revoke } from "../../revocations/revoke.js";
import { unrevoke } from "../../revocations/unrevoke.js";
import { invalid } from "../invalid.js";
import { readPage } from "../page.js";
import { revocationToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { publish } from "./publish.js";

/** The maximum length of the reason for a revocation, in characters. */
const maximumReasonLength = 500;

const subjects = "a SPIFFE ID, an identity pattern, a certificate's serial number, or a token's jti";

type Parts = Pick<AdminParts, "store" | "hub" | "clock" | "log" | "own">;

/** Creates the handlers for revocations. */
export function revocationHandlers({
  store,
  hub,
  clock,
  log,
  own,
}: Parts): AdminHandlers<"revoke" | "unrevoke" | "listRevocations"> {
  return {
    async revoke(request, { caller }) {
      const given = subjectFromWire(request.subject);
      if (!given) throw invalid(`Name what to revoke: ${subjects}.`);
      if (request.reason.length > maximumReasonLength) {
        throw invalid(`The reason is too long: use at most ${maximumReasonLength} characters.`);
      }
      if (request.reason.includes("\0")) throw invalid("The reason has a NUL character, which a store cannot hold.");
      const subject = checkSubject(given, own());
      const { trustDomain } = own();
      const { force } = request;
      const ownFault = selfRevocation(subject, caller);
      if (ownFault && !force) throw ownFault;
      const by = caller.spiffeId.uri;
      const guard = { trustDomain, force };
      const refresh = () => publish({ hub, log }, ownFault !== undefined);
      const recorded = await revoke({ store, hub: { refresh }, guard }, subject, request.reason, clock.now(), by);
      log.warn("revoked", { kind: subject.kind, subject: subject.subject, reason: recorded.reason, by: caller.name });
      const bots = (await store.bots.list()).filter((bot) => concerns(subject, bot, trustDomain)).length;
      return { revocation: revocationToWire(recorded), trustVersion: BigInt(recorded.trustVersion), bots };
    },

    async unrevoke(request, { caller }) {
      const given = subjectFromWire(request.subject);
      if (!given) throw invalid(`Name what to unrevoke: ${subjects}.`);
      const subject = checkSubject(given, own());
      const recorded = await unrevoke({ store, hub }, subject, clock.now(), caller.spiffeId.uri);
      log.warn("unrevoked", { kind: subject.kind, subject: subject.subject, by: caller.name });
      return { revocation: revocationToWire(recorded), trustVersion: BigInt(recorded.trustVersion) };
    },

    async listRevocations({ pageToken }) {
      const { items: revocations, nextPageToken } = await readPage(pageToken, store.revocations.page, {
        key: [0],
        keyOf: ({ trustVersion }) => [trustVersion],
        toItem: revocationToWire,
      });
      return { revocations, nextPageToken };
    },
  };
}

// A revoked operator cannot unrevoke itself, and a pattern that matches every operator leaves no operator that can.
function selfRevocation({ kind, subject }: RevocationSubject, caller: Caller): InterlockError | undefined {
  const self = { identity: caller.spiffeId.uri, certificate: caller.certificate.serial, pattern: "", token: "" };
  if (subject === self[kind]) {
    return invalid(
      "You would revoke yourself, and could not undo it. Ask another operator to do it, or repeat it with --force.",
    );
  }
  if (kind === "pattern" && matchesIdentity(subject, caller.name)) {
    return invalid(
      `"${subject}" would revoke you as well: choose a pattern that does not match ${caller.name}, or repeat it with --force.`,
    );
  }
  return undefined;
}
