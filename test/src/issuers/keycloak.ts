import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { clients, type IssuerClient, joinedBot, subjectOf } from "./clients.js";
import type { IssuerFleet } from "./fleet.js";
import { type KeycloakAdmin, openKeycloakAdmin } from "./keycloak-admin.js";
import { runKeycloak } from "./keycloak-process.js";
import { type TriedAlgorithm, type TriedIssuer, triedAlgorithms } from "./tried-issuer.js";
import { writeWebFiles } from "./web-files.js";

type Json = Record<string, unknown>;

/** Keycloak with a realm for each algorithm. Closing one of them closes nothing. */
export interface RunningKeycloak {
  readonly issuers: readonly TriedIssuer[];
  stop(): Promise<void>;
}

/** Starts the Keycloak of the folder `home`, with the settings in docs/issuers.md, for bots of a fleet. */
export async function startKeycloak(home: string, fleet: IssuerFleet): Promise<RunningKeycloak> {
  const files = await writeWebFiles(fleet.roots);
  const running = await runKeycloak(home, files, randomUUID());
  const stop = async () => {
    await running.stop();
    await files.remove();
  };
  try {
    const admin = await openKeycloakAdmin(running, files.ca);
    for (const algorithm of triedAlgorithms) await createRealm(admin, algorithm, fleet);
    await admin.close();
  } catch (error) {
    await stop();
    throw error;
  }
  const issuers = triedAlgorithms.map(
    (algorithm): TriedIssuer => ({
      name: `Keycloak ${running.version}`,
      algorithm,
      options: {
        url: `${running.url}/realms/${realmOf(algorithm)}`,
        caFile: files.ca,
        algorithms: [algorithm],
        subjectClaim: "client_id",
      },
      forms: new Set(["unbound", "JWT", "another name", "lax"] as const),
      takesResource: false,
      close: async () => {},
    }),
  );
  return { issuers, stop };
}

const realmOf = (algorithm: TriedAlgorithm) => `cafe-${algorithm.toLowerCase()}`;

/** Creates a realm by the JSON of the page, with each name in it replaced by those of the test. */
async function createRealm(admin: KeycloakAdmin, algorithm: TriedAlgorithm, { names }: IssuerFleet): Promise<void> {
  const { realm, key, scope, client } = settingsOfPage();
  const name = realmOf(algorithm);
  await admin.create("", { ...realm, realm: name, defaultSignatureAlgorithm: algorithm });
  if (algorithm === "ES256") await admin.create(`/${name}/components`, key);
  for (const [audience, scopes] of grantedAnywhere()) {
    for (const granted of scopes) {
      const text = JSON.stringify({ ...scope, name: granted });
      await admin.create(
        `/${name}/client-scopes`,
        JSON.parse(text.replaceAll("cafe.gripper.v1.GripperService", audience)),
      );
    }
  }
  for (const one of clients) {
    const caSubject = one.bot === joinedBot ? names.authority : names.ca;
    await admin.create(`/${name}/clients`, registered(client, one, caSubject));
  }
}

function grantedAnywhere(): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  for (const { grants } of clients) {
    for (const [service, scopes] of Object.entries(grants)) {
      all.set(service, new Set([...(all.get(service) ?? []), ...scopes]));
    }
  }
  return all;
}

function registered(client: Json, { id, holder, grants, form }: IssuerClient, caSubject: string): Json {
  const attributes = {
    ...(client.attributes as Json),
    "x509.subjectdn": subjectOf(holder),
    "x509.casubjectdn": caSubject,
    ...(form === "unbound" && { "tls.client.certificate.bound.access.tokens": "false" }),
    ...(form === "JWT" && { "access.token.header.type.rfc9068": "false" }),
  };
  return { ...client, clientId: id, attributes, optionalClientScopes: Object.values(grants).flat() };
}

/** The JSON of docs/issuers.md: the realm, the key for ES256, a scope, a client. */
function settingsOfPage(): { realm: Json; key: Json; scope: Json; client: Json } {
  const blocks = readBlocks(readFileSync(join(root, "docs/issuers.md"), "utf8"));
  const [realm, key, scope, client, ...more] = blocks.filter(({ language }) => language === "json");
  if (!realm || !key || !scope || !client || more.length > 0)
    throw new Error("docs/issuers.md has four blocks of JSON");
  return { realm: parse(realm), key: parse(key), scope: parse(scope), client: parse(client) };
}

const parse = ({ text }: { readonly text: string }) => JSON.parse(text) as Json;
