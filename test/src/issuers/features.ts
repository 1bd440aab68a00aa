import assert from "node:assert/strict";
import { clientOf, joinedBot, otherName, resourcePrefix, spiffeIdOf, type TokenForm } from "./clients.js";
import { unsafeRead } from "./forge.js";
import { expectOne, type Row } from "./row.js";
import { Gripper } from "./services.js";
import type { Stage } from "./stage.js";
import type { IssuerOptions } from "./tried-issuer.js";

const passes = (call: Promise<string>) => expectOne(call, "passed");
const has =
  (form: TokenForm) =>
  ({ issuer }: Stage) =>
    issuer.forms.has(form);

/** Tokens of a form that is refused by default, and taken where the options say so. */
function declared(name: string, form: TokenForm, refusal: string, options: Partial<IssuerOptions>): Row {
  return {
    name,
    applies: has(form),
    async play(stage) {
      const { bot } = clientOf({ form });
      await expectOne(stage.call(bot, "watch"), refusal);
      await passes(stage.call(bot, "watch", { options }));
      return "yes";
    },
  };
}

/** What works with an issuer. */
export const features: readonly Row[] = [
  {
    name: "a call with its token: at+jwt, bound, its key discovered",
    async play(stage) {
      const { bot, id } = clientOf({ bot: "arm/1" });
      await passes(stage.call(bot, "watch"));
      const token = unsafeRead(await stage.token(bot, Gripper.name, "gripper:observe"));
      assert.deepEqual([token.header.alg, token.header.typ], [stage.issuer.algorithm, "at+jwt"]);
      const { thumbprint } = (await stage.identity(bot)).leaf;
      assert.deepEqual([token.claims.client_id, token.claims.cnf], [id, { "x5t#S256": thumbprint }]);
      return "yes";
    },
  },
  {
    name: "a client that holds one of two scopes calls the one method",
    async play(stage) {
      await passes(stage.call("arm/1", "watch"));
      const reason = await expectOne(stage.call("arm/1", "grip"), "NO_GRANT", "SCOPE_MISSING");
      await passes(stage.call("arm/1", "watch"));
      await passes(stage.call("hand/1", "grip"));
      return `yes; ${reason}`;
    },
  },
  {
    name: "a certificate of Interlock's authority, with its intermediate",
    async play(stage) {
      await passes(stage.call(joinedBot, "watch"));
      return "yes";
    },
  },
  {
    name: "a new token with a renewed certificate",
    async play(stage) {
      await passes(stage.call("hand/1", "watch"));
      const { leaf } = await stage.renew("hand/1");
      for (let calls = 0; stage.lastCertificate() !== leaf.thumbprint; calls++) {
        assert.ok(calls < 1_000, "the bot keeps its old certificate");
        await passes(stage.call("hand/1", "watch"));
      }
      return "yes";
    },
  },
  {
    name: "resource beside audience (RFC 8707)",
    applies: ({ issuer }) => issuer.takesResource,
    async play(stage) {
      await passes(stage.call("arm/1", "watch"));
      const without = stage.token("arm/1", Gripper.name, "gripper:observe", { resourcePrefix: undefined as never });
      const token = await without.catch(() => "");
      assert.ok(!token.includes("."), "without a resource there is a token for a service, too");
      return "yes";
    },
  },
  {
    name: "aud that is the URL of the service, where resourcePrefix says so",
    applies: has("URL in aud"),
    async play(stage) {
      const { bot } = clientOf({ form: "URL in aud" });
      const token = await stage.token(bot, Gripper.name, "gripper:observe");
      const { aud } = unsafeRead(token).claims;
      assert.deepEqual([aud].flat(), [`${resourcePrefix}${Gripper.name}`]);
      await passes(stage.call(bot, "watch", { token, options: { resourcePrefix } }));
      const other = { resourcePrefix: "https://elsewhere.example/" };
      await expectOne(stage.call(bot, "watch", { token, options: other }), "TOKEN_AUDIENCE");
      return "yes";
    },
  },
  {
    name: "scp that is a text, in place of scope",
    applies: has("scp, text"),
    async play(stage) {
      await passes(stage.call(clientOf({ form: "scp, text" }).bot, "watch"));
      return "yes";
    },
  },
  {
    name: "scp that is a list, in place of scope",
    applies: has("scp, list"),
    async play(stage) {
      await passes(stage.call(clientOf({ form: "scp, list" }).bot, "watch"));
      return "yes";
    },
  },
  declared('typ of JWT, only with type: "JWT"', "JWT", "TOKEN_TYPE", { type: "JWT" }),
  declared('no typ, only with type: "JWT or none"', "no typ", "TOKEN_TYPE", { type: "JWT or none" }),
  {
    name: 'no typ is not taken with type: "JWT"',
    applies: has("no typ"),
    async play(stage) {
      const { bot } = clientOf({ form: "no typ" });
      await expectOne(stage.call(bot, "watch", { options: { type: "JWT" } }), "TOKEN_TYPE");
      return "yes";
    },
  },
  declared("a client of another name, only with subjects", "another name", "TOKEN_MALFORMED", {
    subjects: { [otherName]: spiffeIdOf("alias/1") },
  }),
];
