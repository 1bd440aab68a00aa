import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import { createServer as createPlainServer } from "node:net";
import { certificatesToPem, createKeyPair, type Identity } from "@interlock/bot";
import { createCa, createRoot } from "../ca/ca.js";
import { type BundleServer, document, startBundleServer } from "../testing/bundle-server.js";
import { type ForeignCa, foreignCa } from "../testing/foreign-ca.js";
import type { BundleEndpoint } from "./bundle-endpoint.js";
import { type FetchOptions, fetchBundle } from "./fetch-bundle.js";
import { formatTrustBundle } from "./format-trust-bundle.js";

const domain = "partner.example";
const spiffeId = `spiffe://${domain}/spire/server`;

describe("the fetch of a bundle", () => {
  let ca: ForeignCa;
  let identity: Identity;
  let good: string;
  const servers: BundleServer[] = [];

  before(async () => {
    ca = await foreignCa(domain);
    identity = await ca.issue(spiffeId, ["127.0.0.1", "localhost"]);
    good = formatTrustBundle({ caCertificates: [ca.certificate], sequence: 3n, refreshHintSeconds: 60 });
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(
    ...[shown, listener, version]: Partial<Parameters<typeof startBundleServer>>
  ): Promise<BundleServer> {
    const server = await startBundleServer(shown ?? identity, listener ?? document(good), version);
    servers.push(server);
    return server;
  }
  const web = ({ url }: { url: string }): BundleEndpoint => ({ url, profile: "https_web" });
  const spiffe = ({ url }: { url: string }, id = spiffeId): BundleEndpoint => ({
    url,
    profile: "https_spiffe",
    spiffeId: id,
  });
  const fetchWeb = (endpoint: BundleEndpoint, options: FetchOptions = {}) =>
    fetchBundle(endpoint, domain, [], { webCa: certificatesToPem([ca.certificate]), ...options });
  const fetchSpiffe = (endpoint: BundleEndpoint, current = [ca.certificate], options: FetchOptions = {}) =>
    fetchBundle(endpoint, domain, current, options);

  it("takes it by either profile, with TLS 1.2 and 1.3", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const server = await serve(undefined, undefined, version);
      for (const fetched of [await fetchWeb(web(server)), await fetchSpiffe(spiffe(server))]) {
        assert.deepEqual(
          fetched.caCertificates.map((der) => Buffer.from(der)),
          [Buffer.from(ca.certificate)],
        );
        assert.deepEqual([fetched.sequence, fetched.refreshHintSeconds, fetched.ignored], [3n, 60, []]);
      }
      assert.equal(server.requests(), 2);
    }
    const old = await serve(undefined, undefined, "TLSv1.1");
    await assert.rejects(fetchWeb(web(old)), { code: "UNAVAILABLE" });
  });

  it("sends a path with its query, and says that it wants JSON", async () => {
    const server = await serve();
    let seen: readonly unknown[] = [];
    server.answer((request, response) => {
      seen = [request.method, request.url, request.headers.accept, request.headers.host];
      response.end(good);
    });
    const url = `${server.url}/prod.json?v=1#part`;
    await fetchSpiffe({ url, profile: "https_spiffe", spiffeId });
    assert.deepEqual(seen, ["GET", "/bundle/prod.json?v=1", "application/json", new URL(server.url).host]);
  });

  it("takes a bundle without CAs, for all of them are withdrawn then", async () => {
    const server = await serve(undefined, document('{"keys":[]}'));
    assert.deepEqual((await fetchWeb(web(server))).caCertificates, []);
  });

  describe("by https_spiffe refuses a server", () => {
    /** The control, then the attack: no request reaches the server that is not believed. */
    async function refuses(
      shown: Identity,
      words: RegExp,
      current?: Uint8Array[],
      options?: FetchOptions,
    ): Promise<void> {
      const server = await serve();
      await fetchSpiffe(spiffe(server));
      server.show(shown);
      await assert.rejects(fetchSpiffe(spiffe(server), current, options), { code: "UNAVAILABLE", message: words });
      assert.equal(server.requests(), 1, "the control only");
    }

    it("of another SPIFFE ID", async () => {
      await refuses(
        await ca.issue(`spiffe://${domain}/orders`, ["127.0.0.1"]),
        /not of spiffe:\/\/partner\.example\/spire\/server/,
      );
    });

    it("of another trust domain, below the same CA and below its own", async () => {
      await refuses(await ca.issue("spiffe://elsewhere.example/spire/server"), /the certificate is not trusted/);
      const other = await foreignCa("elsewhere.example");
      await refuses(
        await other.issue("spiffe://elsewhere.example/spire/server"),
        /does not lead to a CA of the known bundle/,
      );
      await refuses(await other.issue("spiffe://elsewhere.example/spire/server"), /another trust domain/, [
        ca.certificate,
        other.certificate,
      ]);
    });

    it("of another CA that names the same ID, also where the host is right", async () => {
      const other = await foreignCa(domain);
      await refuses(await other.issue(spiffeId, ["127.0.0.1"]), /does not lead to a CA of the known bundle/);
    });

    it("whose certificate has expired, or expires by the clock of the authority", async () => {
      const past = Date.now() - 24 * 3_600_000;
      const { privateKeyPem } = await createKeyPair();
      const root = await createRoot(privateKeyPem, domain, past);
      const keys = await createKeyPair();
      const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
      const chain = await (await createCa([root], privateKeyPem, () => 3_600_000)).issueLeaf(spiffeId, spki, past);
      const expired = { ...identity, chain, privateKey: keys.privateKeyPem };
      await refuses(expired, /CERT_HAS_EXPIRED/, [root]);
      const clock = { now: () => Date.now() + 2 * 3_600_000 };
      await refuses(identity, /the certificate has expired/, [ca.certificate], { clock });
    });

    it("where no bundle is known to verify it by", async () => {
      const server = await serve();
      await assert.rejects(fetchSpiffe(spiffe(server), []), {
        code: "FAILED_PRECONDITION",
        message: /give it as a file/,
      });
      assert.equal(server.requests(), 0);
    });
  });

  describe("by https_web refuses a server", () => {
    it("of another host", async () => {
      const server = await serve(await ca.issue(spiffeId, ["partner.example"]));
      await assert.rejects(fetchWeb(web(server)), { message: /its certificate is not for 127\.0\.0\.1/ });
      const { port } = new URL(server.url);
      await assert.rejects(fetchWeb(web({ url: `https://localhost:${port}/` })), { message: /is not for localhost/ });
      assert.equal(server.requests(), 0);
    });

    it("of a CA that is not of the Web PKI, and of another than the named file", async () => {
      const server = await serve();
      await assert.rejects(fetchWeb(web(server), { webCa: undefined }), {
        message: /needs a certificate of the Web PKI/,
      });
      const other = await foreignCa(domain);
      const webCa = certificatesToPem([other.certificate]);
      await assert.rejects(fetchWeb(web(server), { webCa }), { message: /needs a certificate of the Web PKI/ });
      assert.equal(server.requests(), 0);
    });

    it("also where the environment says that certificates are not to be verified", async () => {
      const server = await serve();
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      try {
        await assert.rejects(fetchWeb(web(server), { webCa: undefined }), { code: "UNAVAILABLE" });
      } finally {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
    });
  });

  it("follows no redirect, and tells printably where it would lead", async () => {
    const target = await serve();
    const server = await serve(undefined, (_request, response) => {
      response.writeHead(302, { location: `${target.url}?\u009b2J` }).end();
    });
    for (const fetching of [fetchWeb(web(server)), fetchSpiffe(spiffe(server))]) {
      await assert.rejects(fetching, ({ message }: Error) => {
        assert.match(message, /it redirects to https:\/\/127\.0\.0\.1:\d+\/bundle\?\\u009b2J, which is not followed/);
        return true;
      });
    }
    assert.equal(target.requests(), 0);
  });

  it("says what it is told, and never more than is good", async () => {
    const server = await serve();
    const answers: readonly (readonly [
      Parameters<typeof document>[0] | Parameters<BundleServer["answer"]>[0],
      RegExp,
    ])[] = [
      ["\u001b[2Jnot JSON", /it is no JSON\./],
      ['{"jwks":[]}', /no list "keys"/],
      [JSON.stringify({ keys: Array.from({ length: 10_000 }, () => ({ kty: "EC" })) }), /more than 256 keys/],
      [`{"keys":[],"x":"${"x".repeat(300_000)}"}`, /more than 262144 bytes/],
      [(_, response) => void response.writeHead(404).end(good), /the status 404/],
      [(_, response) => void response.writeHead(204).end(), /the status 204/],
      [(_, response) => void response.end(Buffer.from([0x7b, 0xff, 0x7d])), /no UTF-8/],
      [(_, response) => void response.socket?.end("not HTTP\r\n\r\n"), /no HTTP/],
      [(_, response) => void response.writeHead(200, { "x-long": "x".repeat(10_000) }).end(good), /no HTTP/],
      [(_, response) => void response.socket?.destroy(), /cannot be reached \(ECONNRESET\)/],
    ];
    for (const [answer, words] of answers) {
      server.answer(typeof answer === "string" ? document(answer) : answer);
      await assert.rejects(fetchSpiffe(spiffe(server)), ({ message, code }: Error & { code: string }) => {
        assert.match(message, words);
        assert.match(message, /^[\x20-\x7e]+$/);
        return code !== "INTERNAL";
      });
    }
    // The control: the same server, once it answers as it should.
    server.answer(document(good));
    assert.equal((await fetchSpiffe(spiffe(server))).sequence, 3n);
  });

  it("does not read a document without an end", async () => {
    const server = await serve(undefined, (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(`{"keys":[],"x":"${"x".repeat(65_536)}`));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    await assert.rejects(fetchSpiffe(spiffe(server)), { message: /more than 262144 bytes/ });
  });

  it("ends when nothing comes, when too little comes, and when it is canceled", async () => {
    const silent = await serve(undefined, () => {});
    await assert.rejects(fetchSpiffe(spiffe(silent), undefined, { idleMs: 50 }), { message: /Nothing came for 50 ms/ });
    let drop: NodeJS.Timeout | undefined;
    const slow = await serve(undefined, (_request, response) => {
      drop = setInterval(() => response.write(" "), 5);
      response.once("close", () => clearInterval(drop));
    });
    const limits = { idleMs: 1_000, totalMs: 100 };
    await assert.rejects(fetchSpiffe(spiffe(slow), undefined, limits), {
      code: "DEADLINE_EXCEEDED",
      message: /did not come within 100 ms/,
    });
    const canceling = new AbortController();
    silent.answer(() => canceling.abort(new Error("closing")));
    await assert.rejects(fetchSpiffe(spiffe(silent), undefined, { signal: canceling.signal }), /closing/);
    await assert.rejects(
      fetchSpiffe(spiffe(slow), undefined, { signal: AbortSignal.abort(new Error("closed")) }),
      /closed/,
    );
  });

  it("ends when there is no TLS, and when nobody listens", async () => {
    const mute = createPlainServer(() => {}).listen(0, "127.0.0.1");
    const plain = createPlainServer((socket) => void socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await Promise.all([once(mute, "listening"), once(plain, "listening")]);
    const urlOf = (server: typeof mute) => `https://127.0.0.1:${(server.address() as { port: number }).port}/`;
    await assert.rejects(fetchWeb(web({ url: urlOf(mute) }), { idleMs: 50 }), { message: /Nothing came for 50 ms/ });
    await assert.rejects(fetchWeb(web({ url: urlOf(plain) })), { message: /no TLS that can be used/ });
    const gone = urlOf(plain);
    plain.close();
    await once(plain, "close");
    await assert.rejects(fetchWeb(web({ url: gone })), { code: "UNAVAILABLE", message: /ECONNREFUSED.*is it up\?/ });
    mute.close();
  });

  it("asks no endpoint that is none", async () => {
    const urls = [
      "http://127.0.0.1/",
      "https://user@127.0.0.1/",
      "https://:secret@127.0.0.1/",
      "spiffe://partner.example",
      "",
      "x",
    ];
    for (const url of [...urls, `https://127.0.0.1/${"x".repeat(2_048)}`]) {
      await assert.rejects(
        fetchWeb({ url, profile: "https_web" }),
        { code: "INVALID_ARGUMENT", message: /begins with https/ },
        url,
      );
    }
    for (const id of ["spiffe://partner.example", "https://partner.example/x", ""]) {
      const endpoint = spiffe({ url: "https://127.0.0.1/" }, id);
      await assert.rejects(fetchSpiffe(endpoint), { code: "INVALID_ARGUMENT", message: /has a SPIFFE ID/ }, id);
    }
    const unknown = { url: "https://127.0.0.1/", profile: "https" } as unknown as BundleEndpoint;
    await assert.rejects(fetchWeb(unknown), { code: "INVALID_ARGUMENT", message: /https_web or https_spiffe/ });
  });
});
