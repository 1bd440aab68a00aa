import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { type Bot, type Client, certificatesToPem, createKeyPair, InterlockError } from "@interlock/bot";
import { AdminService, AuthorityService, IssueTokenRequest } from "@interlock/bot/protocol";
import { createTestCa, EchoService as Echo, rawCall, rawSession, shows, type TestCa } from "@interlock/bot/testing";
import { createRoot } from "../ca/ca.js";
import { signIntermediateRequest } from "../ca/intermediate-request.js";
import { BasicConstraintsExtension, X509Certificate, X509CertificateGenerator } from "../ca/x509.js";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import { formatTrustBundle } from "./format-trust-bundle.js";

const named = "spiffe://partner/orders/*";
const EchoService = withCallers(["**", named]);
const grants = `grants:
  home/1: { ${Echo.name}: ["echo:call"] }
  "${named}": { ${Echo.name}: ["echo:call"] }
`;

function withCallers(callers: readonly string[]): typeof Echo {
  const methods = Object.entries(Echo.methods).map(([key, method]) => {
    const policy = { ...method.policy, ...(!method.policy.anyBot && { callers }) };
    return [key, { ...method, policy }];
  });
  return { ...Echo, methods: Object.fromEntries(methods) };
}

const reasonOf = (answer: Promise<unknown>) =>
  answer.then(
    () => "ok",
    (thrown) => {
      const { reason, code } = InterlockError.from(thrown);
      return reason ?? code;
    },
  );

const bundleOf = (caCertificates: readonly Uint8Array[], sequence = 1n) =>
  formatTrustBundle({ caCertificates, sequence, refreshHintSeconds: 300 });

