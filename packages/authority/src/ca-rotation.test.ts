import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bot, InterlockError, joinFleet, type Log, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { type Authority, startAuthority } from "./authority.js";

// So that bots follow within three seconds: a tenth of the life of a certificate.
const times = { leafTtlMs: 30_000, staleAfterMs: 5_000 };

describe("a CA that is rotated", () => {
  let folder: string;
  let authority: Authority;
  let bots: Bot[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-rotation-"));
    bots = [];
    authority = await start();
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  const start = (port = 0) =>
    startAuthority({ dataDir: join(folder, "authority"), trustDomain: "cafe", port, log: silentLog, ...times });

  /** Joins; or comes back with what it has kept, where there is no token. */
  async function enter(name: string, joinToken?: string, log: Log = silentLog): Promise<Bot> {
    const options = { authority: authority.address, name, stateDir: join(folder, name), log };
    const bot = await joinFleet({ ...options, ...(joinToken !== undefined && { joinToken }) });
    bots.push(bot);
    return bot;
  }
  const join1 = async (name: string) => enter(name, await authority.createJoinToken(name));
  const operator = async () => (await join1("operator/alice")).client(AdminService, authority.address);
  const intermediate = ({ identity }: Bot) => Buffer.from(identity.current().chain[1] ?? []).toString("base64");
  const renewed = (bot: Bot, from: string) =>
    new Promise<void>((resolve) => {
      const look = () => intermediate(bot) !== from && resolve();
      bot.identity.onChange(look);
      look();
    });
  const roots = ({ trust }: Bot, count: number) =>
    new Promise<void>((resolve) => {
      const look = () => trust.state.caCertificates.length === count && resolve();
      trust.onChange(look);
      look();
    });

  it("is followed by a bot that is there, and caught up with by one that was away", async () => {
    const away = await join1("gripper/1");
    const before = intermediate(away);
    await away.close(0);
    const admin = await operator();
    const [alice] = bots.slice(-1) as [Bot];
    await admin.prepareCa({});
    await admin.activateCa({ force: true });
    await renewed(alice, before);

    const back = await enter("gripper/1");
    assert.equal(intermediate(back), before, "as it was saved");
    await renewed(back, before);
    await roots(back, 2);
    await back.client(AuthorityService, authority.address).report({});
    // Who joins now pins the root below which the authority stands, and trusts both.
    const late = await join1("gripper/2");
    assert.equal(late.trust.state.caCertificates.length, 2);
    assert.equal(intermediate(late), intermediate(back));
  });

  it("goes on after a restart in the middle of it", async () => {
    const bot = await join1("gripper/1");
    const before = intermediate(bot);
    await (await operator()).prepareCa({});
    await roots(bot, 2);
    const { port } = authority;
    await authority.close();
    authority = await start(port);
    const admin = await operator();
    assert.deepEqual(
      (await admin.listCas({})).cas.map(({ state }) => state),
      ["active", "prepared"],
    );
    await admin.activateCa({ force: true });
    await renewed(bot, before);
    await assert.rejects(admin.withdrawCa({}), { code: "FAILED_PRECONDITION" });
  });

  it("cuts off a bot that stays below the old root when that is withdrawn by force, and tells it to join again", async () => {
    const old = await join1("gripper/1");
    const lost = await join1("gripper/2");
    const before = intermediate(old);
    for (const bot of [old, lost]) await bot.close(0);
    const admin = await operator();
    const [alice] = bots.slice(-1) as [Bot];
    const pinned = authority.caDigest;
    const stale = await authority.createJoinToken("gripper/3");
    await admin.prepareCa({});
    await admin.activateCa({ force: true });
    await renewed(alice, before);
    const back = await enter("gripper/2");
    await renewed(back, before);
    await back.close(0);
    await admin.withdrawCa({ force: true });
    await roots(alice, 1);
    assert.notDeepEqual(authority.caDigest, pinned);
    await admin.listCas({});

    const lines: string[] = [];
    const log: Log = { ...silentLog, warn: (message, fields) => void lines.push(`${message} ${fields?.error}`) };
    const gone = await enter("gripper/1", undefined, log);
    await assert.rejects(gone.client(AuthorityService, authority.address).report({}), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.equal(error.reason, "CERTIFICATE_UNTRUSTED", error.message);
      assert.match(error.message, /has to join again/);
      return true;
    });
    // Who knew the new one in time has no trouble.
    await (await enter("gripper/2")).client(AuthorityService, authority.address).report({});
    await assert.rejects(enter("gripper/3", stale), { reason: "CA_PIN_MISMATCH" });
    await (await enter("gripper/1", await authority.createJoinToken("gripper/1")))
      .client(AuthorityService, authority.address)
      .report({});
  });
});
