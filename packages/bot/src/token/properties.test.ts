import assert from "node:assert/strict";
import fc from "fast-check";
import { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { bearerToken } from "./authorization.js";
import { verifyToken } from "./verify-token.js";

const now = 1_900_000_000;
const issuer = "https://test";

describe("tokens, whatever they are", () => {
  let fleet: TestFleet;
  let caller: Identity;

  before(async () => {
    fleet = await createTestFleet({ now: () => now * 1_000 });
    caller = await fleet.ca.issue("spiffe://test/caller/1");
  });

  /** Whether a token is let in. Nothing but a denial, with 16, is thrown on the way. */
  async function accepted(token: string): Promise<boolean> {
    try {
      const { spiffeId, leaf: certificate } = caller;
      await verifyToken(token, { trust: fleet.trust.state, spiffeId, certificate, now: now * 1_000 });
      return true;
    } catch (error) {
      assert.ok(error instanceof InterlockError, String(error));
      assert.equal(error.code, "UNAUTHENTICATED");
      assert.match(error.reason ?? "", /^TOKEN_/);
      return false;
    }
  }

  const json = fc.jsonValue({ maxDepth: 2 });
  const around = fc.integer({ min: now - 400, max: now + 400 });

  it("are let in exactly when every claim is as it has to be", async () => {
    const sub = "spiffe://test/caller/1";
    const claims = fc.record(
      {
        iss: fc.oneof(fc.constant(issuer), json),
        aud: fc.oneof(fc.constant("a.B"), json),
        sub: fc.oneof(fc.constant(sub), json),
        jti: fc.oneof(fc.constant("id"), json),
        exp: fc.oneof(around, around, json),
        iat: fc.oneof(around, around, json),
        nbf: fc.oneof(around, json),
        cnf: fc.oneof(fc.constant("bound"), json),
        scope: json,
      },
      { requiredKeys: [] },
    );
    const good = fc.constant({ iss: issuer, aud: "a.B", sub, jti: "id", exp: now + 100, iat: now, cnf: "bound" });
    // Mostly good, but for a claim or two.
    const some = fc
      .tuple(good, claims, fc.integer({ min: 0, max: 3 }))
      .map(([base, other, count]) => ({ ...base, ...Object.fromEntries(Object.entries(other).slice(-count || 9)) }));
    let letIn = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(some, claims), async (given: Record<string, unknown>) => {
        const bound = { "x5t#S256": caller.leaf.thumbprint };
        const payload = { ...given, ...(given.cnf === "bound" && { cnf: bound }) };
        const none = { iss: undefined, aud: undefined, sub: undefined, jti: undefined, exp: undefined, iat: undefined };
        let token: string;
        try {
          token = await fleet.token(caller, EchoService.name, [], { ...none, cnf: undefined, ...payload });
        } catch {
          return; // What jose does not sign nobody can send.
        }
        const expected = sound(JSON.parse(JSON.stringify(payload)));
        if (expected) letIn++;
        assert.equal(await accepted(token), expected, JSON.stringify(payload));
      }),
      { numRuns: 1_500 },
    );
    assert.ok(letIn > 20, `only ${letIn} were let in: the test tests nothing`);

    /** The rules once more, in another way. */
    function sound(claim: Record<string, unknown>): boolean {
      const { iss, aud, sub: subject, exp, iat, nbf, cnf } = claim;
      const numbers = typeof exp === "number" && typeof iat === "number";
      const times = numbers && iat < exp && exp - iat <= 600 && now < exp && iat <= now + 60;
      const notBefore = nbf === undefined || (typeof nbf === "number" && nbf <= now + 60);
      const binding = (cnf as { "x5t#S256"?: unknown } | null | undefined)?.["x5t#S256"];
      const texts = [aud].flat().every((audience) => typeof audience === "string"); // RFC 7519, section 4.1.3.
      const there = aud !== undefined && texts && typeof claim.jti === "string";
      return iss === issuer && subject === sub && there && times && notBefore && binding === caller.leaf.thumbprint;
    }
  });

  it("are refused when any character is another", async () => {
    const token = await fleet.token(caller, EchoService.name, ["echo:call"]);
    assert.ok(await accepted(token));
    const decoded = (text: string) => text.split(".").map((part) => Buffer.from(part, "base64url").toString("hex"));
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.string({ maxLength: 2 }), async (at, instead) => {
        const other = token.slice(0, at) + instead + token.slice(at + 1);
        // The last character of a part has bits that stand for nothing.
        const same = decoded(other).join() === decoded(token).join() && other.split(".").length === 3;
        if (!same) assert.equal(await accepted(other), false, other);
      }),
      { numRuns: 500 },
    );
  });

  it("are refused with any header but the one", async () => {
    const header = fc.dictionary(fc.constantFrom("alg", "typ", "kid", "crit", "jwk", "jku", "x5c", "b64", "zip"), json);
    await fc.assert(
      fc.asyncProperty(header, async (more) => {
        const [, body, signature] = (await fleet.token(caller, EchoService.name, [])).split(".");
        const head = { alg: "ES256", typ: "at+jwt", kid: "key-1", ...more };
        const encoded = Buffer.from(JSON.stringify(head)).toString("base64url");
        assert.equal(await accepted(`${encoded}.${body}.${signature}`), Object.keys(more).length === 0);
      }),
    );
  });

  it("are refused when they are text at random", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { maxLength: 5 }).map((parts) => parts.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        assert.equal(await accepted(token), false);
      }),
    );
  });

  it("come out of the authorization exactly when they stand there alone", () => {
    const text = fc.string({ unit: fc.constantFrom(..."Bearer aZ09-._~+/=, \t\n"), maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((token) => `Bearer ${token}`),
        ),
        (value) => {
          const rest = value.slice(0, 7).toLowerCase() === "bearer " ? value.slice(7) : undefined;
          const token = rest?.replace(/=*$/, "");
          const sound =
            token !== undefined && token !== "" && [...token].every((char) => /[A-Za-z0-9._~+/-]/.test(char));
          try {
            assert.equal(bearerToken(value), rest);
            assert.ok(sound, JSON.stringify(value));
          } catch (error) {
            assert.ok(error instanceof InterlockError && !sound, JSON.stringify(value));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
