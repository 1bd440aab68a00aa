import { generateKeyPairSync } from "node:crypto";
import { createKeyPair, type Identity } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { handMadeCsr } from "@interlock/bot/testing";
import { type RecoveryStage, recoveryStage } from "./recovery-stage.js";
import type { Answer, Play, Row, Variant } from "./row.js";

const { confirm, renew } = AuthorityService.methods;
const idOf = (name: string) => `spiffe://cafe/${name}`;

/** The control: an honest bot whose certificate has expired comes back, again and again. It counts as one certificate. */
function honest(stage: RecoveryStage, first: Identity): Pick<Play, "control"> {
  let current = first;
  return {
    async control() {
      stage.clock.ahead += 10_000; // The rates of the door are not the subject here.
      const { answer, identity } = await stage.recover(current);
      if (answer !== 0 || !identity) throw new Error(`an honest bot's recovery was answered ${answer}`);
      current = identity;
    },
  };
}

/** Recovers, and uses the new certificate. Throws when that fails. */
async function comeBack(stage: RecoveryStage, identity: Identity): Promise<Identity> {
  const next = (await stage.recover(identity)).identity;
  if (!next) throw new Error("the bot itself could not come back");
  const answer = await stage.call(confirm.path, new Uint8Array(), { identity: holding(next) });
  if (answer !== 0) throw new Error(`the new certificate's use was answered ${answer}`);
  return next;
}

function holding(identity: Identity) {
  return { current: () => identity, onChange: () => () => {} };
}

/** Makes an attack that has to end with an alarm and the revocation of the bot. */
async function withAlarm(stage: RecoveryStage, attack: () => Promise<Answer>): Promise<Answer> {
  const { length } = stage.alarms;
  const answer = await attack();
  if (answer !== 7) return answer; // No bot is revoked then.
  const alarm = stage.alarms.slice(length).filter((message) => message === "clone detected, bot revoked");
  if (alarm.length !== 1) throw new Error(`there were ${alarm.length} alarms`);
  return answer;
}

