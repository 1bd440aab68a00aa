import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { parseCertificate } from "../identity/certificate.js";
import { certificatesToPem } from "../identity/pem.js";
import type { TokenAlgorithm } from "../token/token-rules.js";
import { createTestCa } from "./test-ca.js";
import { SubjectAlternativeNameExtension } from "./x509.js";

/** A small OAuth issuer over HTTPS, with `tls_client_auth`. */
export interface TestIssuer {
  readonly url: string;
  /** PEM file of the CA of its HTTPS. */
  readonly caFile: string;
  /** The requested paths, in order. */
  readonly asked: string[];
  /** The forms of the requests for tokens, in order. */
  readonly forms: URLSearchParams[];
  /** The keys that it publishes; to be changed by tests. */
  keys: JWK[];
  /** Answers instead of the usual, by path. */
  readonly answers: Map<string, { readonly status: number; readonly body: string }>;
  /** Claims of its tokens besides the usual. */
  claims: object;
  /** Signs with a new key from now on, and publishes it. */
  rotate(kid: string): Promise<void>;
  /** A token as it would issue it. */
  token(claims: object, header?: object): Promise<string>;
  close(): Promise<void>;
}

/** Starts one. Its clients show certificates of the fleet's CA, DER. */
export async function startTestIssuer(fleetCa: Uint8Array, algorithm: TokenAlgorithm = "ES256"): Promise<TestIssuer> {
  const ca = await createTestCa("web");
  const localhost = new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]);
  const { keys, der } = await ca.issueRaw({ extra: [localhost] });
  const folder = await mkdtemp(join(tmpdir(), "interlock-issuer-"));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, certificatesToPem([ca.der]));
  let signingKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  let kid = "";

  const server = createServer({
    key: keys.privateKeyPem,
    cert: certificatesToPem([der]),
    ca: certificatesToPem([fleetCa]),
    requestCert: true,
    rejectUnauthorized: false,
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `https://localhost:${(server.address() as AddressInfo).port}/realms/cafe`;

  const issuer: TestIssuer = {
    url,
    caFile,
    asked: [],
    forms: [],
    keys: [],
    answers: new Map(),
    claims: {},
    async rotate(next) {
      const pair = await generateKeyPair(algorithm);
      signingKey = pair.privateKey;
      kid = next;
      issuer.keys = [...issuer.keys, { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: "sig" }];
    },
    token(claims, header = {}) {
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT({ iss: url, iat: now, exp: now + 300, jti: randomUUID(), ...claims, ...issuer.claims })
        .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid, ...header })
        .sign(signingKey);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await rm(folder, { recursive: true });
    },
  };

  const pages: Record<string, (request: IncomingMessage) => Promise<[status: number, body: object]>> = {
    "/realms/cafe/.well-known/openid-configuration": async () => [
      200,
      { issuer: url, jwks_uri: `${url}/keys`, mtls_endpoint_aliases: { token_endpoint: `${url}/token` } },
    ],
    "/realms/cafe/keys": async () => [200, { keys: issuer.keys }],
    "/realms/cafe/token": async (request) => {
      const socket = request.socket as TLSSocket;
      const shown = socket.getPeerX509Certificate()?.raw;
      if (!socket.authorized || !shown) return [401, { error: "invalid_client" }];
      let body = "";
      for await (const chunk of request) body += chunk;
      const form = new URLSearchParams(body);
      issuer.forms.push(form);
      const leaf = parseCertificate(shown);
      if (form.get("grant_type") !== "client_credentials") return [400, { error: "unsupported_grant_type" }];
      if (form.get("scope")?.includes("forbidden")) return [400, { error: "invalid_scope" }];
      const claims = { aud: form.get("audience"), scope: form.get("scope"), cnf: { "x5t#S256": leaf.thumbprint } };
      const access_token = await issuer.token({ sub: leaf.uris[0], ...claims });
      return [200, { access_token, token_type: "Bearer", expires_in: 300 }];
    },
  };
  server.on("request", async (request, response) => {
    const path = request.url ?? "";
    issuer.asked.push(path);
    const fixed = issuer.answers.get(path);
    const [status, body] = fixed ? [fixed.status, fixed.body] : ((await pages[path]?.(request)) ?? [404, {}]);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await issuer.rotate("key-1");
  return issuer;
}
