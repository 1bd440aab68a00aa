import {
  type Bot,
  createCsr,
  createKeyPair,
  createObservable,
  type Identity,
  type MutableObservable,
} from "@interlock/bot";
import { createIdentity } from "@interlock/bot/internal";
import { AuthorityService } from "@interlock/bot/protocol";
import { handMadeCsr } from "@interlock/bot/testing";
import { type AuthorityStage, authorityStage } from "./authority-stage.js";
import { audience } from "./echo-stage.js";
import type { Answer, Row } from "./row.js";

const { renew, issueToken, watchTrust } = AuthorityService.methods;

function renewAs(stage: AuthorityStage, bot: Pick<Bot, "identity" | "spiffeId">): Promise<Answer> {
  const csr = handMadeCsr(bot.spiffeId.uri);
  return stage.call(renew.path, renew.request.encode(renew.request.fromPartial({ csr })).finish(), bot);
}

function askForToken(stage: AuthorityStage, bot: Bot): Promise<Answer> {
  const request = issueToken.request.fromPartial({ audience, scopes: ["echo:call"] });
  return stage.call(issueToken.path, issueToken.request.encode(request).finish(), bot);
}

async function expect(what: string, answer: Promise<Answer>, expected: Answer): Promise<void> {
  const got = await answer;
  if (got !== expected) throw new Error(`${what} was answered ${got}, and not ${expected}`);
}

/** The control: another bot renews and gets a token, which counts as two issued items. */
async function control(stage: AuthorityStage, good: Bot): Promise<void> {
  await expect("a good bot's renewal", renewAs(stage, good), 0);
  await expect("a good bot's request for a token", askForToken(stage, good), 0);
}

export const lifecycleRows: readonly Row[] = [
  {
    row: 32,
    attack: "cloned bot renews with an old generation",
    async play() {
      const stage = await authorityStage();
      const good = await stage.joinAs("caller/good");
      const bot = await stage.joinAs("caller/1");
      const copy = { identity: createObservable(bot.identity.current()), spiffeId: bot.spiffeId };
      let renewals = 0;
      return stage.play(
        [
          {
            name: "a copy of the identity, after the bot has renewed",
            answer: 7,
            reason: "CLONE_DETECTED",
            async attack() {
              const keys = await createKeyPair();
              const csr = await createCsr(keys, bot.spiffeId.uri);
              const client = bot.client(AuthorityService, stage.authority.address);
              const { certificate } = await client.renew({ csr });
              (bot.identity as MutableObservable<Identity>).replace(
                createIdentity(keys.privateKeyPem, certificate?.chain ?? []),
              );
              await client.confirm({});
              renewals++;
              const revoked = new Promise<void>((resolve) => {
                good.trust.onChange(({ revoked }) => {
                  if (revoked.some(({ subject }) => subject === bot.spiffeId.uri)) resolve();
                });
              });
              const answer = await renewAs(stage, copy);
              if (answer !== 7) return answer; // No bot is revoked then.
              await revoked;
              if (!stage.alarms.includes("clone detected, bot revoked")) throw new Error("there was no alarm");
              return answer;
            },
          },
          {
            name: "the copy again: it is revoked",
            answer: "close",
            reason: "IDENTITY_REVOKED",
            attack: () => renewAs(stage, copy),
          },
          {
            name: "the bot itself: it is revoked, too, because the two cannot be distinguished",
            answer: "close",
            reason: "IDENTITY_REVOKED",
            attack: () => renewAs(stage, bot),
          },
        ],
        {
          control: () => control(stage, good),
          handled: async () => (await stage.given()) - renewals,
          // What else the bot had open is cut, and recorded, at any moment after it was revoked.
          denials: () => stage.denials.filter(({ method }) => method !== watchTrust.path).map(({ reason }) => reason),
          perControl: 2,
        },
      );
    },
  },
  {
    row: 33,
    attack: "retired bot renews, or asks for a token",
    async play() {
      const stage = await authorityStage();
      const good = await stage.joinAs("caller/good");
      const bot = await stage.joinAs("caller/1");
      await control(stage, bot);
      await stage.admin.retireBot({ name: bot.name });
      const refused = { answer: 7, reason: "BOT_RETIRED" } as const;
      return stage.play(
        [
          { name: "renews", ...refused, attack: () => renewAs(stage, bot) },
          { name: "asks for a token", ...refused, attack: () => askForToken(stage, bot) },
        ],
        { control: () => control(stage, good), perControl: 2 },
      );
    },
  },
];
