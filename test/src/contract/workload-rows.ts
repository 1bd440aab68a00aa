import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reason } from "@interlock/bot";
import { EnrollmentService } from "@interlock/bot/protocol";
import { handMadeCsr, startTestCluster, type TestCluster, type TestPod } from "@interlock/bot/testing";
import { type AuthorityStage, authorityStage } from "./authority-stage.js";
import type { Answer, Play, Row, Variant } from "./row.js";

const { join: joinMethod } = EnrollmentService.methods;
const us = "spiffe://cafe/interlock/authority";
const seconds = () => Math.floor(Date.now() / 1_000);

/** A cluster whose `arm` pods may join as `arm/<pod>`, and whose `gate` pod may join as `gate/1`. */
async function workloadStage() {
  const cluster = await startTestCluster();
  const joins = join(tmpdir(), `interlock-joins-${randomUUID()}.yaml`);
  const { issuer, jwksFile } = cluster;
  const rule = (account: string, name: string) => ({ issuer, account: `system:serviceaccount:plant:${account}`, name });
  const rules = { issuers: [{ issuer, keys: jwksFile }], joins: [rule("arm", "arm/*"), rule("gate", "gate/1")] };
  await writeFile(joins, JSON.stringify(rules)); // JSON is YAML.
  const stage = await authorityStage({ joins });
  let pods = 0;
  let extra = 0; // The number of joins that were admitted in preparation of an attack.

  /** Joins without our own client. Default: with a new key, under the name of the pod. */
  function rawJoin(workloadToken: string, name: string, csr = handMadeCsr(`spiffe://cafe/${name}`)): Promise<Answer> {
    const request = joinMethod.request.fromPartial({ workloadToken, name, csr });
    return stage.call(joinMethod.path, joinMethod.request.encode(request).finish());
  }

  async function good(token: string, name: string, csr?: Uint8Array): Promise<void> {
    const answer = await rawJoin(token, name, csr);
    if (answer !== 0) throw new Error(`a good join was answered ${answer}`);
    extra++;
  }

  const play = (variants: readonly Variant[]): Play =>
    stage.play(variants, {
      async control() {
        advance(1_000); // Failed joins are slowed down; these rows do not test that.
        const name = `ok-${pods++}`;
        const answer = await rawJoin(await tokenOf(stage, cluster, cluster.pod(name)), `arm/${name}`);
        if (answer !== 0) throw new Error(`a good join was answered ${answer}`);
      },
      handled: async () => (await stage.given()) - extra,
      async end() {
        await stage.end();
        await cluster.close();
      },
    });
  const counted = () => void extra++;
  function advance(ms: number): void {
    stage.clock.ahead += ms;
    stage.botClock.ahead += ms;
  }
  return { stage, cluster, rawJoin, good, counted, advance, play };
}

/** A token of a pod, by the clock of the authority. */
function tokenOf({ clock }: AuthorityStage, cluster: TestCluster, pod: TestPod, change: object = {}, header?: object) {
  const now = Math.floor(clock.now() / 1_000);
  return cluster.token(pod, us, { iat: now, nbf: now, exp: now + 600, ...change }, header);
}

