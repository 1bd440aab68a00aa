import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { InterlockError, type JoinToken, joinFleet, parseJoinToken, silentLog } from "@interlock/bot";
import { caDigest, createIdentity, formatJoinToken } from "@interlock/bot/internal";
import { AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import {
  basicConstraints,
  boolean,
  createTestCa,
  extendedKeyUsage,
  handMadeCsr,
  keyUsage,
  san,
  uri,
} from "@interlock/bot/testing";
import { type AuthorityStage, authorityStage } from "./authority-stage.js";
import { openImpostor } from "./impostor.js";
import type { Answer, Row, Variant } from "./row.js";

const { join: joinMethod } = EnrollmentService.methods;
const { renew } = AuthorityService.methods;
const idOf = (name: string) => `spiffe://cafe/${name}`;
const minute = 60_000;

/** Joins without our own client, which would compare the token with the name first. */
function rawJoin(
  stage: AuthorityStage,
  joinToken: string,
  name: string,
  csr = handMadeCsr(idOf(name)),
): Promise<Answer> {
  const request = joinMethod.request.fromPartial({ joinToken, name, csr });
  return stage.call(joinMethod.path, joinMethod.request.encode(request).finish());
}

/** The control: a stranger with a valid join token is admitted. */
async function control(stage: AuthorityStage): Promise<void> {
  const name = `arm/${Math.random().toString(36).slice(2)}`;
  const answer = await rawJoin(stage, await stage.authority.createJoinToken(name), name);
  if (answer !== 0) throw new Error(`a good join was answered ${answer}`);
}

export const joinRows: readonly Row[] = [
  {
    row: 30,
    attack: "join token reused, expired, for another name",
    async play() {
      const stage = await authorityStage();
      const { authority, admin } = stage;
      const token = (name = "gripper/1", ttlMs?: number) => authority.createJoinToken(name, ttlMs);
      const forged = async (change: Partial<JoinToken>) =>
        formatJoinToken({ ...(parseJoinToken(await token()) as JoinToken), ...change });
      const bad = (name: string, reason: NonNullable<Variant["reason"]>, attack: Variant["attack"]): Variant => {
        return { name, answer: 16, reason, attack };
      };
      const used = await token("gripper/2");
      let first = true;
      let extra = 0; // The number of joins that were admitted in preparation of an attack.
      return stage.play(
        [
          bad("reused", "JOIN_TOKEN_USED", () => rawJoin(stage, used, "gripper/2")),
          bad("used once more than it may be", "JOIN_TOKEN_USED", async () => {
            const { joinToken } = await admin.createJoinToken({ name: "worker/*", uses: 2 });
            const answers = await Promise.all([1, 2, 3].map((i) => rawJoin(stage, joinToken, `worker/${i}`)));
            if (answers.filter((answer) => answer === 0).length !== 2) throw new Error(`answered ${answers.join()}`);
            extra += 2;
            return answers.find((answer) => answer !== 0) ?? 0;
          }),
          bad("expired", "JOIN_TOKEN_EXPIRED", async () => {
            const joinToken = await token("gripper/3", minute);
            stage.clock.ahead = minute;
            const answer = await rawJoin(stage, joinToken, "gripper/3");
            stage.clock.ahead = 0;
            return answer;
          }),
          bad("for another name", "JOIN_TOKEN_NAME_MISMATCH", async () => rawJoin(stage, await token(), "gripper/9")),
          bad("its name written over", "JOIN_TOKEN_NAME_MISMATCH", async () =>
            rawJoin(stage, await forged({ name: "gripper/9" }), "gripper/9"),
          ),
          bad("its name written over with a pattern", "JOIN_TOKEN_NAME_MISMATCH", async () =>
            rawJoin(stage, await forged({ name: "**" }), "operator/eve"),
          ),
          bad("a pattern's, for a name that somebody has", "JOIN_TOKEN_NAME_MISMATCH", async () => {
            const { joinToken } = await admin.createJoinToken({ name: "gripper/*" });
            return rawJoin(stage, joinToken, "gripper/2");
          }),
          bad(
            "a pattern's, its name written over with that of another holder",
            "JOIN_TOKEN_NAME_MISMATCH",
            async () => {
              const { joinToken } = await admin.createJoinToken({ name: "shared/*", uses: 3 });
              if ((await rawJoin(stage, joinToken, "shared/1")) !== 0) throw new Error("the first holder was refused");
              extra += 1;
              const parsed = parseJoinToken(joinToken) as JoinToken;
              return rawJoin(stage, formatJoinToken({ ...parsed, name: "shared/1" }), "shared/1");
            },
          ),
          bad("for the authority's own name", "JOIN_TOKEN_NAME_MISMATCH", async () =>
            rawJoin(stage, await forged({ name: "interlock/authority" }), "interlock/authority"),
          ),
          bad("a guessed secret", "JOIN_TOKEN_INVALID", async () =>
            rawJoin(stage, await forged({ secret: new Uint8Array(32) }), "gripper/1"),
          ),
          bad("another fleet's", "JOIN_TOKEN_INVALID", async () =>
            rawJoin(stage, await forged({ trustDomain: "bar" }), "gripper/1"),
          ),
          bad("cut short", "JOIN_TOKEN_INVALID", async () => rawJoin(stage, (await token()).slice(0, -1), "gripper/1")),
          bad("none", "JOIN_TOKEN_INVALID", () => rawJoin(stage, "", "gripper/1")),
          bad("deleted", "JOIN_TOKEN_INVALID", async () => {
            const { joinToken, id } = await admin.createJoinToken({ name: "gripper/4" });
            await admin.deleteJoinToken({ id });
            return rawJoin(stage, joinToken, "gripper/4");
          }),
        ],
        {
          async control() {
            if (!first) return control(stage);
            first = false;
            const answer = await rawJoin(stage, used, "gripper/2");
            if (answer !== 0) throw new Error(`a good join was answered ${answer}`);
          },
          handled: async () => (await stage.given()) - extra,
        },
      );
    },
  },
  {
    row: 31,
    attack: "CSR for another bot's ID, with CA extensions, with a weak key",
    async play() {
      const stage = await authorityStage();
      const gripper = await stage.joinAs("gripper/1");
      const { uri: id } = gripper.spiffeId;
      const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength }).privateKey;
      const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
      const good = handMadeCsr(id);
      const requests: [string, Uint8Array][] = [
        ["another bot's ID", handMadeCsr(idOf("gripper/2"))],
        ["the authority's ID", handMadeCsr(idOf("interlock/authority"))],
        ["another trust domain", handMadeCsr("spiffe://bar/gripper/1")],
        ["two IDs", handMadeCsr(id, { extensions: [san(uri(id), uri(idOf("operator/eve")))] })],
        ["two extensions of names", handMadeCsr(id, { extensions: [san(uri(id)), san(uri(idOf("operator/eve")))] })],
        ["no ID", handMadeCsr(id, { extensions: [] })],
        ["basicConstraints: CA", handMadeCsr(id, { extensions: [san(uri(id)), basicConstraints(boolean())] })],
        ["key usage: may sign certificates", handMadeCsr(id, { extensions: [san(uri(id)), keyUsage(2, 0x84)] })],
        [
          "an extended key usage",
          handMadeCsr(id, { extensions: [san(uri(id)), extendedKeyUsage("1.3.6.1.5.5.7.3.3")] }),
        ],
        ["an RSA key of 1,024 bits", handMadeCsr(id, { key: rsa(1_024) })],
        ["an RSA key of 2,048 bits", handMadeCsr(id, { key: rsa(2_048) })],
        ["a key on P-384", handMadeCsr(id, { key: ec("P-384") })],
        ["a key on P-224", handMadeCsr(id, { key: ec("secp224r1") })],
        ["a key on secp256k1", handMadeCsr(id, { key: ec("secp256k1") })],
        ["a key that is not the signature's", handMadeCsr(id, { claimed: ec("P-256") })],
        ["a byte after the request", Buffer.concat([good, Buffer.of(0)])],
        ["nothing", Buffer.alloc(0)],
        ["ten kilobytes", Buffer.alloc(10_000, 0x30)],
      ];
      const variants = requests.flatMap(([name, csr]): Variant[] => {
        const common = { answer: 7, reason: "CSR_REJECTED" } as const;
        return [
          {
            name: `renewing: ${name}`,
            ...common,
            attack: () => stage.call(renew.path, renew.request.encode({ csr } as never).finish(), gripper),
          },
          {
            name: `joining: ${name}`,
            ...common,
            attack: async () => rawJoin(stage, await stage.authority.createJoinToken("gripper/1"), "gripper/1", csr),
          },
        ];
      });
      return stage.play(variants, {
        async control() {
          // Failed joins are slowed down after about twenty of them; this row does not test that.
          stage.clock.ahead += 1_000;
          await control(stage);
        },
      });
    },
  },
  {
    row: 36,
    attack: "a CA swapped under a joining bot (the token pins the CA's digest)",
    async play() {
      const stage = await authorityStage();
      let joins = 0;
      let extraJoins = 0;

      /** Joins at the address of `impostor`, with a token of the real authority. */
      async function joinAt(impostor: Awaited<ReturnType<typeof openImpostor>>, expected: RegExp): Promise<Answer> {
        const name = "gripper/1";
        const joinToken = await stage.authority.createJoinToken(name);
        const stateDir = join(stage.folder, `swapped-${joins++}`);
        try {
          await joinFleet({ authority: impostor.address, name, joinToken, stateDir, log: silentLog });
          return 0;
        } catch (error) {
          if (!(error instanceof InterlockError) || !expected.test(error.message)) throw error;
          if (impostor.heard() > 0) throw new Error(`the impostor was sent ${impostor.heard()} bytes`);
          return "refused";
        } finally {
          impostor.close();
        }
      }
      const pinned = /not the one that the join token names.*do not join/s;

      return stage.play(
        [
          {
            name: "another CA",
            answer: "refused",
            attack: async () =>
              joinAt(await openImpostor(await (await createTestCa()).issue(idOf("interlock/authority"))), pinned),
          },
          {
            name: "another CA of the same name, with the real root sent along",
            answer: "refused",
            async attack() {
              const ca = await createTestCa("Interlock root");
              const { privateKey, chain } = await ca.issue(idOf("interlock/authority"));
              const impostor = await openImpostor({ privateKey, chain: [...chain, stage.authority.caCertificate] });
              return joinAt(impostor, pinned);
            },
          },
          {
            name: "a bot of the fleet in the authority's place",
            answer: "refused",
            async attack() {
              const bot = await stage.joinAs("mallory/1");
              extraJoins++;
              const { privateKey, chain } = bot.identity.current();
              const impostor = await openImpostor(
                createIdentity(privateKey, [...chain, stage.authority.caCertificate]),
              );
              return joinAt(impostor, /./);
            },
          },
          {
            name: "a token whose digest was written over, at the real authority",
            answer: "refused",
            async attack() {
              const real = await stage.authority.createJoinToken("gripper/1");
              const parsed = parseJoinToken(real) as JoinToken;
              const joinToken = formatJoinToken({ ...parsed, caDigest: caDigest(Uint8Array.of(1)) });
              const stateDir = join(stage.folder, "overwritten");
              try {
                const { address } = stage.authority;
                await joinFleet({ authority: address, name: "gripper/1", joinToken, stateDir, log: silentLog });
                return 0;
              } catch (error) {
                if (!(error instanceof InterlockError) || error.reason !== "CA_PIN_MISMATCH") throw error;
                return "refused";
              }
            },
          },
        ],
        {
          async control() {
            await stage.joinAs(`arm/${joins++}`);
          },
          handled: async () => (await stage.given()) - extraJoins,
        },
      );
    },
  },
];
