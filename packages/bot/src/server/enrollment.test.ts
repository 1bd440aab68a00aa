import assert from "node:assert/strict";
import { once } from "node:events";
import { Client, credentials } from "@grpc/grpc-js";
import { systemClock } from "../base/clock.js";
import { denial } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Denial } from "../base/recorder.js";
import { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { certificatesToPem } from "../identity/pem.js";
import { plainCall, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, rawTls, shows } from "../testing/raw-client.js";
import { createTestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createServer } from "./create-server.js";
import type { BotServer } from "./options.js";

const { path } = EchoService.methods.open;
const join = EnrollmentService.methods.join.path;
const hour = 3_600_000;

describe("a server where strangers may enroll", () => {
  let fleet: TestFleet;
  let server: BotServer;
  let opened: number;
  let joined: JoinRequest[];
  let denials: Denial[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    opened = 0;
    joined = [];
    denials = [];
    fleet.recorder.onDenial((denied) => denials.push(denied));
    const identity = createObservable(await fleet.ca.issue("spiffe://test/interlock/authority"));
    const { trust, recorder } = fleet;
    const enrollment = {
      async join(request: JoinRequest) {
        joined.push(request);
        if (request.joinToken !== "good") throw denial("JOIN_TOKEN_INVALID");
        return { certificate: { chain: [] } };
      },
    };
    const options = { identity, trust, recorder, clock: systemClock, log: silentLog, port: 0, enrollment };
    server = await createServer(options, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        count: none,
        chat: none,
        join: () => ({}),
        open() {
          opened++;
          return {};
        },
        reset: () => ({}),
      }),
    );
  });
  afterEach(() => server.close(0));

  async function goodCall(): Promise<void> {
    const session = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/good/1")));
    assert.equal((await rawCall(session, path)).status, 0);
    session.destroy();
  }

  it("a stranger can join, and nothing else", async () => {
    const secure = credentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), null, null, {
      checkServerIdentity: () => undefined,
    });
    const client = new Client(server.address, secure, plainOptions);
    const request = (joinToken: string) =>
      Buffer.from(JoinRequest.encode(JoinRequest.fromPartial({ joinToken })).finish());
    assert.ok(JoinResponse.decode(await plainCall(client, join, undefined, request("good"))).certificate);
    await assert.rejects(plainCall(client, join, undefined, request("bad")), { code: 16 });
    for (const other of [
      path,
      EchoService.methods.echo.path,
      "/grpc.health.v1.Health/Check",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "/interlock.authority.v1.AuthorityService/IssueToken",
      `${join}/`,
    ]) {
      await assert.rejects(plainCall(client, other), { code: 12 }, other);
    }
    await assert.rejects(plainCall(client, join, undefined, Buffer.alloc(100_000)), { code: 8 });
    client.close();
    await goodCall();
    assert.equal(opened, 1);
    assert.equal(joined.length, 2);
  });

  it("who shows a certificate that is not good is no stranger, but refused", async () => {
    const other = await createTestCa();
    const me = "spiffe://test/caller/1";
    const past = { notBefore: Date.now() - 2 * hour, notAfter: Date.now() - hour };
    const rows = [
      ["CERTIFICATE_UNTRUSTED", await other.issue(me)],
      ["CERTIFICATE_EXPIRED", await fleet.ca.issue(me, past)],
      ["CERTIFICATE_IS_CA", await fleet.ca.issue(me, { ca: true })],
      ["CERTIFICATE_WRONG_USAGE", await fleet.ca.issue(me, { usages: ["1.3.6.1.5.5.7.3.1"] })],
      ["TRUST_DOMAIN_MISMATCH", await fleet.ca.issue("spiffe://other/caller/1")],
    ] as const;
    for (const [, identity] of rows) {
      for (const call of [path, join]) {
        assert.equal((await rawCall(rawSession(server.port, shows(identity)), call)).status, undefined);
      }
    }
    await goodCall();
    assert.equal(opened, 1);
    assert.deepEqual(joined, []);
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      rows.flatMap(([reason]) => [reason, reason]),
    );
  });

  it("strangers cannot take the places of bots", async () => {
    const strangers = [];
    for (let i = 0; i < 64; i++) strangers.push(rawTls(server.port));
    for (const socket of strangers) socket.on("error", () => {});
    await Promise.all(strangers.map((socket) => once(socket, "secureConnect")));
    const late = rawSession(server.port);
    assert.equal((await rawCall(late, join)).status, undefined);
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      ["CONNECTION_LIMIT"],
    );
    await goodCall();
    for (const socket of strangers) socket.destroy();
  });
});

async function* none() {}
