import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { Agent } from "node:https";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { type Bot, certificatesToPem, type Denial, silentLog } from "@interlock/bot";
import { caDigest, createBot, createRecorder, parseCertificate } from "@interlock/bot/internal";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { closeOf } from "@interlock/bot/testing";
import { decodeJwt } from "jose";
import { fetchBundle } from "../federation/fetch-bundle.js";
import { openStore } from "../store/open-store.js";
import { type Answer, ask, type Question } from "../testing/ask.js";
import { foreignCa } from "../testing/foreign-ca.js";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import { exchangeGrant } from "./token-route.js";

const audience = "cafe.v1.ItemService";

describe("the HTTPS port of the authority", () => {
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  let fleet: TestAuthority;
  let script: Bot;
  let denials: Denial[];

  beforeEach(async () => {
    clock.ahead = 0;
    fleet = await startTestAuthority({ https: { port: 0 }, clock });
    await fleet.authority.applyGrants(`grants: {"script/*": {${audience}: ["item:read"]}}`);
    script = await fleet.bot("script/1");
    denials = [];
    fleet.authority.onDenial((denial) => denials.push(denial));
  });
  afterEach(() => fleet.close());

  const own = (bot = script) => bot.identity.current();
  const form = (change: Record<string, string | undefined> = {}): Record<string, string> => {
    const good = { grant_type: "client_credentials", client_id: script.spiffeId.uri, scope: "item:read", audience };
    const entries = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as Record<string, string>;
  };
  const token = (change: Record<string, string | undefined> = {}, more: Question = {}): Promise<Answer> =>
    ask(fleet.authority, "/token", { identity: own(), form: form(change), ...more });

  /** The control, then the attack. */
  async function assertRefused(answer: () => Promise<Answer>, status: number, error: string): Promise<Answer> {
    assert.equal((await token()).status, 200, "the control");
    const refused = await answer();
    assert.deepEqual([refused.status, refused.body.error], [status, error], refused.text);
    assert.equal(refused.headers["cache-control"], "no-store");
    // RFC 6749, section 5.2.
    if (refused.body.error_description !== undefined)
      assert.match(String(refused.body.error_description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    assert.ok(!("access_token" in refused.body));
    return refused;
  }
  /** The control, then a connection that fails. */
  async function assertClosed(question: Question, reason: string): Promise<void> {
    assert.equal((await token()).status, 200, "the control");
    denials.length = 0;
    await assert.rejects(ask(fleet.authority, "/jwks", question));
    assert.deepEqual(
      denials.map((denial) => denial.reason),
      [reason],
    );
  }

  it("shows a certificate of the fleet that names the host, and is the authority's", async () => {
    const { socket } = await ask(fleet.authority, "/jwks");
    const der = (socket as TLSSocket).getPeerX509Certificate()?.raw as Buffer;
    assert.deepEqual(parseCertificate(der).uris, ["spiffe://cafe/interlock/authority"]);
    assert.match(String(new X509Certificate(der).subjectAltName), /DNS:localhost/);
    assert.ok(new X509Certificate(der).checkIP("127.0.0.1"));
    assert.equal((socket as TLSSocket).getProtocol(), "TLSv1.3");
    await assert.rejects(ask(fleet.authority, "/jwks", { servername: "elsewhere.example" }), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });

  it("tells everyone what is public", async () => {
    const { issuer } = fleet.authority;
    for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]) {
      const { status, headers, body } = await ask(fleet.authority, path);
      assert.deepEqual([status, headers["content-type"], body.issuer], [200, "application/json", issuer]);
      assert.equal(body.token_endpoint, `${issuer}/token`);
    }
    const jwks = await ask(fleet.authority, "/jwks");
    assert.equal(jwks.headers["content-type"], "application/jwk-set+json");
    assert.equal(jwks.headers["cache-control"], "public, max-age=30");
    assert.deepEqual(jwks.body, script.trust.state.jwks);
    assert.ok(!jwks.text.includes('"d"'), "a private key");
    const head = await ask(fleet.authority, "/jwks", { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
  });

  it("publishes the SPIFFE bundle, which counts up with every change of the trust, and has no token key", async () => {
    type Jwk = Record<string, string> & { x5c?: string[] };
    const bundle = async () => (await ask(fleet.authority, "/bundle")).body as { keys: Jwk[]; spiffe_sequence: number };
    const { keys, spiffe_sequence: sequence } = await bundle();
    const [ca] = keys as [Jwk];
    assert.deepEqual([keys.length, ca.use], [1, "x509-svid"]);
    const der = Buffer.from(ca.x5c?.[0] ?? "", "base64");
    assert.deepEqual(caDigest(der), fleet.authority.caDigest);
    assert.ok(createPublicKey({ key: ca, format: "jwk" }).equals(new X509Certificate(der).publicKey));
    assert.ok(keys.every((jwk) => !("d" in jwk) && !("kid" in jwk)));
    await fleet.authority.revoke({ kind: "token", subject: "any" }, "test");
    assert.ok((await bundle()).spiffe_sequence > sequence);
    const { headers, text } = await ask(fleet.authority, "/bundle");
    assert.deepEqual([headers["content-type"], headers["cache-control"]], ["application/json", "public, max-age=30"]);
    assert.equal(JSON.parse(text).spiffe_refresh_hint, 60);
  });

  it("is a bundle endpoint of both profiles for other trust domains", async () => {
    const url = `${fleet.authority.issuer}/bundle`;
    const current = [fleet.authority.caCertificate];
    const spiffeId = "spiffe://cafe/interlock/authority";
    const bySpiffe = await fetchBundle({ url, profile: "https_spiffe", spiffeId }, "cafe", current);
    const byWeb = await fetchBundle({ url, profile: "https_web" }, "cafe", [], { webCa: certificatesToPem(current) });
    for (const { caCertificates, refreshHintSeconds } of [bySpiffe, byWeb]) {
      assert.deepEqual([caCertificates.map(caDigest), refreshHintSeconds], [[fleet.authority.caDigest], 60]);
    }
    // Not by the name of a bot of the same fleet.
    const endpoint = { url, profile: "https_spiffe", spiffeId: script.spiffeId.uri } as const;
    await assert.rejects(fetchBundle(endpoint, "cafe", current), { message: /its certificate is not of spiffe:/ });
  });

  it("gives a token that must not be cached", async () => {
    const { status, headers, body } = await token();
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ["access_token", "expires_in", "scope", "token_type"]);
    assert.deepEqual([body.token_type, body.scope, body.expires_in], ["Bearer", "item:read", 600]);
    assert.deepEqual([headers["content-type"], headers["cache-control"]], ["application/json", "no-store"]);
  });

  describe("refuses a token request", () => {
    it("without a certificate", async () => {
      const refused = await assertRefused(() => token({}, { identity: undefined }), 401, "invalid_client");
      assert.equal(refused.body.reason, "NO_CERTIFICATE");
      for (const path of ["/revoke", "/introspect"]) {
        await assertRefused(() => ask(fleet.authority, path, { form: form() }), 401, "invalid_client");
      }
    });

    it("in the name of another bot, or without a name", async () => {
      await fleet.bot("script/2");
      for (const client_id of ["spiffe://cafe/script/2", undefined, "script/1", "SPIFFE://cafe/script/1"]) {
        await assertRefused(() => token({ client_id }), 401, "invalid_client");
      }
    });

    it("with a secret or an assertion besides", async () => {
      for (const name of ["client_secret", "client_assertion"]) {
        await assertRefused(() => token({ [name]: "x" }), 401, "invalid_client");
      }
    });

    it("with a certificate from another CA, even for the same name", async () => {
      await assertClosed(
        { identity: await (await foreignCa("cafe")).issue(script.spiffeId.uri) },
        "CERTIFICATE_UNTRUSTED",
      );
    });

    it("over TLS 1.2", async () => {
      await assertClosed({ identity: own(), maxVersion: "TLSv1.2" }, "HANDSHAKE_FAILED");
    });

    it("with a certificate that has expired, on a connection that is new or old", async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const { socket } = await token({}, { agent });
      clock.ahead = 2 * 3_600_000;
      denials.length = 0;
      const late = await token({}, { agent });
      assert.equal(late.socket, socket, "the same connection");
      assert.deepEqual([late.status, late.body.error], [401, "invalid_client"]);
      const asked = await ask(fleet.authority, "/introspect", { identity: own(), form: form({ token: "x" }), agent });
      assert.deepEqual([asked.status, asked.body.reason], [401, "CERTIFICATE_EXPIRED"]);
      await assert.rejects(token());
      assert.deepEqual(
        denials.map((denial) => denial.reason),
        ["CERTIFICATE_EXPIRED", "CERTIFICATE_EXPIRED", "CERTIFICATE_EXPIRED"],
      );
      agent.destroy();
    });

    it("once the bot is revoked: its connections end, and there are no others", async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const { socket } = await token({}, { agent });
      const closed = closeOf(socket);
      await fleet.authority.revoke({ kind: "identity", subject: script.spiffeId.uri }, "test");
      await closed;
      denials.length = 0;
      await assert.rejects(token());
      assert.deepEqual(
        denials.map((denial) => denial.reason),
        ["IDENTITY_REVOKED"],
      );
    });

    it("once its certificate is revoked, or the bot is retired", async () => {
      const operator = await fleet.bot("operator/o");
      await operator.client(AdminService, fleet.authority.address).retireBot({ name: "script/1" });
      const retired = await token();
      assert.deepEqual([retired.status, retired.body.error], [400, "unauthorized_client"]);
      await fleet.authority.revoke({ kind: "certificate", subject: own().leaf.serial }, "test");
      await assert.rejects(token());
    });

    it("over a session that is resumed", async () => {
      const { privateKey: key, chain } = own();
      const options = {
        host: "127.0.0.1",
        port: Number(new URL(fleet.authority.issuer).port),
        servername: "localhost",
      };
      const tls = {
        ...options,
        key,
        cert: certificatesToPem(chain),
        ca: certificatesToPem([fleet.authority.caCertificate]),
      };
      const sessions: Buffer[] = [];
      for (let i = 0; i < 2; i++) {
        const [session] = sessions;
        const socket = connect({ ...tls, ...(session && { session }) });
        socket.on("session", (ticket: Buffer) => sessions.push(ticket));
        await once(socket, "secureConnect");
        assert.equal(socket.isSessionReused(), false);
        socket.write("GET /jwks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        socket.resume();
        await closeOf(socket);
      }
    });
  });

  it("says what is wrong with a request, as OAuth has it", async () => {
    await assertRefused(() => token({ grant_type: "password" }), 400, "unsupported_grant_type");
    await assertRefused(() => token({ grant_type: "toString" }), 400, "unsupported_grant_type");
    await assertRefused(() => token({ grant_type: undefined }), 400, "invalid_request");
    await assertRefused(() => token({ grant_type: "" }), 400, "invalid_request");
    for (const scope of [undefined, "Item:Read", "item:read  item:write", "x"]) {
      await assertRefused(() => token({ scope }), 400, "invalid_scope");
    }
    await assertRefused(() => token({ scope: "item:write" }), 400, "invalid_scope");
    for (const name of [undefined, "no service", "a/b"]) {
      await assertRefused(() => token({ audience: name }), 400, "invalid_target");
    }
    await assertRefused(() => token({ audience: undefined, resource: audience }), 400, "invalid_target");
    await assertRefused(() => token({ resource: "https://x/cafe.v1.Other" }), 400, "invalid_target");
    await assertRefused(() => token({ resource: `https://x/${audience}#f` }), 400, "invalid_target");
    assert.equal((await token({ audience: undefined, resource: `https://x:1/${audience}` })).status, 200);
    const twice = `${new URLSearchParams(form())}&scope=item:read`;
    await assertRefused(() => token({}, { form: twice }), 400, "invalid_request");
    const json = { headers: { "content-type": "application/json" }, form: JSON.stringify(form()) };
    await assertRefused(() => token({}, json), 400, "invalid_request");
    const exchange = { grant_type: exchangeGrant, subject_token: "x" };
    await assertRefused(() => token(exchange), 400, "invalid_request");
    const type = "urn:ietf:params:oauth:token-type:access_token";
    await assertRefused(() => token({ ...exchange, subject_token_type: type }), 400, "invalid_request");
    await assertRefused(
      () => token({ ...exchange, subject_token_type: type, actor_token: "x" }),
      400,
      "invalid_request",
    );
  });

  it("has nothing at any other path, and no other method", async () => {
    for (const path of [
      "/",
      "/token/",
      "//token",
      "/TOKEN",
      "/token%2f",
      "/%74oken",
      "/./token",
      "/token;a",
      "/admin",
    ]) {
      const { status } = await ask(fleet.authority, path, { identity: own(), form: form() });
      assert.equal(status, 404, path);
    }
    const got = await ask(fleet.authority, "/token", { identity: own() });
    assert.deepEqual([got.status, got.headers.allow], [405, "POST"]);
    const posted = await ask(fleet.authority, "/jwks", { identity: own(), form: form() });
    assert.deepEqual([posted.status, posted.headers.allow], [405, "GET"]);
    const asked = await ask(fleet.authority, `/token?${new URLSearchParams(form())}`, { identity: own(), form: {} });
    assert.equal(asked.body.error, "invalid_client", "parameters in the URL are none");
  });

  it("reads no more than it has to, and holds each client to a rate", async () => {
    const long = await assertRefused(() => token({ pad: "x".repeat(40_000) }), 400, "invalid_request");
    assert.match(String(long.body.error_description), /longer than/);
    const stranger = await ask(fleet.authority, "/token", { form: form({ pad: "x".repeat(100_000) }) }).catch(
      () => undefined,
    );
    assert.ok(stranger === undefined || stranger.headers.connection === "close");

    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const flood = await Promise.all(
      Array.from({ length: 200 }, () => ask(fleet.authority, "/nothing", { identity: own(), agent })),
    );
    agent.destroy();
    const refused = flood.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0 && refused.every(({ headers }) => Number(headers["retry-after"]) >= 1));
    const other = await fleet.bot("script/2");
    const others = form({ client_id: other.spiffeId.uri });
    assert.equal((await token({}, { identity: own(other), form: others })).status, 200, "others are not held up");
  });

  it("tells no secret in what it records", async () => {
    const { body } = await token();
    const secret = String(body.access_token);
    await ask(fleet.authority, "/revoke", { identity: own(), form: { token: secret } });
    await ask(fleet.authority, `/nothing?token=${secret}`, { identity: own() });
    const broken = `${secret.slice(0, -4)}AAAA`;
    const type = "urn:ietf:params:oauth:token-type:access_token";
    await token({ grant_type: exchangeGrant, subject_token: broken, subject_token_type: type });
    assert.ok(denials.length >= 2);
    assert.ok(
      !JSON.stringify(denials).includes(secret.slice(-20)) && !JSON.stringify(denials).includes(broken.slice(-20)),
    );
  });

  it("lets a bot revoke its own tokens, so many at once, and those with which others act for it", async () => {
    await fleet.authority.applyGrants(
      `grants: {"script/*": {${audience}: ["item:read"]}, "gateway/*": {${audience}: ["token:exchange"]}}`,
    );
    const gateway = await fleet.bot("gateway/1");
    const issued = String((await token()).body.access_token);
    const exchange = { subjectToken: issued, audience };
    const acting = (await gateway.client(AuthorityService, fleet.authority.address).exchangeToken(exchange)).token;
    const revoke = (bot: Bot, secret: string) =>
      ask(fleet.authority, "/revoke", {
        identity: own(bot),
        form: { client_id: bot.spiffeId.uri, token: secret, token_type_hint: "access_token" },
      });
    const worth = async (secret: string) =>
      (
        await ask(fleet.authority, "/introspect", {
          identity: own(gateway),
          form: { client_id: gateway.spiffeId.uri, token: secret },
        })
      ).body;
    const { act, sub, active } = await worth(acting);
    assert.deepEqual([active, sub, act], [true, script.spiffeId.uri, { sub: gateway.spiffeId.uri }]);

    const refused = await revoke(gateway, issued);
    assert.deepEqual([refused.status, refused.body.error], [400, "unauthorized_client"], "it acts with another");
    assert.equal((await worth(acting)).active, true);
    assert.equal((await revoke(script, acting)).status, 200, "it is acted for with it");
    assert.deepEqual(await worth(acting), { active: false });
    const store = await openStore(join(fleet.folder, "authority"));
    const [revocation] = await store.revocations.list("token");
    await store.close();
    assert.equal(revocation?.expiresAt, Number(decodeJwt(acting).exp) * 1_000, "the revocation ends with the token");
    assert.equal((await token()).status, 200);

    let status = 0;
    for (let i = 0; i < 60 && status !== 429; i++) {
      ({ status } = await revoke(script, String((await token()).body.access_token)));
    }
    assert.equal(status, 429);
  });

  it("takes a token in its one form only, to look at it and to revoke it (RFC 7515, section 2)", async () => {
    const issued = String((await token()).body.access_token);
    const of = async (path: string, secret: string) =>
      (await ask(fleet.authority, path, { identity: own(), form: form({ token: secret }) })).body;
    assert.equal((await of("/introspect", issued)).active, true);
    const forms = [
      `${issued}=`,
      `${issued}==`,
      ` ${issued}`,
      `${issued}\n`,
      issued.replace(".", " ."),
      `${issued}.`,
      `${issued}A`,
    ];
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    forms.push(issued.slice(0, -1) + alphabet[alphabet.indexOf(issued.at(-1) ?? "") | 1]); // Bits of no byte.
    for (const other of forms) {
      assert.deepEqual(await of("/introspect", other), { active: false }, JSON.stringify(other.slice(-3)));
      await of("/revoke", other);
    }
    assert.equal((await of("/introspect", issued)).active, true);
  });

  it("says everything that limits a token: its delegation, its methods, its conditions", async () => {
    const where = `{ scope: "item:read", where: "size(id) > 0" }`;
    await fleet.authority.applyGrants(`grants: {"script/*": {${audience}: ["token:delegate", ${where}]}}`);
    const agent = await fleet.bot("agent/1");
    const authorityOf = (bot: Bot) => bot.client(AuthorityService, fleet.authority.address);
    const { delegation } = await authorityOf(script).delegate({
      to: "agent/1",
      scopes: ["item:read"],
      methods: [`${audience}/Read`],
    });
    const id = delegation?.id ?? "";
    const issued = await authorityOf(agent).issueToken({ audience, scopes: ["item:read"], delegation: id });
    const form = { client_id: agent.spiffeId.uri, token: issued.token };
    const { body } = await ask(fleet.authority, "/introspect", { identity: own(agent), form });
    assert.deepEqual(
      [body.scope, body.narrowed_scope, body.delegation, body.methods],
      ["token:delegate", { "item:read": ["size(id) > 0"] }, id, ["Read"]],
    );
  });

  it("answers inactive once the grants have taken a scope of the token away", async () => {
    const secret = String((await token()).body.access_token);
    const form = { client_id: script.spiffeId.uri, token: secret };
    const worth = async () => (await ask(fleet.authority, "/introspect", { identity: own(), form })).body;
    assert.equal((await worth()).active, true);
    await fleet.authority.applyGrants("grants: {}");
    assert.deepEqual(await worth(), { active: false });
  });

  describe("the issuer", () => {
    const issue = async () => {
      const client = script.client(AuthorityService, fleet.authority.address);
      return (await client.issueToken({ audience: AdminService.name, scopes: ["bots:read"] })).token;
    };
    const issuerOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()).iss;
    const follows = async (issuer: string) => {
      while (script.trust.state.issuer !== issuer) await new Promise((resolve) => script.trust.onChange(resolve));
    };

    it("is the URL while the port is open; tokens of the one before stay good, and bots follow", async () => {
      await fleet.authority.applyGrants(`grants: {"script/*": {${AdminService.name}: ["bots:read"]}}`);
      const url = fleet.authority.issuer;
      const spiffe = "spiffe://cafe/interlock/authority";
      assert.deepEqual([script.trust.state.issuer, script.trust.state.formerIssuers], [url, [spiffe]]);
      const old = await issue();
      assert.equal(issuerOf(old), url);

      await fleet.restart({ clock });
      await follows(spiffe);
      assert.deepEqual(script.trust.state.formerIssuers, [url]);
      assert.equal(issuerOf(await issue()), spiffe);
      const tokens = { authorization: () => `Bearer ${old}`, forget() {} };
      const parts = { identity: script.identity, trust: script.trust, recorder: createRecorder(), clock, tokens };
      const holder = createBot({ ...parts, log: silentLog });
      await holder.client(AdminService, fleet.authority.address).listBots({});
      await holder.close(0);

      const issuer = "https://auth.cafe.example";
      await fleet.restart({ clock, https: { port: 0, issuer } });
      await follows(issuer);
      assert.deepEqual(script.trust.state.formerIssuers, [spiffe]);
      await script.client(AdminService, fleet.authority.address).listBots({});
      const { version } = script.trust.state;
      await fleet.restart({ clock, https: { port: 0, issuer } });
      await script.client(AdminService, fleet.authority.address).listBots({});
      assert.equal(script.trust.state.version, version, "the same issuer is no change");
    });

    it("is a host and a port, and nothing that clients would read in another way", async () => {
      for (const issuer of [
        "http://auth.cafe",
        "https://auth.cafe/",
        "https://auth.cafe/x",
        "https://auth.cafe?x",
        "https://a@auth.cafe",
        "https://AUTH.cafe",
        "auth.cafe",
        "https://auth.cafe:443",
      ]) {
        await assert.rejects(startTestAuthority({ https: { port: 0, issuer } }), TypeError, issuer);
      }
    });
  });
});
