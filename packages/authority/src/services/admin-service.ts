import {
  type Caller,
  type Clock,
  type IdentitySource,
  type Implementation,
  InterlockError,
  type Log,
} from "@interlock/bot";
import { caDigest, denial, parseCertificate, subjectFromWire } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { matchesIdentity, parseSpiffeId, spiffeId } from "@interlock/policy";
import { caId } from "../ca/ca-keys.js";
import { caStatuses } from "../ca/ca-status.js";
import type { CaBasis, CertificateAuthority } from "../ca/certificate-authority.js";
import { importIntermediate, requestIntermediate } from "../ca/import-ca.js";
import { activateCa, prepareCa, withdrawCa } from "../ca/rotate-ca.js";
import { retire } from "../enrollment/retire.js";
import type { GrantChange } from "../grants/diff-grants.js";
import type { GrantStore } from "../grants/grant-store.js";
import { type CreatedJoinToken, createJoinToken } from "../join-tokens/create-join-token.js";
import { deleteJoinToken } from "../join-tokens/delete-join-token.js";
import { isOperatorName } from "../names.js";
import { findEndpoints } from "../reports/find-endpoints.js";
import { checkSubject, type Own, type RevocationSubject } from "../revocations/check-subject.js";
import { revoke } from "../revocations/revoke.js";
import { unlock } from "../revocations/unrevoke.js";
import type { BotRow, CaCertificateRow, SigningKeyRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { keyState } from "../tokens/key-schedule.js";
import type { TokenSigner } from "../tokens/token-signer.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { botToWire, caToWire, revocationToWire } from "./to-wire.js";

/** The longest reason for a revocation, in characters. */
const maximumReasonLength = 500;

const subjects = "a SPIFFE ID, an identity pattern, a certificate's serial number, or a token's jti";

/** How many versions of the grants are listed at most. */
const maximumListedVersions = 1_000;

/** How many records of the audit log are listed at most. */
const maximumListedRecords = 500;

/** How many rows of usage are listed at most. */
const maximumListedUsage = 10_000;

/** What the AdminService stands on. */
export interface AdminServiceOptions {
  readonly store: Store;
  readonly grants: GrantStore;
  readonly hub: TrustHub;
  readonly signer: TokenSigner;
  /** After how long without a word a bot's trust is stale, in milliseconds. */
  readonly staleAfterMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly ca: Pick<CertificateAuthority, "pinned">;
  readonly caBasis: CaBasis;
  /** The authority's own. */
  readonly identity: IdentitySource;
  own(): Own;
}

/** Serves the people who run the fleet. */
export function createAdminService(options: AdminServiceOptions): Implementation<typeof AdminService> {
  const { store, grants, hub, signer, clock, log, staleAfterMs, ca, caBasis, identity, own } = options;

  /** Tells every bot: after the answer, where the caller's own token becomes worthless, and with it the call. */
  async function publish(endsOwnCall: boolean): Promise<void> {
    if (!endsOwnCall) return hub.refresh();
    setImmediate(() => hub.refresh().catch((error) => log.error("trust not refreshed", { error: String(error) })));
  }

  async function applyGrants(yaml: string, dryRun: boolean, caller: Caller) {
    const by = caller.spiffeId.uri;
    if (dryRun) await grants.refresh();
    const applied = dryRun ? grants.preview(yaml) : await grants.apply(yaml, by, clock.now());
    if (!dryRun) {
      await publish(applied.changes.some((change) => takesFrom(change, caller)));
      log.info("grants applied", { version: applied.version, changes: applied.changes.length, by });
    }
    return { changes: applied.changes, version: BigInt(applied.version) };
  }

  /** Changes the CA, tells every bot, and gives what is left of the root in question. */
  async function changeCa(done: string, caller: Caller, change: (by: string) => Promise<CaCertificateRow>) {
    const { digest } = await change(caller.spiffeId.uri);
    await publish(false);
    log.warn(`CA ${done}`, { id: caId(digest), by: caller.name });
    const status = (await caStatuses(caBasis)).find(({ root }) => root.digest === digest);
    return { id: caId(digest), ...(status && { ca: caToWire(status) }) };
  }

  function keyToWire(key: SigningKeyRow) {
    const { kid, signsFrom, withdrawnAt } = key;
    const state = keyState(key, signer.keys, clock.now());
    return {
      kid,
      state,
      signsFrom: new Date(signsFrom),
      ...(withdrawnAt !== null && { withdrawnAt: new Date(withdrawnAt) }),
    };
  }

  return {
    async createJoinToken({ name, ttlSeconds, uses }, { caller }) {
      refuseMakingOperators(name, caller);
      const created: CreatedJoinToken = await createJoinToken({
        store,
        trustDomain: own().trustDomain,
        caDigest: caDigest(ca.pinned),
        name,
        uses: uses === 0 ? undefined : uses,
        ttlMs: ttlSeconds === 0 ? undefined : ttlSeconds * 1_000,
        now: clock.now(),
        by: caller.spiffeId.uri,
      });
      log.info("join token created", { id: created.id, name, by: caller.name });
      return { ...created, expiresAt: new Date(created.expiresAt) };
    },

    async listJoinTokens() {
      const joinTokens = (await store.joinTokens.list()).map(({ id, name, createdAt, expiresAt, uses, used }) => {
        return { id, name, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt), uses, used };
      });
      return { joinTokens };
    },

    async deleteJoinToken({ id }, { caller }) {
      await deleteJoinToken(store, id, clock.now(), caller.spiffeId.uri);
      log.info("join token deleted", { id, by: caller.name });
      return {};
    },

    async retireBot({ name }, { caller }) {
      const { trustDomain } = own();
      const bot = await retire({ store, trustDomain }, name, clock.now(), caller.spiffeId.uri);
      log.warn("bot retired", { name, by: caller.name });
      return { bot: botToWire(bot, trustDomain) };
    },

    async getStatus() {
      const { trustDomain, version, caCertificates, revocations } = hub.trust.state;
      const bots = (await store.bots.list()).filter(({ retiredAt }) => retiredAt === null).length;
      const caExpiresAt = Math.min(...caCertificates.map((der) => parseCertificate(der).notAfter));
      return {
        trustDomain,
        trustVersion: version,
        staleAfterSeconds: Math.ceil(staleAfterMs / 1_000),
        caExpiresAt: new Date(caExpiresAt),
        certificateExpiresAt: new Date(identity.current().leaf.notAfter),
        bots,
        botsConnected: hub.watchers,
        locks: revocations.length,
      };
    },

    async listBots() {
      const shutOut = new Map(hub.trust.state.revocations.map((r) => [`${r.kind} ${r.subject}`, r]));
      const patterns = [...shutOut.values()].filter(({ kind }) => kind === "pattern");
      const bots = (await store.bots.list()).map((bot) => {
        const wire = botToWire(bot, own().trustDomain);
        const revocation =
          shutOut.get(`identity ${wire.spiffeId}`) ??
          shutOut.get(`certificate ${bot.certificateSerial}`) ??
          patterns.find(({ subject }) => matchesIdentity(subject, bot.name));
        return { ...wire, ...(revocation && { revocation: revocationToWire(revocation) }) };
      });
      return { bots };
    },

    async getGrants({ version }) {
      if (version > 0n) return { yaml: await grants.version(Number(version)), version };
      await grants.refresh();
      const file = grants.file();
      return { yaml: file.yaml, version: BigInt(file.version) };
    },

    async applyGrants({ yaml, dryRun }, { caller }) {
      return applyGrants(yaml, dryRun, caller);
    },

    async listGrantVersions() {
      const versions = (await store.grantVersions.list(maximumListedVersions)).map((row) => {
        return { version: BigInt(row.version), appliedAt: new Date(row.appliedAt), appliedBy: row.appliedBy };
      });
      return { versions };
    },

    async rollbackGrants({ version, dryRun }, { caller }) {
      return applyGrants(await grants.version(Number(version)), dryRun, caller);
    },

    async revoke(request, { caller }) {
      const given = subjectFromWire(request.subject);
      if (!given) throw invalid(`Say what to revoke: ${subjects}.`);
      if (request.reason.length > maximumReasonLength)
        throw invalid("The reason is too long: say it in 500 characters.");
      const subject = checkSubject(given, own());
      refuseLockingOneselfOut(subject, caller);
      const { trustVersion, ...revocation } = await revoke(
        { store, hub },
        subject,
        request.reason,
        clock.now(),
        caller.spiffeId.uri,
      );
      log.warn("revoked", { ...subject, reason: revocation.reason, by: caller.name });
      const bots = (await store.bots.list()).filter((bot) => shutsOut(subject, bot, own().trustDomain)).length;
      return { revocation: revocationToWire(revocation), trustVersion: BigInt(trustVersion), bots };
    },

    async unlock(request, { caller }) {
      const given = subjectFromWire(request.subject);
      if (!given) throw invalid(`Say what to unlock: ${subjects}.`);
      const { trustVersion, ...revocation } = await unlock(
        { store, hub },
        checkSubject(given, own()),
        clock.now(),
        caller.spiffeId.uri,
      );
      log.warn("unlocked", { ...given, by: caller.name });
      return { revocation: revocationToWire(revocation), trustVersion: BigInt(trustVersion) };
    },

    async listLocks() {
      return { locks: (await store.revocations.list()).map(revocationToWire) };
    },

    async listLog({ after, limit }) {
      const { checkpoint, head } = await store.auditLog.ends();
      const most = limit === 0 ? maximumListedRecords : Math.min(limit, maximumListedRecords);
      const records = (await store.auditLog.list(Number(after), most)).map((record) => {
        return { ...record, seq: BigInt(record.seq), at: BigInt(record.at) };
      });
      return {
        records,
        checkpoint: { ...checkpoint, seq: BigInt(checkpoint.seq) },
        head: { ...head, seq: BigInt(head.seq) },
      };
    },

    async listTokenKeys() {
      await signer.refresh();
      return { keys: signer.keys.map(keyToWire) };
    },

    async rotateTokenKey({ leaked }, { caller }) {
      // A bot that has not heard of the key by then takes its own trust for stale.
      const key = await signer.rotate({ leadMs: staleAfterMs, leaked, by: caller.spiffeId.uri });
      await publish(leaked);
      log.warn("token key rotated", { kid: key.kid, leaked, by: caller.name });
      return { key: keyToWire(key) };
    },

    async listCas() {
      return { cas: (await caStatuses(caBasis)).map(caToWire) };
    },

    prepareCa: (_request, { caller }) => changeCa("prepared", caller, (by) => prepareCa(caBasis, by)),

    activateCa: ({ id, force }, { caller }) =>
      changeCa("activated", caller, (by) => activateCa(caBasis, { id, force, by }, staleAfterMs)),

    async withdrawCa({ id, force }, { caller }) {
      const { root, forgetKeys } = await withdrawCa(caBasis, { id, force, by: caller.spiffeId.uri });
      // After the answer: the caller's own connection may hang on that root.
      await publish(true);
      setImmediate(() => forgetKeys().catch((error) => log.error("CA keys not removed", { error: String(error) })));
      log.warn("CA withdrawn", { id: caId(root.digest), by: caller.name });
      return { id: caId(root.digest) };
    },

    async requestIntermediate(_request, { caller }) {
      const csr = await requestIntermediate(caBasis);
      log.info("intermediate requested", { by: caller.name });
      return { csr };
    },

    importIntermediate: ({ chain, privateKey }, { caller }) =>
      changeCa("imported", caller, (by) => {
        return importIntermediate(caBasis, { chainPem: chain, privateKeyPem: privateKey, by });
      }),

    async findEndpoints({ service }) {
      const locked = hub.trust.state.revocations.filter(({ kind }) => kind === "pattern");
      const nameOf = (uri: string) => parseSpiffeId(uri)?.name ?? "";
      const endpoints = (await findEndpoints(store.endpoints, service)).filter(
        ({ spiffeId }) => !locked.some(({ subject }) => matchesIdentity(subject, nameOf(spiffeId))),
      );
      return { endpoints: endpoints.map(({ spiffeId, service, address }) => ({ spiffeId, service, address })) };
    },

    async listUsage() {
      const rows = await store.usage.list(maximumListedUsage);
      return { usage: rows.map((row) => ({ ...row, count: BigInt(row.count), lastAt: new Date(row.lastAt) })) };
    },
  };
}

