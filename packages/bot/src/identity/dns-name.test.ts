import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { createObservable } from "../base/observable.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

/** The authority puts a DNS name into leaves, for TLS clients of others. */
describe("a DNS name in a certificate", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  before(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
  });
  after(() => server.bot.close(0));

  /** A call by a bot whose token is for `subject`; gives "ok", or the reason. */
  async function callAs(uri: string, dns: readonly string[], subject = uri): Promise<string> {
    const identity = createObservable(await fleet.ca.issue(uri, { dns }));
    const tokens = {
      async authorization(audience: string, scopes: readonly string[]) {
        const { leaf } = identity.current();
        const claims = { sub: subject, cnf: { "x5t#S256": leaf.thumbprint } };
        return `Bearer ${await fleet.token(identity.current(), audience, scopes, claims)}`;
      },
      forget() {},
    };
    const bot = await fleet.bot("caller/1", undefined, { identity, tokens });
    try {
      await bot.client(EchoService, server.address, { server: "echo/1" }).echo({ reason: "x" });
      return "ok";
    } catch (error) {
      return InterlockError.from(error).reason ?? String(error);
    } finally {
      await bot.close(0);
    }
  }

  const caller = "spiffe://test/caller/1";
  const admin = "spiffe://test/admin/1";
  const adminName = "admin--1.test.interlock.invalid";

  it("decides nothing: missing, foreign, or another bot's", async () => {
    for (const dns of [[], ["caller--1.test.interlock.invalid"], ["evil.example"], [adminName], [adminName, "*"]]) {
      assert.equal(await callAs(caller, dns), "ok", String(dns));
    }
  });

  it("does not make its holder the bot that it names", async () => {
    assert.equal(await callAs(admin, [adminName]), "ok");
    assert.equal(await callAs(caller, [adminName], admin), "TOKEN_SUBJECT_MISMATCH");
    fleet.revoke("identity", caller);
    assert.equal(await callAs(admin, ["caller--1.test.interlock.invalid"]), "ok");
  });
});