describe("federation of two fleets", () => {
  let cafe: TestAuthority;
  let partner: TestAuthority;
  let admin: Client<typeof AdminService>;
  let away: Client<typeof AdminService>;
  let server: Bot;
  let home: Bot;
  let orders: Bot;
  let address: string;
  let handled: string[];

  const relation = { trustDomain: "partner", services: [Echo.name], identities: [named] };
  const back = { trustDomain: "cafe", services: [], identities: ["spiffe://cafe/echo/*"] };

  beforeEach(async () => {
    handled = [];
    cafe = await startTestAuthority();
    partner = await startTestAuthority({ trustDomain: "partner" });
    admin = (await cafe.bot("operator/ann")).client(AdminService, cafe.authority.address);
    away = (await partner.bot("operator/bob")).client(AdminService, partner.authority.address);
    await cafe.authority.applyGrants(grants);
    [server, home, orders] = await Promise.all([cafe.bot("echo/1"), cafe.bot("home/1"), partner.bot("orders/1")]);
    await admin.addFederation({ ...relation, bundle: bundleOf([partner.authority.caCertificate]) });
    await away.addFederation({ ...back, bundle: bundleOf([cafe.authority.caCertificate]) });
    const running = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo(request, { caller }) {
          handled.push(caller.name);
          return request;
        },
        async *count(_request, { signal }) {
          yield { reason: "first" };
          if (!signal.aborted) await once(signal, "abort");
        },
        async join() {
          return {};
        },
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    address = running.address;
    await federated(server, "partner");
    await federated(orders, "cafe");
  });
  afterEach(async () => {
    await cafe.close();
    await partner.close();
  });

  /** Resolves once a bot has heard of a domain, or, with `gone`, that it is not federated any more. */
  function federated({ trust }: Bot, domain: string, gone = false): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        const known = trust.state.federated?.some(({ trustDomain }) => trustDomain === domain) ?? false;
        if (known === !gone) resolve();
      };
      trust.onChange(look);
      look();
    });
  }

  const abroad = (bot: Bot) =>
    bot.client(EchoService, address, { federated: { trustDomain: "cafe", authority: cafe.authority.address } });

  it("lets a bot of the partner call and stream, and the own bots as ever", async () => {
    assert.deepEqual(
      await abroad(orders).echo({ reason: "hello" }),
      await home.client(EchoService, address).echo({ reason: "hello" }),
    );
    assert.deepEqual(handled, ["spiffe://partner/orders/1", "home/1"]);
    for await (const { reason } of abroad(orders).count({})) {
      assert.equal(reason, "first");
      break;
    }
    await server.close(0); // It reports what it has counted.
    const { usage } = await admin.listUsage({ service: Echo.name });
    assert.deepEqual([...new Set(usage.map(({ caller }) => caller))].sort(), [
      "spiffe://cafe/home/1",
      "spiffe://partner/orders/1",
    ]);
    const { usage: own } = await admin.listUsage({ service: Echo.name, bot: "orders/*" });
    assert.deepEqual(own, [], "it is not taken for a bot of the own trust domain");
    const { usage: foreign } = await admin.listUsage({ service: Echo.name, bot: named });
    assert.equal(foreign.length, 2);
  });

  it("gives tokens by grants with the domain only, and says which grants have no effect", async () => {
    const warnings = async (yaml: string) => (await admin.applyGrants({ yaml, dryRun: true })).warnings;
    assert.deepEqual(await warnings(grants), []);
    assert.match(String(await warnings(grants.replace(named, "spiffe://third/orders/*"))), /"third" is not federated/);
    assert.match(
      String(await warnings(grants.replaceAll(Echo.name, "other.v1.Service"))),
      /does not name other.v1.Service/,
    );
    for (const pattern of ["**", "orders/*", "spiffe://third/**"]) {
      await cafe.authority.applyGrants(grants.replace(named, pattern));
      assert.equal(await reasonOf(abroad(orders).echo({})), "NO_GRANT", pattern);
    }
    assert.deepEqual(handled, []);
  });

  it("gives no tokens for services that the relation does not name, and to bots that it does not name", async () => {
    await cafe.authority.applyGrants(grants.replaceAll(Echo.name, "other.v1.Service"));
    const issue = (audience: string) => issueTo(orders, { audience, scopes: ["echo:call"] });
    assert.equal(await issue("other.v1.Service"), "7");
    await cafe.authority.applyGrants(grants);
    assert.equal(await issue(Echo.name), "0");
    assert.equal(await issue(AdminService.name), "7");
    const billing = await partner.bot("billing/1");
    await federated(billing, "cafe");
    assert.equal(await reasonOf(abroad(billing).echo({})), "AUTHORITY_UNREACHABLE");
  });

  /** Asks for a token without any client library. Gives the status, or `closed`. */
  async function issueTo(bot: Pick<Bot, "identity">, request: object): Promise<string> {
    return callAuthority(
      bot,
      AuthorityService.methods.issueToken.path,
      IssueTokenRequest.encode(IssueTokenRequest.fromPartial(request)).finish(),
    );
  }

  async function callAuthority(
    { identity }: Pick<Bot, "identity">,
    path: string,
    message: Uint8Array = new Uint8Array(),
  ): Promise<string> {
    const session = rawSession(cafe.authority.port, shows(identity.current()));
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    const { status } = await rawCall(session, path, {}, frame);
    session.destroy();
    return status === undefined ? "closed" : String(status);
  }

  it("closes every other method of the authority", async () => {
    const methods = [...Object.values(AuthorityService.methods), ...Object.values(AdminService.methods)];
    for (const { path } of methods) {
      if (path === AuthorityService.methods.issueToken.path) continue;
      assert.equal(await callAuthority(orders, path), "7", path);
    }
    for (const path of ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]) {
      assert.equal(await callAuthority(orders, path), "7", path);
    }
    for (const more of [{ delegation: "d" }, { approval: "a" }]) {
      assert.equal(await issueTo(orders, { audience: Echo.name, scopes: ["echo:call"], ...more }), "7");
    }
  });

  it("takes no certificate of another CA for one of its own, by its serial number", async () => {
    const ca: TestCa = await createTestCa("third");
    await admin.addFederation({
      ...relation,
      trustDomain: "third",
      identities: ["spiffe://third/**"],
      bundle: bundleOf([ca.der]),
    });
    await cafe.authority.applyGrants(`${grants}  "spiffe://third/**": { ${Echo.name}: ["echo:call"] }\n`);
    const { serial } = home.identity.current().leaf;
    const same = await ca.issue("spiffe://third/a", { serial });
    await home.client(EchoService, address).echo({});
    // The authority knows this certificate as used; that of the stranger would look like a copy, or like its first use.
    await cafe.authority.revoke({ kind: "certificate", subject: "4f" }, "another");
    for (let i = 0; i < 3; i++) {
      assert.equal(
        await issueTo({ identity: { current: () => same } as never }, { audience: Echo.name, scopes: ["echo:call"] }),
        "0",
      );
    }
    const { records } = await admin.listLog({ kinds: ["clone", "revoke"] });
    assert.deepEqual(
      records.map(({ subject }) => subject),
      ["4f"],
    );
    await home.client(EchoService, address).echo({});
  });

  it("imports no CA of which a federated domain has the look-alike", async () => {
    const { privateKeyPem } = await createKeyPair();
    const root = await createRoot(privateKeyPem, "cafe", Date.now());
    const { publicKey, privateKey } = await createKeyPair();
    const { subjectName: subject } = new X509Certificate(Uint8Array.from(root));
    const extensions = [new BasicConstraintsExtension(true, 1, true)]; // Without an identifier of its key.
    const named = { subject: subject.toString(), issuer: subject.toString() };
    const mimic = await X509CertificateGenerator.create({ ...named, publicKey, signingKey: privateKey, extensions });
    const third = { ...relation, trustDomain: "third", identities: ["spiffe://third/**"] };
    await admin.addFederation({ ...third, bundle: bundleOf([new Uint8Array(mimic.rawData)]) });
    const { csr } = await admin.requestIntermediate({});
    const rootPem = privateKeyPem + certificatesToPem([root]);
    const chain = await signIntermediateRequest({ rootPem, requestPem: csr, now: Date.now() });
    await assert.rejects(admin.importIntermediate({ chain }), {
      code: "FAILED_PRECONDITION",
      message: /federated domain third/,
    });
    await admin.revokeFederation({ trustDomain: "third" });
    await admin.importIntermediate({ chain });
  });

  it("shuts out a whole domain at once: streams, tokens, connections, and calls to it", async () => {
    const stream = abroad(orders).count({})[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    const own = home.client(EchoService, address).count({})[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    await Promise.all([stream.next(), own.next()]);
    const ended = reasonOf(stream.next());
    const { federation } = await admin.revokeFederation({ trustDomain: "partner", reason: "test" });
    assert.equal(federation?.caCertificates.length, 0);
    assert.equal(await ended, "IDENTITY_REVOKED");
    assert.notEqual(await reasonOf(abroad(orders).echo({})), "ok");
    assert.equal(await callAuthority(orders, AuthorityService.methods.issueToken.path), "closed");
    await home.client(EchoService, address).echo({});
    assert.deepEqual(handled, ["home/1"]);
    await assert.rejects(admin.revokeFederation({ trustDomain: "partner" }), { code: "NOT_FOUND" });
    await assert.rejects(admin.addFederation(relation), { code: "FAILED_PRECONDITION" }, "its bundle is gone");
    await admin.addFederation({ ...relation, bundle: bundleOf([partner.authority.caCertificate]) });
    await federated(server, "partner");
    // The connections that were cut say so for a moment.
    for (let i = 0; i < 100 && (await reasonOf(abroad(orders).echo({}))) !== "ok"; i++) await pause(20);
    assert.equal(await reasonOf(abroad(orders).echo({})), "ok");
    await own.return?.();
    const { records } = await admin.listLog({ kinds: ["federation"] });
    assert.deepEqual(
      records.map(({ details }) => JSON.parse(details).done),
      ["added", "revoked", "added"],
    );
  });

  it("ends calls to a domain that this fleet revokes, and says what to do", async () => {
    const client = abroad(orders);
    const stream = client.count({})[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    await stream.next();
    const ended = reasonOf(stream.next());
    await away.revokeFederation({ trustDomain: "cafe" });
    assert.equal(await ended, "IDENTITY_REVOKED");
    await federated(orders, "cafe", true);
    await assert.rejects(client.echo({}), { code: "FAILED_PRECONDITION", message: /interlock federation add cafe/ });
  });

  it("calls no server that the relation does not name, and none of a third domain", async () => {
    await away.addFederation({ ...back, identities: ["spiffe://cafe/other/*"] });
    const look = () => orders.trust.state.federated?.[0]?.identities[0] === "spiffe://cafe/other/*";
    if (!look()) await new Promise<void>((resolve) => orders.trust.onChange(() => look() && resolve()));
    assert.equal(await reasonOf(abroad(orders).echo({})), "IDENTITY_REVOKED");
    assert.deepEqual(handled, []);
  });

  it("revokes one bot of the domain, by its SPIFFE ID or a pattern with the domain", async () => {
    await abroad(orders).echo({});
    await cafe.authority.revoke({ kind: "pattern", subject: "orders/*" }, "the own ones");
    await abroad(orders).echo({});
    await cafe.authority.revoke({ kind: "identity", subject: "spiffe://partner/orders/1" }, "stolen");
    assert.notEqual(await reasonOf(abroad(orders).echo({})), "ok");
    const third = { kind: "identity", subject: "spiffe://third/orders/1" } as const;
    await assert.rejects(cafe.authority.revoke(third, "none of ours"), { code: "INVALID_ARGUMENT" });
    await cafe.authority.unrevoke({ kind: "identity", subject: "spiffe://partner/orders/1" });
    await cafe.authority.revoke({ kind: "pattern", subject: named }, "all of them");
    assert.notEqual(await reasonOf(abroad(orders).echo({})), "ok");
  });

  it("keeps what it knows of a domain for a start without the authority", async () => {
    const stateDir = `${cafe.folder}/bots/echo/1`;
    const { createTrustFolder } = await import("@interlock/bot/internal");
    await server.close(0); // It saves what it knows first.
    const saved = await createTrustFolder(stateDir).load();
    const plain = (state = server.trust.state) =>
      state.federated?.map((one) => ({
        ...one,
        caCertificates: one.caCertificates.map((der) => Uint8Array.from(der)),
      }));
    assert.deepEqual(plain(saved?.state), plain());
    assert.equal(saved?.state.federated?.[0]?.identities[0], named);
  });

  describe("add", () => {
    const bundle = () => bundleOf([partner.authority.caCertificate]);
    const faulty: Record<string, Parameters<Client<typeof AdminService>["addFederation"]>[0]> = {
      "its own trust domain": { trustDomain: "cafe", identities: ["spiffe://cafe/**"] },
      "no trust domain": { trustDomain: "Partner", identities: [named] },
      "no identities": { identities: [] },
      "a pattern without the domain": { identities: ["orders/*"] },
      "a pattern of another domain": { identities: ["spiffe://third/**"] },
      "a service of the authority": { services: [AdminService.name] },
      "a malformed service": { services: ["order service"] },
      "too many services": { services: Array.from({ length: 65 }, (_, i) => `a.v1.S${i}`) },
      "a bundle that is none": { bundle: "{}" },
    };
    for (const [what, change] of Object.entries(faulty)) {
      it(`refuses ${what}`, async () => {
        await assert.rejects(admin.addFederation({ ...relation, bundle: bundle(), ...change }), {
          code: "INVALID_ARGUMENT",
        });
      });
    }

    it("changes a relation that is in force, and keeps its bundle and its tokens", async () => {
      await abroad(orders).echo({});
      const { changed, federation } = await admin.addFederation({
        ...relation,
        identities: [named, "spiffe://partner/billing/*"],
      });
      assert.deepEqual([changed, federation?.caCertificates.length], [true, 1]);
      await abroad(orders).echo({});
    });

    it("needs operators", async () => {
      const viewer = (await cafe.bot("viewer/eve")).client(AdminService, cafe.authority.address);
      assert.equal((await viewer.listFederations({})).federations.length, 1);
      assert.equal(await reasonOf(viewer.addFederation(relation)), "SCOPE_MISSING");
      assert.equal(await reasonOf(viewer.revokeFederation(relation)), "SCOPE_MISSING");
    });
  });
});
