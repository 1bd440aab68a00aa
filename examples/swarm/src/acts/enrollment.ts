import { certificatesToPem, createCsr, createKeyPair, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import type { Credentials } from "../credentials.js";
import type { Fleet } from "../fleet.js";
import { rawCall } from "../raw-client.js";
import type { Act } from "./act.js";
import { refusal } from "./refusal.js";

const { confirm, renew } = AuthorityService.methods;

export const replayedJoinToken = refusal({
  name: "replayed-join-token",
  attacker: "a dumpster diver",
  title: "A stranger finds a used join token in the trash, and tries to join with it",
  bars: [7],
  expected: ["UNAUTHENTICATED", "JOIN_TOKEN_USED"],
  async control({ fleet }) {
    const joinToken = await fleet.invite("courier/1");
    await enter(fleet, joinToken, "courier/1");
    return joinToken;
  },
  attack: ({ fleet }, joinToken) => enter(fleet, joinToken, "a-folder-in-a-cellar"),
});

async function enter({ authority, folderOf }: Fleet, joinToken: string, folder: string): Promise<void> {
  const at = { authority: authority.address, stateDir: folderOf(folder), log: silentLog };
  const bot = await joinFleet({ ...at, name: "courier/1", joinToken });
  await bot.close(0);
}

const copied = refusal({
  name: "clone",
  attacker: "a copy",
  title: "A copy of a bot's disk requests the next certificate after the bot has renewed",
  bars: [7],
  expected: ["PERMISSION_DENIED", "CLONE_DETECTED"],
  async control({ fleet }) {
    await (await fleet.join("courier/2")).close(0);
    const loot = await fleet.loot("courier/2");
    const renewed = await next(fleet, loot);
    // The new certificate is in use: from now on the previous one cannot renew.
    await rawCall({ ...fleet.authority, identity: renewed, method: confirm, request: {} });
    return loot;
  },
  attack: ({ fleet }, loot) => next(fleet, loot),
});

export const clone: Act = {
  ...copied,
  async play(stage) {
    const seen = await copied.play(stage);
    // The alarm is attended to: the name is given up, so that an audit has nothing to find.
    await stage.operator.client(AdminService, stage.fleet.authority.address).retireBot({ name: "courier/2" });
    return seen;
  },
};

/** Requests the next certificate with the current one. */
async function next({ authority }: Fleet, identity: Credentials): Promise<Credentials> {
  const keys = await createKeyPair();
  const request = { csr: await createCsr(keys, "spiffe://swarm/courier/2") };
  const { certificate } = await rawCall({ ...authority, identity, method: renew, request });
  return { key: keys.privateKeyPem, certificate: certificatesToPem(certificate?.chain ?? []) };
}
