import { writeFile } from "node:fs/promises";
import { certificateAttacks, createTestFleet, EchoService, tokenAttacks } from "@interlock/bot/testing";

const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");

/** Writes the attacks with tokens and certificates, and the reasons for which they are refused, for attacks_test.go. */
export async function writeAttackCases(file: string): Promise<void> {
  const fleet = await createTestFleet();
  const caller = await fleet.ca.issue("spiffe://test/caller/1");
  const basis = { fleet, caller, url: "http://127.0.0.1:1" };
  const { version, caCertificates, ...state } = fleet.trust.state;
  const trust = { ...state, version: String(version), caCertificates: caCertificates.map(base64) };
  const tokens = tokenAttacks.map(async ({ row, attack, reason, make }) => {
    return { row, attack, reason, authorization: await make(basis) };
  });
  const certificates = certificateAttacks.map(async ({ row, attack, reason, make }) => {
    return { row, attack, reason, chain: (await make(fleet.ca)).chain.map(base64) };
  });
  const cases = {
    now: Date.now(), // The test may run much later, on a busy machine.
    trust,
    audience: EchoService.name,
    caller: base64(caller.chain[0] ?? new Uint8Array()),
    good: `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}`,
    // The first one holds the scope under a condition; the others say it in another form.
    narrowed: await Promise.all(
      [["true"], "true", [], [""]].map(async (conditions) => {
        const claims = { narrowed_scope: { "echo:call": conditions } };
        return `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"], claims)}`;
      }),
    ),
    tokens: await Promise.all(tokens),
    certificates: await Promise.all(certificates),
  };
  await writeFile(file, JSON.stringify(cases));
}