export const recoveryRows: readonly Row[] = [
  {
    row: 58,
    attack:
      "an expired and stolen key, shown to a bot port, to the authority, and at the enrollment door after its bot came back",
    async play() {
      const stage = await recoveryStage();
      const [good, stolen, late] = (await stage.expired("night/good", "night/1", "night/2")) as Identity[];
      const csr = handMadeCsr(idOf("night/1"));
      const renewal = renew.request.encode(renew.request.fromPartial({ csr })).finish();
      const thief = { identity: holding(stolen as Identity) };
      let own: Identity | undefined;
      let preparations = 0;
      const variants: Variant[] = [
        {
          name: "the certificate in a handshake, to renew",
          answer: "close",
          reason: "CERTIFICATE_EXPIRED",
          attack: () => stage.call(renew.path, renewal, thief),
        },
        {
          name: "the copy, after the bot has come back",
          answer: 7,
          reason: "CLONE_DETECTED",
          async attack() {
            own = await comeBack(stage, stolen as Identity);
            preparations++;
            return withAlarm(stage, async () => (await stage.recover(stolen as Identity)).answer);
          },
        },
        {
          name: "the copy again: it is revoked",
          answer: 16,
          reason: "IDENTITY_REVOKED",
          attack: async () => (await stage.recover(stolen as Identity)).answer,
        },
        {
          name: "the bot itself: it is revoked, too, because the two cannot be distinguished",
          answer: 16,
          reason: "IDENTITY_REVOKED",
          attack: async () => (await stage.recover(own as Identity)).answer,
        },
        {
          name: "the copy first: the bot that comes second raises the alarm",
          answer: 7,
          reason: "CLONE_DETECTED",
          async attack() {
            await comeBack(stage, late as Identity);
            preparations++;
            return withAlarm(stage, async () => (await stage.recover(late as Identity)).answer);
          },
        },
      ];
      return stage.play(variants, {
        ...honest(stage, good as Identity),
        handled: async () => (await stage.given()) - preparations,
      });
    },
  },
  {
    row: 59,
    attack:
      "a certificate of an older generation, from before the bot joined again, of a retired bot, or past the window",
    async play() {
      const stage = await recoveryStage();
      const [good, older, before, retired, late] = (await stage.expired(
        "night/good",
        "night/1",
        "night/2",
        "night/3",
        "night/4",
      )) as [Identity, Identity, Identity, Identity, Identity];
      const second = await comeBack(stage, older);
      await comeBack(stage, await comeBack(stage, second));
      await stage.expired("night/2");
      await stage.admin.retireBot({ name: "night/3" });
      const again = async (identity: Identity) => (await stage.recover(identity)).answer;
      return stage.play(
        [
          {
            name: "of two generations before",
            answer: 7,
            reason: "CLONE_DETECTED",
            attack: () => withAlarm(stage, () => again(second)),
          },
          {
            name: "from before the bot joined again",
            answer: 7,
            reason: "CERTIFICATE_SUPERSEDED",
            attack: () => again(before),
          },
          { name: "of a retired bot", answer: 7, reason: "BOT_RETIRED", attack: () => again(retired) },
          {
            name: "past the window",
            answer: 16,
            reason: "CERTIFICATE_EXPIRED",
            async attack() {
              const { ahead } = stage.clock;
              stage.clock.ahead += 31 * 24 * 3_600_000;
              const answer = await again(late);
              stage.clock.ahead = ahead;
              return answer;
            },
          },
        ],
        honest(stage, good),
      );
    },
  },
  {
    row: 60,
    attack:
      "an expired certificate with another name, another key, another chain, or a request that was changed on the way",
    async play() {
      const stage = await recoveryStage();
      const [good, mallory, victim] = (await stage.expired("night/good", "night/mallory", "night/victim")) as [
        Identity,
        Identity,
        Identity,
      ];
      const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const own = await createKeyPair();
      const csrOf = (name: string) => handMadeCsr(idOf(name));
      const variant = (
        name: string,
        answer: Answer,
        reason: NonNullable<Variant["reason"]>,
        change: Parameters<RecoveryStage["recover"]>[1],
        identity = mallory,
      ): Variant => ({ name, answer, reason, attack: async () => (await stage.recover(identity, change)).answer });
      return stage.play(
        [
          variant("a request for another bot's name", 7, "CSR_REJECTED", { csr: csrOf("night/victim") }),
          variant("a request for the authority's name", 7, "CSR_REJECTED", { csr: csrOf("interlock/authority") }),
          variant("a request for an operator's name", 7, "CSR_REJECTED", { csr: csrOf("operator/alice") }),
          variant("a request with a key that is not its signature's", 7, "CSR_REJECTED", {
            csr: handMadeCsr(idOf("night/mallory"), { claimed: ec() }),
          }),
          variant("another request than the one that was proved", 16, "KEY_NOT_PROVED", {
            provedCsr: csrOf("night/mallory"),
          }),
          variant(
            "the victim's certificate, without its key",
            16,
            "KEY_NOT_PROVED",
            { privateKey: own.privateKeyPem },
            victim,
          ),
          variant(
            "the victim's certificate, with the key of another bot",
            16,
            "KEY_NOT_PROVED",
            { privateKey: mallory.privateKey },
            victim,
          ),
          variant("the victim's certificate before the own one", 16, "KEY_NOT_PROVED", {
            chain: [...victim.chain, ...mallory.chain],
          }),
          variant("a proof for the authority of another fleet", 16, "KEY_NOT_PROVED", {
            authority: "spiffe://bar/interlock/authority",
          }),
          variant("only the leaf", 14, "CERTIFICATE_UNTRUSTED", { chain: mallory.chain.slice(0, 1) }),
          variant("no certificate", 14, "NO_CERTIFICATE", { chain: [] }),
          variant("an intermediate in the place of the leaf", 14, "CERTIFICATE_IS_CA", {
            chain: mallory.chain.slice(1),
          }),
          variant("garbage", 14, "CERTIFICATE_MALFORMED", { chain: [Buffer.from("garbage")] }),
          variant("60 certificates", 14, "CERTIFICATE_UNTRUSTED", {
            chain: Array.from({ length: 60 }, () => mallory.chain[0] as Uint8Array),
          }),
        ],
        honest(stage, good),
      );
    },
  },
  {
    row: 61,
    attack: "a request to recover, recorded and sent again: on the same connection, on another, over an old challenge",
    async play() {
      const stage = await recoveryStage();
      const [good, bot] = (await stage.expired("night/good", "night/1")) as [Identity, Identity];
      const replay = { answer: 16, reason: "KEY_NOT_PROVED" } as const;
      const first = stage.visit();
      const recorded = await stage.request(bot, await first.begin());
      const answer = await first.send(recorded);
      if (answer !== 0) throw new Error(`the recorded request itself was answered ${answer}`);
      return stage.play(
        [
          { name: "on the same connection", ...replay, attack: () => first.send(recorded) },
          {
            name: "on another connection, without a challenge",
            ...replay,
            async attack() {
              const other = stage.visit();
              const got = await other.send(recorded);
              other.end();
              return got;
            },
          },
          {
            name: "on another connection, with a challenge of its own",
            ...replay,
            async attack() {
              const other = stage.visit();
              await other.begin();
              const got = await other.send(recorded);
              other.end();
              return got;
            },
          },
          {
            name: "a proof over the challenge of a connection that has ended",
            ...replay,
            async attack() {
              const [ended, other] = [stage.visit(), stage.visit()];
              const challenge = await ended.begin();
              ended.end();
              await other.begin();
              const got = await other.send(await stage.request(bot, challenge));
              other.end();
              return got;
            },
          },
          {
            name: "a second challenge on one connection",
            answer: 8,
            async attack() {
              const one = stage.visit();
              await one.begin();
              const got = await one.begin().then(
                () => 0,
                () => 8,
              );
              one.end();
              return got;
            },
          },
        ],
        honest(stage, good),
      );
    },
  },
];
