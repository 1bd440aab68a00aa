import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { clients, type IssuerClient, resourcePrefix, spiffeIdOf, type TokenForm } from "./clients.js";
import type { IssuerFleet } from "./fleet.js";
import { storesNothing } from "./stores-nothing.js";
import type { TriedAlgorithm, TriedIssuer } from "./tried-issuer.js";
import { writeWebFiles } from "./web-files.js";

/** Whether this Node runs it: oidc-provider 9 calls `URL.parse`, which Node 20.19 does not have. It warns below Node 22. */
export const runsOidcProvider = "parse" in URL;

/** Starts oidc-provider in this process, for bots of a fleet. */
export async function startOidcProvider(algorithm: TriedAlgorithm, { roots }: IssuerFleet): Promise<TriedIssuer> {
  const { default: Provider } = await import("oidc-provider");
  const { registered, settings } = await import("./oidc-provider-settings.js");
  const files = await writeWebFiles(roots);
  const server = createServer({
    key: await readFile(files.key),
    cert: await readFile(files.certificate),
    ca: await readFile(files.clientCa),
    requestCert: true,
    rejectUnauthorized: false,
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const signingKey = { ...(await exportJWK(privateKey)), kid: "key-1", alg: algorithm, use: "sig" };
  const grants = Object.fromEntries(clients.map((client) => [client.id, client.grants]));
  const provider = new Provider(url, {
    ...settings(grants, algorithm),
    clients: clients.map((client) => ({ ...registered(spiffeIdOf(client.holder)), ...differing(client) })),
    jwks: { keys: [signingKey] } as Required<Configuration>["jwks"],
    adapter: storesNothing,
    formats: { customizers: { jwt: (_ctx, { clientId = "" }, jwt) => change(jwt, formOf(clientId)) } },
  });
  server.on("request", provider.callback());
  return {
    name: `oidc-provider ${await versionOf()}`,
    algorithm,
    options: { url, caFile: files.ca, algorithms: [algorithm], resourcePrefix },
    forms: new Set(Object.keys(changes) as TokenForm[]),
    takesResource: true,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await files.remove();
    },
  };
}

async function versionOf(): Promise<string> {
  const file = new URL("../package.json", import.meta.resolve("oidc-provider"));
  return JSON.parse(await readFile(file, "utf8")).version;
}

function differing({ id, form }: IssuerClient): Partial<ClientMetadata> {
  return { client_id: id, tls_client_certificate_bound_access_tokens: form !== "unbound" };
}

const formOf = (clientId: string) => clients.find(({ id }) => id === clientId)?.form;

/** A token before it is signed. */
interface Unsigned {
  header?: object;
  payload: Record<string, unknown>;
}

/** How a token comes to have a form; the others are a matter of the client's registration. */
const changes: Readonly<Record<TokenForm, (jwt: Unsigned) => Unsigned>> = {
  unbound: (jwt) => jwt,
  lax: (jwt) => jwt,
  "another name": (jwt) => jwt,
  JWT: ({ payload }) => ({ header: { typ: "JWT" }, payload }),
  "no typ": ({ payload }) => ({ header: { typ: undefined }, payload }),
  "scp, text": ({ payload: { scope, ...payload } }) => ({ payload: { ...payload, scp: scope } }),
  "scp, list": ({ payload: { scope, ...payload } }) => ({ payload: { ...payload, scp: String(scope).split(" ") } }),
  "URL in aud": ({ payload }) => ({ payload: { ...payload, aud: `${resourcePrefix}${payload.aud}` } }),
};

/** Changes a token in place, as oidc-provider wants it. */
function change(jwt: object, form: TokenForm | undefined): void {
  if (form) Object.assign(jwt, changes[form](jwt as Unsigned));
}