export const workloadRows: readonly Row[] = [
  {
    row: 63,
    attack: "a workload's token that is forged, for another audience, of another account, or for another name",
    async play() {
      const { stage, cluster, rawJoin, play } = await workloadStage();
      const pod = cluster.pod("arm-7f9c");
      type Token = () => string | Promise<string>;
      const bad = (name: string, reason: Reason, token: Token, as = "arm/arm-7f9c", answer = 16): Variant => {
        return { name, answer, reason, attack: async () => rawJoin(await token(), as) };
      };
      const claims = (change: object | (() => object), header?: object, of: TestPod = pod) => {
        return () => tokenOf(stage, cluster, of, typeof change === "function" ? change() : change, header);
      };
      /** The good token with another header, signed by `forge`. */
      const forged = (header: object, forge: (input: string) => string) => async () => {
        const [, payload = ""] = (await claims({})()).split(".");
        const head = { alg: "RS256", kid: "cluster-1", ...header };
        const input = `${Buffer.from(JSON.stringify(head)).toString("base64url")}.${payload}`;
        return `${input}.${forge(input)}`;
      };
      const mine = generateKeyPairSync("rsa", { modulusLength: 2_048 });
      const byMine = (input: string) => sign("sha256", Buffer.from(input), mine.privateKey).toString("base64url");
      const hmac = (input: string) => createHmac("sha256", "cluster-1").update(input).digest("base64url");
      const kubernetes = (pod: object) => ({
        "kubernetes.io": { namespace: "plant", serviceaccount: { name: "arm" }, ...pod },
      });
      const notAdmitted = (name: string, token: Token, as?: string) => bad(name, "WORKLOAD_NOT_ADMITTED", token, as, 7);
      return play([
        bad("for another audience", "TOKEN_AUDIENCE", claims({ aud: ["https://kubernetes.default.svc"] })),
        bad("for another fleet's authority", "TOKEN_AUDIENCE", claims({ aud: "spiffe://bar/interlock/authority" })),
        bad("for two audiences", "TOKEN_AUDIENCE", claims({ aud: [us, "vault"] })),
        bad("without an audience", "TOKEN_MALFORMED", claims({ aud: undefined })),
        bad(
          "expired",
          "TOKEN_EXPIRED",
          claims(() => ({ iat: seconds() - 900, nbf: 0, exp: seconds() - 300 })),
        ),
        bad("expired within the skew", "TOKEN_EXPIRED", () => {
          const now = Math.floor(stage.clock.now() / 1_000);
          return tokenOf(stage, cluster, pod, { iat: now - 600, nbf: now - 600, exp: now - 1 });
        }),
        bad("without an end", "TOKEN_MALFORMED", claims({ exp: undefined })),
        bad("for a year", "TOKEN_LIFETIME", () => {
          const now = Math.floor(stage.clock.now() / 1_000);
          return tokenOf(stage, cluster, pod, { exp: now + 31_536_000 });
        }),
        bad("from the future", "TOKEN_NOT_YET_VALID", () => {
          const now = Math.floor(stage.clock.now() / 1_000);
          return tokenOf(stage, cluster, pod, { iat: now + 300, nbf: now + 300, exp: now + 900 });
        }),
        bad(
          "alg none",
          "TOKEN_ALGORITHM",
          forged({ alg: "none" }, () => ""),
        ),
        bad("HS256 with a public text", "TOKEN_ALGORITHM", forged({ alg: "HS256" }, hmac)),
        bad("signed with another key", "TOKEN_SIGNATURE", forged({}, byMine)),
        bad(
          "signed with a key that it brings",
          "TOKEN_HEADER",
          forged({ jwk: mine.publicKey.export({ format: "jwk" }) }, byMine),
        ),
        bad("signed with a key that nobody published", "TOKEN_KEY_UNKNOWN", forged({ kid: "cluster-9" }, byMine)),
        bad("of another issuer", "TOKEN_ISSUER", claims({ iss: "https://evil.example" })),
        bad("an access token", "TOKEN_TYPE", claims({}, { typ: "at+jwt" })),
        bad("no JWT", "TOKEN_MALFORMED", () => "ILK1-abc"),
        bad("20 KB", "TOKEN_MALFORMED", claims({ padding: "x".repeat(20_000) })),
        bad("of a Secret, which is bound to no pod", "TOKEN_MALFORMED", claims(kubernetes({}))),
        bad("sub and claims differ", "TOKEN_MALFORMED", claims({ sub: "system:serviceaccount:plant:gate" })),
        bad("a person's", "TOKEN_MALFORMED", claims({ sub: "alice", "kubernetes.io": undefined })),
        notAdmitted("of another namespace", claims({}, undefined, cluster.pod("arm-7f9c", "arm", "visitors"))),
        notAdmitted("of another account", claims({}, undefined, cluster.pod("arm-7f9c", "default"))),
        notAdmitted("for the name of another pod", claims({}), "arm/arm-0000"),
        notAdmitted("for a name outside of the pattern", claims({}), "gate/1"),
        notAdmitted("for an operator's name", claims({}), "operator/eve"),
        notAdmitted("a pod's name of two segments", claims(kubernetes({ pod: { name: "a/b", uid: "u" } })), "arm/a/b"),
        notAdmitted("a pod's name that goes up", claims(kubernetes({ pod: { name: "..", uid: "u" } })), "arm/.."),
      ]);
    },
  },
  {
    row: 64,
    attack: "a workload's token stolen and used again, or used for a name that another bot has",
    async play() {
      const { stage, cluster, rawJoin, good, counted, advance, play } = await workloadStage();
      const { admin } = stage;
      const token = (pod: TestPod, change?: object) => tokenOf(stage, cluster, pod, change);
      const joined = (name: string, attack: Variant["attack"]): Variant => {
        return { name, answer: 16, reason: "WORKLOAD_JOINED", attack };
      };
      return play([
        joined("the same token with another key", async () => {
          const stolen = await token(cluster.pod("arm-a"));
          await good(stolen, "arm/arm-a");
          return rawJoin(stolen, "arm/arm-a");
        }),
        joined("the next token of the same pod", async () => {
          const pod = cluster.pod("arm-b");
          await good(await token(pod), "arm/arm-b");
          return rawJoin(await token(pod), "arm/arm-b");
        }),
        joined("a token of the pod before, while the new one has the name", async () => {
          const [before, after] = [cluster.pod("arm-0"), cluster.pod("arm-0")];
          const stolen = await token(before);
          await good(await token(before), "arm/arm-0");
          await good(await token(after), "arm/arm-0");
          return rawJoin(stolen, "arm/arm-0");
        }),
        joined("a new token of the pod before, as it would get it on a lost node", async () => {
          const [before, after] = [cluster.pod("arm-1"), cluster.pod("arm-1")];
          await good(await token(before), "arm/arm-1");
          await good(await token(after), "arm/arm-1");
          advance(2_000);
          return rawJoin(await token(before), "arm/arm-1");
        }),
        joined("an older token of a pod that never joined", async () => {
          const [before, after] = [cluster.pod("arm-2"), cluster.pod("arm-2")];
          const stolen = await token(before);
          advance(2_000);
          await good(await token(after), "arm/arm-2");
          return rawJoin(stolen, "arm/arm-2");
        }),
        {
          name: "for the name of a bot with a join token",
          answer: 7,
          reason: "WORKLOAD_NOT_ADMITTED",
          async attack() {
            await stage.joinAs("arm/arm-e");
            counted();
            return rawJoin(await token(cluster.pod("arm-e")), "arm/arm-e");
          },
        },
        {
          name: "for a retired name",
          answer: 7,
          reason: "BOT_RETIRED",
          async attack() {
            await good(await token(cluster.pod("arm-f")), "arm/arm-f");
            await admin.retireBot({ name: "arm/arm-f" });
            return rawJoin(await token(cluster.pod("arm-f")), "arm/arm-f");
          },
        },
        {
          name: "for a revoked name",
          answer: 16,
          reason: "IDENTITY_REVOKED",
          async attack() {
            await good(await token(cluster.pod("arm-g")), "arm/arm-g");
            await stage.authority.revoke({ kind: "identity", subject: "spiffe://cafe/arm/arm-g" }, "stolen");
            return rawJoin(await token(cluster.pod("arm-g")), "arm/arm-g");
          },
        },
      ]);
    },
  },
];
