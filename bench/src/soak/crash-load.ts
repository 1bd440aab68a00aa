import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { decodeJwt } from "jose";
import { digest, type Journal, type Kind } from "./crash-journal.js";

/** The authority, and the bots that put it under load. */
export interface CrashLoadOptions {
  readonly address: string;
  /** A folder for the state of the bots that join. */
  readonly folder: string;
  /** Does the work of operators. */
  readonly operator: Bot;
  /** Requests tokens; it is granted `soak:run` at `soak.v1.SoakService`. */
  readonly worker: Bot;
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

/** The audience of the tokens. */
export const soakService = "soak.v1.SoakService";

/** A grants.yaml that gives the worker the scope it requests. Each `n` has its own text. */
export function grantsOf(n: number): string {
  return `grants: {worker/1: {${soakService}: ["soak:run"]}, bot/${n}: {${soakService}: ["soak:run"]}}\n`;
}

const timeoutMs = 3_000;

/**
 * Joins, invites, grants, revokes, unrevokes, asks for tokens and rotates keys, each over and over, over real connections,
 * until `signal` aborts. What was acknowledged goes into the journal; what failed is tried no second time.
 */
export async function runCrashLoad(options: CrashLoadOptions): Promise<void> {
  const { address, folder, operator, worker, journal, signal } = options;
  const admin = operator.client(AdminService, address);
  const authority = worker.client(AuthorityService, address);
  const { bots, invites, uninvited, grants, revoked, unrevoked, tokens, keys } = journal;
  const tokenSubject = (value: string) => ({ $case: "token" as const, value });

  await Promise.all([
    repeat("join", async (n) => {
      const name = `bot/${n}`;
      const { joinToken } = await admin.createJoinToken({ name }, { timeoutMs });
      const bot = await joinFleet({
        authority: address,
        name,
        joinToken,
        stateDir: join(folder, name),
        log: silentLog,
      });
      bots.set(name, bot.identity.current().leaf.serial);
      await bot.close(0);
    }),
    repeat("invite", async (n) => {
      const { id } = await admin.createJoinToken({ name: `guest/${n}` }, { timeoutMs });
      invites.set(id, true);
    }),
    repeat("uninvite", async () => {
      const id = [...invites].find(([, kept]) => kept)?.[0];
      if (id === undefined) return false;
      invites.set(id, false);
      await admin.deleteJoinToken({ id }, { timeoutMs });
      uninvited.add(id);
      return true;
    }),
    repeat("grants", async (n) => {
      const yaml = grantsOf(n);
      const { version } = await admin.applyGrants({ yaml }, { timeoutMs });
      grants.set(version, digest(yaml));
    }),
    repeat("revoke", async (n) => {
      await admin.revoke({ subject: tokenSubject(`soak-${n}`), reason: "soak" }, { timeoutMs });
      revoked.add(`soak-${n}`);
    }),
    repeat("unrevoke", async () => {
      const [subject] = revoked.size > 5 ? revoked : [];
      if (subject === undefined) return false;
      revoked.delete(subject);
      await admin.unrevoke({ subject: tokenSubject(subject) }, { timeoutMs });
      unrevoked.add(subject);
      return true;
    }),
    ...Array.from({ length: 4 }, () =>
      repeat("token", async () => {
        const { token } = await authority.issueToken({ audience: soakService, scopes: ["soak:run"] }, { timeoutMs });
        tokens.add(String(decodeJwt(token).jti));
      }),
    ),
    repeat(
      "key",
      async () => {
        const { key } = await admin.rotateTokenKey({ leaked: true }, { timeoutMs });
        keys.add(String(key?.kid));
      },
      2_000,
    ),
  ]);

  /** Does one thing again and again; `work` says false where there was nothing to do. */
  async function repeat(kind: Kind, work: (n: number) => Promise<unknown>, pauseMs = 0): Promise<void> {
    for (let n = 0; !signal.aborted; n++) {
      try {
        const done = (await work(n)) !== false;
        if (done) journal.acknowledged[kind]++;
        await sleep(done ? pauseMs : 50, undefined, { signal });
      } catch {
        if (signal.aborted) return;
        journal.failed++;
        await sleep(100, undefined, { signal }).catch(() => {});
      }
    }
  }
}