/** Whether a bot on record is shut out; a token leads to none. */
function shutsOut({ kind, subject }: RevocationSubject, bot: BotRow, trustDomain: string): boolean {
  if (kind === "identity") return spiffeId(trustDomain, bot.name).uri === subject;
  if (kind === "pattern") return matchesIdentity(subject, bot.name);
  return kind === "certificate" && bot.certificateSerial === subject;
}

function takesFrom({ added, service, identity }: GrantChange, caller: Caller): boolean {
  return !added && service === AdminService.name && matchesIdentity(identity, caller.name);
}

// A pattern that matches its own author would leave nobody to take it off, where it matches all operators.
function refuseLockingOneselfOut({ kind, subject }: RevocationSubject, caller: Caller): void {
  const oneself = { identity: caller.spiffeId.uri, certificate: caller.certificate.serial, pattern: "", token: "" };
  if (subject === oneself[kind]) {
    throw invalid("That is you: nobody might be left to let you in again. Let another operator do it.");
  }
  if (kind === "pattern" && matchesIdentity(subject, caller.name)) {
    throw invalid(`"${subject}" would lock you out as well: choose a pattern that does not match ${caller.name}.`);
  }
}

// An operator may do anything. So a bot that may let others in must not be able to let an operator in.
function refuseMakingOperators(name: string, caller: Caller): void {
  if (isOperatorName(name) && !isOperatorName(caller.name)) {
    throw denial("CALLER_NOT_ALLOWED", "only an operator can let another operator in", { needed: "operator/*" });
  }
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
