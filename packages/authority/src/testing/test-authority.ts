import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { type Authority, startAuthority } from "../authority.js";
import type { AuthorityOptions } from "../options.js";

/** An authority of the trust domain `cafe` in a folder of its own, with the bots that have joined it. */
export interface TestAuthority {
  /** The running authority. */
  readonly authority: Authority;
  readonly folder: string;
  /** A bot that joins with a new token, or with the identity it has. */
  bot(name: string): Promise<Bot>;
  /** Starts the authority again for the same fleet, with other options. */
  restart(options?: Partial<AuthorityOptions>): Promise<Authority>;
  /** Ends the bots and the authority, and removes the folder. */
  close(): Promise<void>;
}

/** Starts one. */
export async function startTestAuthority(options: Partial<AuthorityOptions> = {}): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-authority-"));
  const basis = { dataDir: join(folder, "authority"), trustDomain: "cafe", port: 0, log: silentLog };
  let authority = await startAuthority({ ...basis, ...options });
  const bots: Bot[] = [];
  return {
    get authority() {
      return authority;
    },
    folder,
    async bot(name) {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, "bots", name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    },
    async restart(changed = {}) {
      const { port } = authority;
      await authority.close();
      authority = await startAuthority({ ...basis, port, ...changed });
      return authority;
    },
    async close() {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}
