import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { createKeyPair } from "../identity/key-pair.js";
import { tlsContext } from "../identity/tls-context.js";
import { closeOf } from "../testing/close-of.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { KeyUsageFlags } from "../testing/x509.js";

const me = "spiffe://test/caller/1";
// Open to any bot: every peer with a connection can call it, so nothing but the transport stands in the way.
const { path } = EchoService.methods.open;

describe("transport", () => {
  let fleet: TestFleet;
  let server: EchoServer;

  before(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
  });
  beforeEach(async () => {
    await server.goodCall();
    server.denials.length = 0;
    server.handled.length = 0;
  });
  after(() => server.bot.close(0));

  it("row 13: an identity below an intermediate of another trust domain, which is below this one's CA", async () => {
    const named = await intermediateOf(["spiffe://test"]);
    const good = rawSession(server.port, shows(await named.issue(me)));
    assert.equal((await rawCall(good, path)).status, 0, "one of this trust domain's is as good as the CA");
    server.handled.length = 0;
    const foreign = await intermediateOf(["spiffe://other"]);
    assert.equal((await rawCall(rawSession(server.port, shows(await foreign.issue(me))), path)).status, undefined);
    await server.denied(1);
    assert.deepEqual([server.denials[0]?.reason, server.handled], ["TRUST_DOMAIN_MISMATCH", []]);
    await server.goodCall();
  });

  it("row 13: the same, hidden behind one of that name that nobody has signed", async () => {
    const foreign = await intermediateOf(["spiffe://other"]);
    const { chain, ...identity } = await foreign.issue(me);
    // It has expired, so TLS ignores it; Node links certificates by names alone.
    const decoy = await fleet.ca.issueRaw({
      subject: "CN=intermediate",
      ca: true,
      keyUsage: KeyUsageFlags.keyCertSign,
      usages: [],
      notAfter: Date.now() - 1_000,
      signer: { name: "CN=test", keys: await createKeyPair() },
    });
    const [leaf, ...above] = chain as [Uint8Array];
    const session = rawSession(server.port, shows({ ...identity, chain: [leaf, decoy.der, ...above] }));
    assert.equal((await rawCall(session, path)).status, undefined);
    await server.denied(1);
    assert.deepEqual([server.denials[0]?.reason, server.handled], ["TRUST_DOMAIN_MISMATCH", []]);
    await server.goodCall();
  });

  /** An intermediate below the fleet's CA, which signs leaves. */
  async function intermediateOf(uris: readonly string[]) {
    const below = await createTestCa("root that may have CAs below", 1);
    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [fleet.ca.der, below.der] });
    const [subject, keyUsage] = ["CN=intermediate", KeyUsageFlags.keyCertSign];
    const { keys, der } = await below.issueRaw({ subject, uris, ca: true, keyUsage, usages: [] });
    const signer = { name: subject, keys };
    return {
      async issue(uri: string) {
        const leaf = await below.issue(uri, { signer });
        return { ...leaf, chain: [...leaf.chain, der] };
      },
    };
  }

  it("closes a peer that falls silent in the handshake without keeping others waiting", async () => {
    const silent = Array.from({ length: 50 }, () => connect(server.port, "127.0.0.1"));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    await server.goodCall();
    for (const socket of silent) socket.destroy();
    await server.denied(silent.length);
    assert.ok(server.denials.every(({ reason }) => reason === "HANDSHAKE_FAILED"));
  });

  it("resumes no session after the TLS context was replaced either", async () => {
    const identity = await fleet.ca.issue(me);
    const { state } = fleet.trust;
    const other = await createTestCa("next");
    fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [fleet.ca.der, other.der] });
    const first = rawTls(server.port, shows(identity)).on("error", () => {});
    const [session] = (await once(first, "session")) as [Buffer];
    first.destroy();
    const second = rawTls(server.port, { ...shows(identity), session }).on("error", () => {});
    await once(second, "secureConnect");
    assert.equal(second.isSessionReused(), false);
    second.destroy();
  });

  describe("after the TLS context was replaced", () => {
    it("the new CA is believed, and everything else is as strict as before", async () => {
      const { state } = fleet.trust;
      const next = await createTestCa("after next");
      fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [fleet.ca.der, next.der] });
      const identity = await next.issue(me);
      assert.equal((await rawCall(rawSession(server.port, shows(identity)), path)).status, 0);
      server.handled.length = 0;

      const tls12 = rawSession(server.port, { ...shows(identity), maxVersion: "TLSv1.2" });
      assert.equal((await rawCall(tls12, path)).status, undefined);
      assert.equal((await rawCall(rawSession(server.port), path)).status, undefined);
      const stranger = await (await createTestCa("stranger")).issue(me);
      assert.equal((await rawCall(rawSession(server.port, shows(stranger)), path)).status, undefined);
      await server.denied(3);
      assert.deepEqual(server.handled, []);

      // Withdrawn again: what is connected under it goes too.
      const session = rawSession(server.port, shows(identity));
      assert.equal((await rawCall(session, path)).status, 0);
      fleet.trust.replace({ ...state, version: state.version + 2n, caCertificates: [fleet.ca.der] });
      const closed = closeOf(session);
      assert.notEqual((await rawCall(session, path)).status, 0, "it was let in while it was being cut");
      await closed;
      assert.equal((await rawCall(rawSession(server.port, shows(identity)), path)).status, undefined);
      await server.goodCall();
    });

    it("a trust without any CA believes nobody, least of all the web's", async () => {
      const { state } = fleet.trust;
      const identity = await fleet.ca.issue(me);
      // An empty string instead, and Node would believe all the CAs of the web.
      assert.deepEqual(tlsContext(identity, []).ca, []);
      fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [] });
      assert.equal((await rawCall(rawSession(server.port, shows(identity)), path)).status, undefined);
      await server.denied(1);
      assert.equal(server.denials[0]?.reason, "CERTIFICATE_UNTRUSTED");
      fleet.trust.replace({ ...state, version: state.version + 2n });
      await server.goodCall();
    });
  });
});
