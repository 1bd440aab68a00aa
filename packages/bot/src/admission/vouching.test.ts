import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import type { Identity } from "../identity/identity.js";
import { vouchFor } from "../identity/vouch.js";
import { closeOf } from "../testing/close-of.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createConnection } from "./connection.js";

const me = "spiffe://test/caller/1";
const health = "/grpc.health.v1.Health/Check";
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

describe("vouching for a connection", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let old: Identity;
  let sessions: ClientHttp2Session[];
  let vouch: string;
  let ended: Promise<unknown>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    // A test that calls without pause does not meet the rate of a caller.
    server = await serveEcho(fleet, {}, { callerRate: { perSecond: 1_000_000, burst: 1_000_000 } });
    sessions = [];
    // Long enough for a session to be opened and vouched for, on a busy machine too.
    old = await fleet.ca.issue(me, { notAfter: Date.now() + 4_000 });
    const session = connect(old);
    ended = closeOf(session);
    const { headers } = await ask(session, EchoService.methods.count.path, await bearer(old));
    const voucher = String(headers["interlock-voucher"]);
    assert.match(voucher, /^[\w-]{22}$/);
    vouch = vouchFor({ voucher, client: old.leaf.thumbprint, server: serverThumbprint() });
  });
  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await server.bot.close(0);
  });

  const serverThumbprint = () => server.bot.identity.current().leaf.thumbprint;
  const bearer = async (identity: Identity) => {
    const token = await fleet.token(identity, EchoService.name, ["echo:call"]);
    return { authorization: `Bearer ${token}` };
  };
  function connect(identity: Identity): ClientHttp2Session {
    const session = rawSession(server.port, shows(identity));
    sessions.push(session);
    return session;
  }
  /** Begins a call; gives the first headers. */
  async function ask(session: ClientHttp2Session, path: string, more: Record<string, string> = {}) {
    const stream = session.request({ ...grpc, ":path": path, ...more });
    stream.end(Buffer.alloc(5));
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    stream.on("error", () => {}).resume();
    return { headers };
  }
  const call = async (session: ClientHttp2Session, identity: Identity) =>
    (await rawCall(session, EchoService.methods.echo.path, await bearer(identity))).status;
  /** The same call again and again, with one token. */
  async function repeating(session: ClientHttp2Session, identity: Identity) {
    const headers = await bearer(identity);
    return async () => (await rawCall(session, EchoService.methods.echo.path, headers)).status;
  }
  const accepted = async (identity: Identity, value: string) => {
    const { headers } = await ask(connect(identity), health, { "interlock-vouch": value });
    return headers["interlock-vouch-accepted"];
  };

  it("lets it live as long as the newer certificate of the same bot", async () => {
    const newer = await fleet.ca.issue(me);
    assert.equal(await accepted(newer, `unknown, ${vouch}`), vouch);
    const [first] = sessions as [ClientHttp2Session];
    // A token for either is good on it, until its own certificate runs out.
    assert.equal(await call(first, old), 0);
    const again = await repeating(first, newer);
    while (Date.now() < old.leaf.notAfter + 100) assert.equal(await again(), 0);
    assert.equal(await call(first, old), 16);
  });

  it("is of no use to another bot, nor with another certificate in between, nor on itself", async () => {
    assert.equal(await accepted(await fleet.ca.issue("spiffe://test/caller/2"), vouch), undefined);
    const mallory = (await fleet.ca.issue(me)).leaf.thumbprint;
    for (const other of [{ client: mallory }, { server: mallory }, { voucher: "guessed" }]) {
      const bond = { voucher: "", client: old.leaf.thumbprint, server: serverThumbprint(), ...other };
      assert.equal(await accepted(await fleet.ca.issue(me), vouchFor(bond)), undefined);
    }
    const [first] = sessions as [ClientHttp2Session];
    const { headers } = await ask(first, health, { "interlock-vouch": vouch });
    assert.equal(headers["interlock-vouch-accepted"], undefined);
    await ended; // With its certificate.
    assert.ok(Date.now() >= old.leaf.notAfter);
  });

  it("does not shorten its life with a certificate that ends before", async () => {
    const short = await fleet.ca.issue(me, { notAfter: old.leaf.notAfter - 2_000 });
    assert.equal(await accepted(short, vouch), vouch);
    const [first] = sessions as [ClientHttp2Session];
    const again = await repeating(first, old);
    while (Date.now() < short.leaf.notAfter + 100) assert.equal(await again(), 0);
    await ended;
    assert.ok(Date.now() >= old.leaf.notAfter);
  });

  it("keeps each earlier certificate once, and not more than eight of them", async () => {
    const socket = { getCertificate: () => ({}), remoteAddress: "127.0.0.1", remotePort: 1 } as never;
    const of = async () => {
      const { spiffeId: id, leaf: certificate, chain } = await fleet.ca.issue(me);
      return createConnection(socket, { id, certificate, chain });
    };
    const now = Date.now();
    const connection = await of();
    const [other, ...more] = await Promise.all(Array.from({ length: 9 }, of));
    assert.ok(other);
    for (let i = 0; i < 100; i++) assert.ok(connection.rebind(other, now));
    assert.deepEqual(connection.earlier.length, 1);
    const accepted = more.map((later) => connection.rebind(later, now));
    assert.deepEqual(accepted, [...Array(7).fill(true), false]);
    assert.equal(connection.earlier.length, 8);
    assert.notEqual(connection.certificate, more.at(-1)?.certificate);
    assert.ok(connection.rebind(other, now), "one that it has had takes no place of its own");
    assert.ok(connection.rebind(await of(), other.certificate.notAfter), "those that have expired make room");
  });

  it("accepts a vouch that is repeated once", async () => {
    assert.equal(await accepted(await fleet.ca.issue(me), Array(32).fill(vouch).join(", ")), vouch);
  });
});
