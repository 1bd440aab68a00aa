import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { certificatesToPem } from "../identity/pem.js";
import type { TokenAlgorithm } from "../token/token-rules.js";
import { createTestCa } from "./test-ca.js";
import { SubjectAlternativeNameExtension } from "./x509.js";

/** A pod of a {@link TestCluster}. */
export interface TestPod {
  readonly namespace: string;
  readonly account: string;
  readonly name: string;
  readonly uid: string;
}

/** The issuer of a Kubernetes cluster: projected tokens of its pods, and its keys in a file and over HTTPS. */
export interface TestCluster {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The path of its JWK Set. */
  readonly jwksFile: string;
  /** The https URL of the same, for which `bearerFile` holds the token to show, and `caFile` its CA. */
  readonly jwksUrl: string;
  readonly caFile: string;
  readonly bearerFile: string;
  /** The requests for its keys. */
  readonly asked: string[];
  /** A pod. Its UID is new. */
  pod(name: string, account?: string, namespace?: string): TestPod;
  /** A projected token of a pod as Kubernetes issues it; `change` replaces claims, `header` members of the header. */
  token(pod: TestPod, audience: string, change?: object, header?: object): Promise<string>;
  /** Signs with a new key from now on, and publishes it. */
  rotate(kid: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startTestCluster(algorithm: TokenAlgorithm = "RS256"): Promise<TestCluster> {
  const issuer = "https://kubernetes.default.svc.cluster.local";
  const folder = await mkdtemp(join(tmpdir(), "interlock-cluster-"));
  const [jwksFile, caFile, bearerFile] = ["jwks.json", "ca.crt", "token"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const bearer = randomUUID();
  const ca = await createTestCa("cluster");
  const localhost = new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]);
  const { keys: tls, der } = await ca.issueRaw({ extra: [localhost] });
  await writeFile(caFile, certificatesToPem([ca.der]));
  await writeFile(bearerFile, `${bearer}\n`);
  const asked: string[] = [];
  let keys: JWK[] = [];
  let signingKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  let current = "";

  // As the API server does, it gives its keys to those who are known to it.
  const server = createServer({ key: tls.privateKeyPem, cert: certificatesToPem([der]) }, (request, response) => {
    asked.push(request.url ?? "");
    const known = request.headers.authorization === `Bearer ${bearer}`;
    response.writeHead(known ? 200 : 401, { "content-type": "application/jwk-set+json" });
    response.end(JSON.stringify(known ? { keys } : { message: "Unauthorized" }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  async function rotate(kid: string): Promise<void> {
    const pair = await generateKeyPair(algorithm);
    signingKey = pair.privateKey;
    current = kid;
    keys = [...keys, { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: "sig" }];
    await writeFile(jwksFile, JSON.stringify({ keys }));
  }
  await rotate("cluster-1");

  return {
    issuer,
    jwksFile,
    jwksUrl: `https://localhost:${(server.address() as AddressInfo).port}/openid/v1/jwks`,
    caFile,
    bearerFile,
    asked,
    pod: (name, account = "arm", namespace = "plant") => ({ name, account, namespace, uid: randomUUID() }),
    async token({ namespace, account, name, uid }, audience, change = {}, header = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        aud: [audience],
        exp: now + 600,
        iat: now,
        nbf: now,
        iss: issuer,
        jti: randomUUID(),
        "kubernetes.io": {
          namespace,
          node: { name: "node-1", uid: "2f0f4f5e-0000-4000-8000-000000000001" },
          pod: { name, uid },
          serviceaccount: { name: account, uid: "2f0f4f5e-0000-4000-8000-000000000002" },
        },
        sub: `system:serviceaccount:${namespace}:${account}`,
      };
      return new SignJWT({ ...claims, ...change })
        .setProtectedHeader({ alg: algorithm, kid: current, ...header })
        .sign(signingKey);
    },
    rotate,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await rm(folder, { recursive: true });
    },
  };
}
