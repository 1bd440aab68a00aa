import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { tlsContext } from "../identity/tls-context.js";
import { type Extension, KeyUsageFlags, SubjectAlternativeNameExtension } from "../identity/x509.js";
import type { Reason } from "../reason.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plaintextSession, rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestCa, type LeafOptions } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const hour = 3_600_000;
const me = "spiffe://test/caller/1";
// Open to any bot: whoever gets a connection at all can call it, so nothing but the transport stands in the way.
const { path } = EchoService.methods.open;

interface Row {
  readonly row: number;
  readonly attack: string;
  readonly reason: Reason;
  readonly leaf: LeafOptions;
}

const dns = (value: string) => ({ type: "dns" as const, value });
const url = (value: string) => ({ type: "url" as const, value });
const san = (...names: { type: "dns" | "url" | "email"; value: string }[]) =>
  new SubjectAlternativeNameExtension(names) as Extension;

const withoutId = "CERTIFICATE_WITHOUT_SPIFFE_ID" as const;
const rows: Row[] = [
  {
    row: 4,
    attack: "an expired certificate",
    reason: "CERTIFICATE_EXPIRED",
    leaf: { notBefore: Date.now() - 2 * hour, notAfter: Date.now() - hour },
  },
  {
    row: 4,
    attack: "a certificate that is not valid yet",
    reason: "CERTIFICATE_NOT_YET_VALID",
    leaf: { notBefore: Date.now() + hour, notAfter: Date.now() + 2 * hour },
  },
  {
    row: 8,
    attack: "a server's certificate",
    reason: "CERTIFICATE_WRONG_USAGE",
    leaf: { usages: ["1.3.6.1.5.5.7.3.1"] },
  },
  { row: 8, attack: "no extended key usage", reason: "CERTIFICATE_WRONG_USAGE", leaf: { usages: [] } },
  { row: 8, attack: "anyExtendedKeyUsage", reason: "CERTIFICATE_WRONG_USAGE", leaf: { usages: ["2.5.29.37.0"] } },
  { row: 9, attack: "a leaf that is a CA", reason: "CERTIFICATE_IS_CA", leaf: { ca: true } },
  {
    row: 9,
    attack: "a leaf that may sign certificates",
    reason: "CERTIFICATE_IS_CA",
    leaf: { keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign },
  },
  {
    row: 9,
    attack: "a leaf that may sign revocation lists",
    reason: "CERTIFICATE_IS_CA",
    leaf: { keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign },
  },
  { row: 10, attack: "no URI SAN", reason: withoutId, leaf: { uris: [], extra: [san(dns("caller"))] } },
  { row: 10, attack: "two URI SANs", reason: withoutId, leaf: { uris: [me, "spiffe://test/admin"] } },
  { row: 10, attack: "a SPIFFE ID beside another URI", reason: withoutId, leaf: { uris: [me, "https://test"] } },
  { row: 10, attack: "a URI that is not spiffe:", reason: withoutId, leaf: { uris: ["https://test/caller/1"] } },
  { row: 10, attack: "a SPIFFE ID with no path", reason: withoutId, leaf: { uris: ["spiffe://test"] } },
  { row: 10, attack: "a SPIFFE ID with an empty path", reason: withoutId, leaf: { uris: ["spiffe://test/"] } },
  {
    row: 10,
    attack: "two SAN extensions",
    reason: "CERTIFICATE_UNTRUSTED",
    leaf: { uris: [me], extra: [san(url("spiffe://test/admin"))] },
  },
  {
    row: 11,
    attack: "a DNS name that reads like a URI (CVE-2021-44532)",
    reason: withoutId,
    leaf: { uris: [], extra: [san(dns(`x, URI:${me}`))] },
  },
  {
    row: 11,
    attack: "an e-mail address that reads like a URI",
    reason: withoutId,
    leaf: { uris: [], extra: [san({ type: "email", value: `x, URI:${me}` })] },
  },
  {
    row: 11,
    attack: "a URI that reads like two",
    reason: withoutId,
    leaf: { uris: [`${me}, URI:spiffe://test/admin`] },
  },
  { row: 11, attack: "a URI with a zero byte", reason: withoutId, leaf: { uris: [`${me}\0.evil`] } },
  {
    row: 13,
    attack: "an identity of another trust domain, signed by this one's CA",
    reason: "TRUST_DOMAIN_MISMATCH",
    leaf: { uris: ["spiffe://other/caller/1"] },
  },
];

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

  async function assertRefused(reason: Reason): Promise<void> {
    await server.denied(1);
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo"], "only the good call came through");
    assert.deepEqual(
      server.denials.map((denial) => denial.reason),
      [reason],
    );
    assert.match(server.denials[0]?.address ?? "", /^127\.0\.0\.1:\d+$/);
  }

  for (const { row, attack, reason, leaf } of rows) {
    it(`row ${row}: ${attack}`, async () => {
      const { keys, der } = await fleet.ca.issueRaw({ uris: [me], ...leaf });
      const session = rawSession(server.port, shows({ privateKey: keys.privateKeyPem, chain: [der] }));
      assert.equal((await rawCall(session, path)).status, undefined);
      await assertRefused(reason);
    });
  }

  it("row 1: plaintext HTTP/2", async () => {
    assert.equal((await rawCall(plaintextSession(server.port), path)).status, undefined);
    await assertRefused("HANDSHAKE_FAILED");
  });

  it("row 2: no certificate", async () => {
    const answer = await rawCall(rawSession(server.port), path);
    assert.equal(answer.status, undefined);
    assert.equal(answer.error, "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    await assertRefused("NO_CERTIFICATE");
  });

  it("row 3: a certificate from another CA, even one of the same name", async () => {
    const other = await createTestCa("test");
    const session = rawSession(server.port, shows(await other.issue(me)));
    assert.equal((await rawCall(session, path)).status, undefined);
    await assertRefused("CERTIFICATE_UNTRUSTED");
  });

  it("row 3: a certificate that a bot has signed with its own", async () => {
    const bot = await fleet.ca.issueRaw({ uris: ["spiffe://test/mallory/1"] });
    const forged = await fleet.ca.issueRaw({ uris: [me], signer: { name: "CN=leaf", keys: bot.keys } });
    const chain = [forged.der, bot.der];
    const session = rawSession(server.port, shows({ privateKey: forged.keys.privateKeyPem, chain }));
    assert.equal((await rawCall(session, path)).status, undefined);
    await assertRefused("CERTIFICATE_UNTRUSTED");
  });

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

  it("row 7: TLS 1.2", async () => {
    const identity = await fleet.ca.issue(me);
    const [error] = await once(rawTls(server.port, { ...shows(identity), maxVersion: "TLSv1.2" }), "error");
    assert.equal(error.code, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    await assertRefused("HANDSHAKE_FAILED");
  });

  for (const [kind, reason] of [
    ["identity", "IDENTITY_REVOKED"],
    ["certificate", "CERTIFICATE_REVOKED"],
  ] as const) {
    it(`row 6: a revoked ${kind}`, async () => {
      const identity = await fleet.ca.issue(`spiffe://test/gone/${kind}`);
      assert.equal((await rawCall(rawSession(server.port, shows(identity)), path)).status, 0);
      server.handled.length = 0;
      fleet.revoke(kind, kind === "identity" ? identity.spiffeId.uri : identity.leaf.serial);
      assert.equal((await rawCall(rawSession(server.port, shows(identity)), path)).status, undefined);
      await assertRefused(reason);
    });
  }

  it("closes a peer that falls silent in the handshake without keeping others waiting", async () => {
    const silent = Array.from({ length: 50 }, () => connect(server.port, "127.0.0.1"));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    await server.goodCall();
    for (const socket of silent) socket.destroy();
    await server.denied(silent.length);
    assert.ok(server.denials.every(({ reason }) => reason === "HANDSHAKE_FAILED"));
  });

  describe("rows 5 and 6: resumption", () => {
    /** The session that a first connection is given, and whether a second can use it. */
    async function resumes(port: number, identity: Parameters<typeof shows>[0]): Promise<boolean> {
      const first = rawTls(port, shows(identity));
      first.on("error", () => {});
      const [session] = (await once(first, "session")) as [Buffer];
      first.destroy();
      const second = rawTls(port, { ...shows(identity), session });
      second.on("error", () => {});
      await once(second, "secureConnect");
      const reused = second.isSessionReused();
      second.destroy();
      return reused;
    }

    it("this client does resume a session where a server lets it", async () => {
      const identity = await fleet.ca.issue(me);
      const context = { ...tlsContext(identity, [fleet.ca.der]), secureOptions: 0, sessionTimeout: 300 };
      const lax = createTlsServer({ ...context, requestCert: true }, (socket) => socket.on("error", () => {}));
      lax.listen(0, "127.0.0.1");
      await once(lax, "listening");
      assert.equal(await resumes((lax.address() as { port: number }).port, identity), true);
      lax.close();
    });

    it("no session is resumed, before and after the TLS context is replaced", async () => {
      const identity = await fleet.ca.issue(me);
      assert.equal(await resumes(server.port, identity), false);
      const { state } = fleet.trust;
      const other = await createTestCa("next");
      fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates: [fleet.ca.der, other.der] });
      assert.equal(await resumes(server.port, identity), false);
    });
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
      const closed = once(session, "close");
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
