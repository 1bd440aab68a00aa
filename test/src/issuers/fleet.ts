import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Identity, joinFleet, silentLog } from "@interlock/bot";
import { createTestCa, type TestCa } from "@interlock/bot/testing";
import { joinedBot, trustDomain } from "./clients.js";

/** The certificates of the bots that call with tokens of an issuer. */
export interface IssuerFleet {
  /** The CA of most bots, whose certificates have subjects of their own. */
  readonly ca: TestCa;
  /** A certificate that Interlock's authority has given to the bot {@link joinedBot}. */
  readonly joined: Identity;
  /** The CAs to believe, DER: that of `ca`, and the authority's. */
  readonly roots: readonly Uint8Array[];
  /** The subjects of those two CAs (RFC 4514). */
  readonly names: { readonly ca: string; readonly authority: string };
}

/** Creates the CA, and lets one bot join an authority, which is not needed after that. */
export async function createFleet(): Promise<IssuerFleet> {
  const ca = await createTestCa("fleet");
  const folder = await mkdtemp(join(tmpdir(), "interlock-issuers-"));
  const authority = await startAuthority({ dataDir: join(folder, "authority"), trustDomain, port: 0, log: silentLog });
  const bot = await joinFleet({
    authority: authority.address,
    name: joinedBot,
    joinToken: await authority.createJoinToken(joinedBot),
    stateDir: join(folder, "bot"),
    log: silentLog,
  });
  const joined = bot.identity.current();
  await bot.close(0);
  await authority.close();
  await rm(folder, { recursive: true });
  const roots = [ca.der, authority.caCertificate];
  return { ca, joined, roots, names: { ca: subjectOf(ca.der), authority: subjectOf(authority.caCertificate) } };
}

// RFC 4514 has the last name first; Node writes one a line, as they stand in the certificate.
const subjectOf = (der: Uint8Array) => new X509Certificate(der).subject.split("\n").reverse().join(",");
