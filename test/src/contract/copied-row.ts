import { type Bot, createCsr, createKeyPair, type Identity, type MutableObservable } from "@interlock/bot";
import { createIdentity } from "@interlock/bot/internal";
import { AuthorityService, IssueTokenRequest, WatchTrustRequest } from "@interlock/bot/protocol";
import { type AuthorityStage, authorityStage } from "./authority-stage.js";
import { audience } from "./echo-stage.js";
import type { Row, Variant } from "./row.js";

const { issueToken, watchTrust, confirm } = AuthorityService.methods;
const tokenRequest = IssueTokenRequest.encode(
  IssueTokenRequest.fromPartial({ audience, scopes: ["echo:call"] }),
).finish();

/** Renews a bot as it does by itself, and uses the new certificate. */
async function renewed(stage: AuthorityStage, bot: Bot): Promise<void> {
  const client = bot.client(AuthorityService, stage.authority.address);
  const keys = await createKeyPair();
  const { certificate } = await client.renew({ csr: await createCsr(keys, bot.spiffeId.uri) });
  const next = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
  (bot.identity as MutableObservable<Identity>).replace(next);
  await client.confirm({});
}

/** A copy that renews nothing is noticed at its next use, once the bot has renewed twice. */
export const copiedRow: Row = {
  row: 48,
  attack: "a copy of an older generation asks for tokens, renews nothing",
  async play() {
    const stage = await authorityStage();
    const honest = await stage.joinAs("caller/honest");
    const old = { identity: { current: () => before } } as Pick<Bot, "identity">;
    const before = honest.identity.current();
    await renewed(stage, honest);

    async function copied(name: string, path: string, message: Uint8Array): Promise<Variant> {
      const bot = await stage.joinAs(name);
      const stolen = bot.identity.current();
      await renewed(stage, bot);
      await renewed(stage, bot);
      return {
        name: `${path.split("/").at(-1)} over a certificate that has been renewed twice`,
        answer: 7,
        // The reason is looked up here: the bot itself is refused as well from then on, and recorded.
        async attack() {
          const revoked = new Promise<void>((resolve) => {
            honest.trust.onChange((change) => {
              if (change.revoked.some(({ subject }) => subject === bot.spiffeId.uri)) resolve();
            });
          });
          const { length } = stage.alarms;
          const answer = await stage.call(path, message, { identity: { ...bot.identity, current: () => stolen } });
          if (answer !== 7) return answer; // No bot is revoked then.
          await revoked;
          if (stage.alarms.length !== length + 1) throw new Error("there was no alarm");
          if (!stage.denials.some(({ reason }) => reason === "CLONE_DETECTED")) throw new Error("it is not on record");
          return answer;
        },
      };
    }

    const variants = [
      await copied("caller/1", issueToken.path, tokenRequest),
      await copied("caller/2", watchTrust.path, WatchTrustRequest.encode(WatchTrustRequest.fromPartial({})).finish()),
      await copied("caller/3", confirm.path, new Uint8Array()),
    ];
    return stage.play(variants, {
      // The bot, and an old connection of it after one renewal, both get tokens.
      async control() {
        await stage.authorization(honest);
        const answer = await stage.call(issueToken.path, tokenRequest, old);
        if (answer !== 0) throw new Error(`the certificate before the latest was answered ${answer}`);
      },
      perControl: 2,
    });
  },
};
