import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, type Caller, certificatesToPem, joinFleet, silentLog } from "@interlock/bot";
import { ConfirmRequest, ConfirmResponse } from "@interlock/bot/protocol";
import type { ServiceDefinition } from "@interlock/policy";
import { createRemoteJWKSet, customFetch as joseFetch, jwtVerify } from "jose";
import * as oauth from "openid-client";
import { Agent, fetch } from "undici";

const service = {
  name: "cafe.v1.ItemService",
  servedBy: [],
  methods: {
    read: {
      path: "/cafe.v1.ItemService/Read",
      kind: "unary",
      request: ConfirmRequest,
      response: ConfirmResponse,
      policy: {
        scopes: ["item:read"],
        anyBot: false,
        purpose: "Test.",
        risk: "low",
        dataClasses: [],
        callers: [],
      },
    },
  },
} satisfies ServiceDefinition;

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";

/** Tests with openid-client, undici, jose and grpc-js, none of which knows Interlock. */
describe("the authority with third-party OAuth libraries", () => {
  let folder: string;
  let authority: Authority;
  let bots: Bot[];
  let agents: Agent[];
  let items: Bot;
  let address: string;
  let callers: Caller[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-oauth-"));
    authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      https: { port: 0 },
      log: silentLog,
    });
    await authority.applyGrants(`
grants:
  "script/*": { ${service.name}: ["item:read", "item:write"] }
  "gateway/*": { ${service.name}: ["token:exchange", "token:introspect"] }
`);
    bots = [];
    agents = [];
    callers = [];
    items = await joined("items/1");
    ({ address } = await items.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        read(_request, { caller }) {
          callers.push(caller);
          return {};
        },
      }),
    ));
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  async function joined(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(bot);
    return bot;
  }

  const ca = () => certificatesToPem([authority.caCertificate]);
  function pemOf({ identity }: Bot): { ca: string; cert: string; key: string } {
    const { chain, privateKey } = identity.current();
    return { ca: ca(), cert: certificatesToPem(chain), key: privateKey };
  }
  function agentWith(connect: { ca: string; cert?: string; key?: string }): Agent {
    const agent = new Agent({ connect });
    agents.push(agent);
    return agent;
  }
  /** undici's `fetch`, over that TLS. */
  const fetchOver = (dispatcher: Agent) =>
    ((url: string, options: object) => fetch(url, { ...options, dispatcher })) as unknown as oauth.CustomFetch;

  async function discovered(bot: Bot, clientId = bot.spiffeId.uri): Promise<oauth.Configuration> {
    const options = { [oauth.customFetch]: fetchOver(agentWith(pemOf(bot))) };
    const metadata = { use_mtls_endpoint_aliases: true };
    return oauth.discovery(new URL(authority.issuer), clientId, metadata, oauth.TlsClientAuth(), options);
  }

  /** Makes a call with plain grpc-js, a bot's certificate and any token; resolves to the status code. */
  function call(bot: Bot, token: string): Promise<number> {
    const { cert, key } = pemOf(bot);
    const tls = credentials.createSsl(Buffer.from(ca()), Buffer.from(key), Buffer.from(cert), {
      checkServerIdentity: () => undefined,
    });
    const client = new Client(address, tls, { "grpc.ssl_target_name_override": "localhost" });
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    const bytes = (buffer: Buffer) => buffer;
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        service.methods.read.path,
        bytes,
        bytes,
        Buffer.alloc(0),
        metadata,
        { deadline: Date.now() + 10_000 },
        (error: ServiceError | null) => {
          client.close();
          resolve(error?.code ?? status.OK);
        },
      );
    });
  }

  it("is discovered under both names, with its capabilities", async () => {
    const script = await joined("script/discover");
    const config = await discovered(script);
    const found = config.serverMetadata();
    assert.equal(found.issuer, authority.issuer);
    assert.equal(found.tls_client_certificate_bound_access_tokens, true);
    assert.equal(found.supportsPKCE(), false);
    const options = { [oauth.customFetch]: fetchOver(agentWith({ ca: ca() })), algorithm: "oauth2" as const };
    const id = script.spiffeId.uri;
    const other = await oauth.discovery(new URL(authority.issuer), id, {}, oauth.TlsClientAuth(), options);
    assert.deepEqual(other.serverMetadata().mtls_endpoint_aliases, found.mtls_endpoint_aliases);
  });

  it("issues a token that is bound to the certificate, and valid with no other", async () => {
    const script = await joined("script/1");
    const config = await discovered(script);
    const tokens = await oauth.clientCredentialsGrant(config, {
      scope: "item:read item:delete",
      resource: `https://items.cafe.example/${service.name}`,
    });
    assert.equal(tokens.scope, "item:read", "no more than what is granted");
    assert.equal(tokens.token_type, "bearer");
    assert.ok(Number(tokens.expires_in) > 0);

    callers.length = 0;
    assert.equal(await call(script, tokens.access_token), status.OK);
    assert.deepEqual(
      callers.map(({ name }) => name),
      ["script/1"],
    );
    const thief = await joined("script/2");
    assert.equal(await call(thief, tokens.access_token), status.UNAUTHENTICATED);
    assert.equal(callers.length, 1);
  });

  it("publishes keys with which jose verifies a token", async () => {
    const script = await joined("script/jwks");
    const config = await discovered(script);
    const { access_token } = await oauth.clientCredentialsGrant(config, { scope: "item:read", audience: service.name });
    const uri = new URL(config.serverMetadata().jwks_uri ?? "");
    const keys = createRemoteJWKSet(uri, { [joseFetch]: fetchOver(agentWith({ ca: ca() })) as never });
    const { payload } = await jwtVerify(access_token, keys, {
      issuer: authority.issuer,
      audience: service.name,
      typ: "at+jwt",
      subject: script.spiffeId.uri,
    });
    assert.deepEqual(payload.cnf, { "x5t#S256": script.identity.current().leaf.thumbprint });
  });

  it("introspects and revokes a token for its owner", async () => {
    const script = await joined("script/3");
    const config = await discovered(script);
    const { access_token: token } = await oauth.clientCredentialsGrant(config, {
      scope: "item:read",
      audience: service.name,
    });
    const known = await oauth.tokenIntrospection(config, token);
    assert.equal(known.active, true);
    assert.deepEqual(
      [known.sub, known.client_id, known.aud, known.scope, known.iss],
      [script.spiffeId.uri, script.spiffeId.uri, service.name, "item:read", authority.issuer],
    );
    assert.deepEqual(known.cnf, { "x5t#S256": script.identity.current().leaf.thumbprint });

    const other = await discovered(await joined("other/1"));
    assert.deepEqual(await oauth.tokenIntrospection(other, token), { active: false });
    await assert.rejects(oauth.tokenRevocation(other, token), { error: "unauthorized_client" });
    const gateway = await discovered(await joined("gateway/3"));
    assert.equal((await oauth.tokenIntrospection(gateway, token)).active, true, "it is granted token:introspect");
    assert.equal(await call(script, token), status.OK);

    await oauth.tokenRevocation(config, token);
    assert.deepEqual(await oauth.tokenIntrospection(config, token), { active: false });
    while (!items.trust.tokenRevoked(String(known.jti))) await new Promise((resolve) => items.trust.onChange(resolve));
    assert.equal(await call(script, token), status.UNAUTHENTICATED);
    await oauth.tokenRevocation(config, token); // A second revocation is no error.
    await oauth.tokenRevocation(config, "nonsense");
  });

  it("lets a gateway exchange its caller's token, and act with the new one", async () => {
    const script = await joined("script/4");
    const gateway = await joined("gateway/1");
    const { access_token } = await oauth.clientCredentialsGrant(await discovered(script), {
      scope: "item:read",
      audience: service.name,
    });
    const exchange = async (more: Record<string, string> = {}) =>
      oauth.genericGrantRequest(await discovered(gateway), exchangeGrant, {
        subject_token: access_token,
        subject_token_type: accessToken,
        audience: service.name,
        ...more,
      });
    const exchanged = await exchange();
    assert.deepEqual([exchanged.scope, exchanged.issued_token_type], ["item:read", accessToken]);
    callers.length = 0;
    assert.equal(await call(gateway, exchanged.access_token), status.OK);
    assert.deepEqual(
      callers.map(({ name, actors }) => [name, ...actors.map((actor) => actor.name)]),
      [["script/4", "gateway/1"]],
    );
    assert.equal(await call(script, exchanged.access_token), status.UNAUTHENTICATED);
    await assert.rejects(exchange({ scope: "item:read item:write" }), { error: "invalid_scope" });
  });

  it("refuses a client that claims to be another", async () => {
    const script = await joined("script/5");
    const config = await discovered(script, "spiffe://cafe/script/1");
    await assert.rejects(
      oauth.clientCredentialsGrant(config, { scope: "item:read", audience: service.name }),
      (error: { error?: string; status?: number }) => {
        assert.deepEqual([error.error, error.status], ["invalid_client", 401]);
        return true;
      },
    );
  });
});
