import { fromIssuer, InterlockError, silentLog, systemClock } from "@interlock/bot";
import { clientOf } from "./clients.js";
import { type Forgery, forge, unsafeRead, withOwnKey, withPublicKeyAsSecret } from "./forge.js";
import { expectOne, type Row } from "./row.js";
import { Coffee, Gripper } from "./services.js";
import type { CallOptions, Stage } from "./stage.js";

const caller = "arm/1";
const scope = "gripper:observe";

/** A good token of the caller. The call with it passes before each attack, so that the attack fails for its own reason. */
async function goodToken(stage: Stage): Promise<string> {
  const token = await stage.token(caller, Gripper.name, scope);
  await expectOne(stage.call(caller, "watch", { token }), "passed");
  return token;
}

type Attack = (good: string, stage: Stage) => Promise<string>;

function attack(name: string, reason: string, play: Attack): Row {
  return { name, play: async (stage) => expectOne(play(await goodToken(stage), stage), reason) };
}

const shown =
  (how: CallOptions | ((token: string, stage: Stage) => Promise<CallOptions>), bot = caller): Attack =>
  async (token, stage) =>
    stage.call(bot, "watch", typeof how === "function" ? await how(token, stage) : { token, ...how });

const forged = (forgery: (token: string, stage: Stage) => Forgery | Promise<Forgery>): Attack =>
  shown(async (token, stage) => ({ token: forge(token, await forgery(token, stage)) }));

async function publishedKey({ issuer }: Stage, kid: unknown): Promise<object> {
  const provided = await fromIssuer(issuer.options).open({ clock: systemClock, log: silentLog });
  provided.close();
  const key = provided.trust.current().jwks.keys.find((one) => one.kid === kid);
  if (!key) throw new Error("the token's key is not published");
  return key;
}

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "passed",
    (error) => InterlockError.from(error).reason ?? String(error),
  );

/** What is refused with every issuer. Each is tried on a token that the issuer has just given. */
export const attacks: readonly Row[] = [
  attack(
    "a token for another service",
    "TOKEN_AUDIENCE",
    shown(async (_, stage) => ({ token: await stage.token(caller, Coffee.name, "coffee:brew") })),
  ),
  attack("a token that is bound to no certificate", "TOKEN_MALFORMED", (_, stage) =>
    stage.call(clientOf({ form: "unbound" }).bot, "watch"),
  ),
  attack("a stolen token, shown by another bot", "TOKEN_SUBJECT_MISMATCH", shown({}, "hand/1")),
  attack(
    "a token of the same bot for its other certificate",
    "TOKEN_BINDING_MISMATCH",
    shown(async (token, stage) => ({ token, identity: await stage.renewed(caller) })),
  ),
  {
    name: "a client that poses as another one at the issuer",
    async play(stage) {
      const as = await stage.identity("hand/1");
      return expectOne(reasonOf(stage.token(caller, Gripper.name, scope, { as })), "ISSUER_REFUSED");
    },
  },
  attack("a token in another bot's name, bound to the caller", "TOKEN_SUBJECT_MISMATCH", async (_, stage) => {
    const as = await stage.identity("hand/1");
    const token = await stage.token(clientOf({ form: "lax" }).bot, Gripper.name, scope, { as });
    return stage.call("hand/1", "watch", { token });
  }),
  attack("a token that has expired", "TOKEN_EXPIRED", shown({ aheadMs: 6 * 60_000 })),
  attack(
    "alg of none, unsigned",
    "TOKEN_ALGORITHM",
    forged(() => ({ header: { alg: "none" }, signature: () => "" })),
  ),
  attack(
    "HS256, keyed with the issuer's public key",
    "TOKEN_ALGORITHM",
    forged(async (token, stage) => ({
      header: { alg: "HS256" },
      signature: withPublicKeyAsSecret(await publishedKey(stage, unsafeRead(token).header.kid)),
    })),
  ),
  attack(
    "the other algorithm, which is not allowed here",
    "TOKEN_ALGORITHM",
    forged((_, { issuer }) => {
      const alg = issuer.algorithm === "ES256" ? "RS256" : "ES256";
      return { header: { alg }, signature: withOwnKey(alg) };
    }),
  ),
  attack(
    "a foreign key under the issuer's kid",
    "TOKEN_SIGNATURE",
    forged((token) => ({ signature: withOwnKey(unsafeRead(token).header.alg) })),
  ),
  attack(
    "a foreign key under a kid of its own",
    "TOKEN_KEY_UNKNOWN",
    forged((token) => ({ header: { kid: "mine" }, signature: withOwnKey(unsafeRead(token).header.alg) })),
  ),
  attack(
    "more scopes under the issuer's signature",
    "TOKEN_SIGNATURE",
    forged(() => ({ claims: { scope: "gripper:observe gripper:actuate", scp: ["gripper:actuate"] } })),
  ),
];
