import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  type Bot,
  createObservable,
  type Identity,
  InterlockError,
  type MutableObservable,
  silentLog,
} from "@interlock/bot";
import { toGrpcService } from "@interlock/bot/internal";
import { createTestCa, createTestFleet, type TestFleet } from "@interlock/bot/testing";
import type { DiscoveryRequest, DiscoveryResponse } from "../gen/envoy/service/secret/v3/sds.js";
import { Secret } from "../gen/envoy/service/secret/v3/sds.js";
import { SecretDiscoveryService } from "../gen/envoy/service/secret/v3/sds_interlock.js";
import type { X509BundlesResponse, X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { SpiffeWorkloadAPI } from "../gen/spiffe/workload/workload_interlock.js";
import { fromWorkloadApi } from "../workload-api/from-workload-api.js";
import { type Agent, type AgentOptions, openAgent } from "./open-agent.js";
import { secretType } from "./secrets.js";

const Workload = makeGenericClientConstructor(toGrpcService(SpiffeWorkloadAPI), "SpiffeWorkloadAPI");
type ServiceClient = InstanceType<typeof Workload>;
const Secrets = makeGenericClientConstructor(toGrpcService(SecretDiscoveryService), "SecretDiscoveryService");

describe("openAgent", () => {
  const id = "spiffe://test/vision/1";
  let folder: string;
  let fleet: TestFleet;
  let identity: MutableObservable<Identity>;
  let bot: Bot;
  let now: number;
  let agent: Agent;
  const clients: ServiceClient[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ilk-agent-"));
    now = Date.now();
    const clock = { now: () => now };
    fleet = await createTestFleet(clock);
    identity = createObservable(await fleet.ca.issue(id));
    bot = await fleet.bot("vision/1", [], { identity, clock });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await agent?.close();
    await bot.close(0);
    await rm(folder, { recursive: true });
  });

  async function open(options: Partial<AgentOptions> = {}): Promise<string> {
    agent = await openAgent(bot, { socket: join(folder, "own/agent.sock"), ...options });
    return (agent.addresses[0] as string).replace("unix://", "unix:");
  }
  function clientOf(Client: typeof Workload, target: string): ServiceClient {
    const client = new Client(target, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    clients.push(client);
    return client;
  }
  function header(): Metadata {
    const metadata = new Metadata();
    metadata.set("workload.spiffe.io", "true");
    return metadata;
  }
  const svids = (client: ServiceClient, metadata = header()): ClientReadableStream<X509SVIDResponse> =>
    client.fetchX509Svid?.({}, metadata) as never;
  /** The next message of a stream, or the error with which it ends. */
  async function next<T>(stream: ClientReadableStream<T> | ClientDuplexStream<never, T>): Promise<T> {
    const [message] = await once(stream, "data");
    return message;
  }
  async function endOf(stream: ClientReadableStream<unknown>): Promise<InterlockError> {
    stream.on("data", () => {});
    const [error] = await once(stream, "error").catch((thrown) => [thrown]);
    return InterlockError.from(error);
  }
  /** Leaves a stream, which its reader hears of as an error. */
  function leave(stream: ClientReadableStream<unknown>): void {
    stream.on("error", () => {});
    stream.cancel();
  }
  async function one(call: (answer: (error: ServiceError | null, message: unknown) => void) => void) {
    return new Promise<InterlockError | object>((resolve) =>
      call((error, message) => resolve(error ? InterlockError.from(error) : (message as object))),
    );
  }

  it("gives out the certificate, its key and the CA certificates, and each new one once", async () => {
    const stream = svids(clientOf(Workload, await open()));
    const { svids: given, crl, federatedBundles } = await next(stream);
    assert.deepEqual([given.length, crl, Object.keys(federatedBundles)], [1, [], []]);
    const [svid] = given;
    assert.ok(svid);
    const { leaf, chain, privateKey } = identity.current();
    assert.equal(svid.spiffeId, id);
    assert.deepEqual(Buffer.from(svid.x509Svid), Buffer.concat(chain));
    assert.deepEqual(Buffer.from(svid.bundle), Buffer.from(fleet.ca.der));
    const pem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(svid.x509SvidKey).toString("base64")}\n`;
    assert.equal(pem.replace(/\s/g, ""), (privateKey.split("-----END")[0] as string).replace(/\s/g, ""));
    assert.equal(
      new X509Certificate(svid.x509Svid).serialNumber.toLowerCase().replace(/^0+/, ""),
      leaf.serial.replace(/^0+/, ""),
    );

    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, version: 2n }); // A change that concerns nobody here.
    const renewed = await fleet.ca.issue(id);
    identity.replace(renewed);
    const second = await next(stream);
    assert.deepEqual(Buffer.from(second.svids[0]?.x509Svid ?? []), Buffer.concat(renewed.chain));

    const { der } = await createTestCa();
    fleet.trust.replace({ ...state, version: 3n, caCertificates: [fleet.ca.der, der] });
    assert.deepEqual(Buffer.from((await next(stream)).svids[0]?.bundle ?? []), Buffer.concat([fleet.ca.der, der]));
    leave(stream);
  });

  it("is read by fromWorkloadApi, which verifies what it gets, and follows it", async () => {
    await open();
    const context = { clock: { now: () => now }, log: silentLog };
    const provided = await fromWorkloadApi({ endpoint: agent.addresses[0] }).open(context);
    const serial = () => provided.identity.current().leaf.serial;
    assert.equal(serial(), identity.current().leaf.serial);
    const renewed = await fleet.ca.issue(id);
    const taken = new Promise<void>((resolve) => provided.identity.onChange(() => resolve()));
    identity.replace(renewed);
    await taken;
    assert.equal(serial(), renewed.leaf.serial);
    provided.close();
  });

  it("gives out the CA certificates alone", async () => {
    const client = clientOf(Workload, await open());
    const stream: ClientReadableStream<X509BundlesResponse> = client.fetchX509Bundles?.({}, header()) as never;
    const { bundles } = await next(stream);
    assert.deepEqual(Object.keys(bundles), ["spiffe://test"]);
    assert.deepEqual(Buffer.from(bundles["spiffe://test"] ?? []), Buffer.from(fleet.ca.der));
    leave(stream);
  });

  it("refuses a call without the security header, before anything else", async () => {
    const client = clientOf(Workload, await open());
    const wrong = new Metadata();
    wrong.set("workload.spiffe.io", "True");
    for (const metadata of [new Metadata(), wrong]) {
      const error = await endOf(svids(client, metadata));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /workload\.spiffe\.io: true/);
      const jwt = await one((answer) => client.fetchJwtsvid?.({ audience: ["a"] }, metadata, answer));
      assert.equal((jwt as InterlockError).code, "INVALID_ARGUMENT");
    }
  });

  it("gives out no JWT-SVIDs, and says why", async () => {
    const client = clientOf(Workload, await open());
    for (const method of ["fetchJwtsvid", "validateJwtsvid"]) {
      const error = await one((answer) => client[method]?.({}, header(), answer));
      assert.equal((error as InterlockError).code, "UNIMPLEMENTED");
      assert.match((error as InterlockError).message, /bound to a certificate.*token endpoint/);
    }
    const error = await endOf(client.fetchJwtBundles?.({}, header()) as never);
    assert.equal(error.code, "UNIMPLEMENTED");
  });

  it("ends every stream when the bot is revoked, gives nothing out, and does again when it is let in", async () => {
    const target = await open();
    const client = clientOf(Workload, target);
    const stream = svids(client);
    await next(stream);
    const secrets: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse> = clientOf(
      Secrets,
      target,
    ).streamSecrets?.() as never;
    secrets.write({ resourceNames: ["default"] } as never);
    await next(secrets);
    assert.equal(agent.streams, 2);
    const ends = [endOf(stream), endOf(secrets)];
    fleet.revoke("identity", id);
    for (const error of await Promise.all([...ends, endOf(svids(client))])) {
      assert.deepEqual([error.code, error.reason], ["PERMISSION_DENIED", "IDENTITY_REVOKED"]);
    }
    const fetched = await one((answer) =>
      clientOf(Secrets, target).fetchSecrets?.({ resourceNames: ["ROOTCA"] }, answer),
    );
    assert.equal((fetched as InterlockError).code, "PERMISSION_DENIED");
    assert.equal(agent.streams, 0);
    fleet.trust.replace({ ...fleet.trust.state, revocations: [] });
    const again = svids(client);
    assert.equal((await next(again)).svids.length, 1);
    leave(again);
  });

  it("gives out no certificate that has run out", async () => {
    const client = clientOf(Workload, await open());
    now = identity.current().leaf.notAfter;
    identity.replace(await fleet.ca.issue(id, { notAfter: now }));
    const error = await endOf(svids(client));
    assert.deepEqual([error.code, error.reason], ["PERMISSION_DENIED", "CERTIFICATE_EXPIRED"]);
    identity.replace(await fleet.ca.issue(id, { notAfter: now + 60_000 }));
    const stream = svids(client);
    await next(stream);
    leave(stream);
  });

  it("has a bound for streams, and a place is free again when its reader goes", async () => {
    const client = clientOf(Workload, await open({ maximumStreams: 2 }));
    const [first, second] = [svids(client), svids(client)];
    await Promise.all([next(first), next(second)]);
    const error = await endOf(svids(client));
    assert.deepEqual([error.code, /2 streams/.test(error.message)], ["UNAVAILABLE", true]);
    leave(first);
    while (agent.streams > 1) await new Promise(setImmediate);
    const third = svids(client);
    await next(third);
    for (const stream of [second, third]) leave(stream);
  });

  it("counts the streams of each user alone, so that one leaves the others theirs", async function () {
    if (process.getuid?.() !== 0) {
      console.log("  skipped: only root gives sockets to other users");
      this.skip();
    }
    await open({ socket: join(folder, "own/a.sock"), allowUids: [61_001, 61_002], maximumStreams: 1 });
    const [one, other] = agent.addresses.map((address) => clientOf(Workload, address.replace("unix://", "unix:")));
    assert(one && other);
    const streams = [svids(one), svids(other)];
    await Promise.all(streams.map(next));
    assert.equal((await endOf(svids(one))).code, "UNAVAILABLE");
    assert.equal(agent.streams, 2);
    for (const stream of streams) leave(stream);
  });

  it("has a bound for connections", async () => {
    const target = await open({ maximumConnections: 2 });
    const opened: Socket[] = [];
    const dial = async () => {
      const socket = connect(target.replace("unix:", ""));
      opened.push(socket);
      await once(socket, "connect");
      return socket;
    };
    await dial();
    await dial();
    await once((await dial()).resume(), "close");
    for (const socket of opened) socket.destroy();
  });

  it("serves Envoy: names of SPIRE and of this fleet, acknowledged, renewed, and refused where they stand for nothing", async () => {
    const client = clientOf(Secrets, await open());
    const stream: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse> = client.streamSecrets?.() as never;
    const ask = (request: Partial<DiscoveryRequest>) => stream.write(request as never);
    ask({ typeUrl: secretType, resourceNames: ["default", "ROOTCA"] });
    const first = await next(stream);
    const decoded = (response: DiscoveryResponse) => response.resources.map(({ value }) => Secret.decode(value));
    const [certificate, roots] = decoded(first);
    assert.deepEqual([certificate?.name, roots?.name], ["default", "ROOTCA"]);
    assert.ok(certificate?.type?.$case === "tlsCertificate" && roots?.type?.$case === "validationContext");
    assert.deepEqual(
      Buffer.from(new X509Certificate(Buffer.from(certificate.type.value.certificateChain?.inlineBytes ?? [])).raw),
      Buffer.from(identity.current().chain[0] ?? []),
    );
    assert.equal(
      Buffer.from(certificate.type.value.privateKey?.inlineBytes ?? []).toString(),
      identity.current().privateKey,
    );
    assert.equal(first.typeUrl, secretType);

    const taken = { versionInfo: first.versionInfo, responseNonce: first.nonce };
    ask({ resourceNames: ["default", "ROOTCA"], ...taken }); // Acknowledged: there is nothing to say.
    ask({ resourceNames: [id], responseNonce: "another" }); // About an answer that never was.
    ask({ resourceNames: [id, "spiffe://test"], ...taken });
    const second = await next(stream);
    assert.deepEqual(
      decoded(second).map(({ name }) => name),
      [id, "spiffe://test"],
    );
    assert.equal(second.versionInfo, first.versionInfo, "nothing has changed");
    identity.replace(await fleet.ca.issue(id));
    const third = await next(stream);
    assert.notEqual(third.versionInfo, second.versionInfo);
    ask({ resourceNames: ["spiffe://test/other/1"], versionInfo: third.versionInfo, responseNonce: third.nonce });
    const error = await endOf(stream);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /There are: spiffe:\/\/test\/vision\/1, default, spiffe:\/\/test, ROOTCA/);
    assert.doesNotMatch(error.message, /other/);
    assert.equal(agent.streams, 0);

    const all = await one((answer) => client.fetchSecrets?.({}, answer));
    assert.deepEqual(
      decoded(all as DiscoveryResponse).map(({ name }) => name),
      [id, "spiffe://test"],
    );
    const many = await one((answer) => client.fetchSecrets?.({ resourceNames: Array(17).fill("default") }, answer));
    assert.equal((many as InterlockError).code, "INVALID_ARGUMENT");
    const another = await one((answer) => client.fetchSecrets?.({ typeUrl: "type.googleapis.com/x.Y" }, answer));
    assert.equal((another as InterlockError).code, "INVALID_ARGUMENT");
  });

  it("closes with streams open: they end with UNAVAILABLE, and the socket is gone", async () => {
    const target = await open();
    const stream = svids(clientOf(Workload, target));
    await next(stream);
    const end = endOf(stream);
    await agent.close();
    assert.equal((await end).code, "UNAVAILABLE");
    await assert.rejects(once(connect(target.replace("unix:", "")), "connect"), { code: "ENOENT" });
  });

  it("refuses options that make no sense", async () => {
    const refused = (options: Partial<AgentOptions>, message: RegExp) =>
      assert.rejects(openAgent(bot, { socket: "/run/agent.sock", ...options }), (error) => {
        assert.ok(error instanceof InterlockError && error.code === "INVALID_ARGUMENT");
        assert.match(error.message, message);
        return true;
      });
    await refused({ socket: "agent.sock" }, /absolute path/);
    await refused({ socket: `/${"a".repeat(103)}` }, /103 bytes/);
    await refused({ allowUids: [1], allowGid: 1 }, /not both/);
    await refused({ allowUids: [1, 1] }, /twice/);
    await refused({ allowUids: [-1] }, /whole number/);
    await open();
  });
});
