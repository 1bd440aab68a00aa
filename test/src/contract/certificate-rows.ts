import { certificateAttacks, handMade, shows } from "@interlock/bot/testing";
import { callOver, echoStage } from "./echo-stage.js";
import { impostorVariants } from "./impostor.js";
import type { Row, Variant } from "./row.js";

const attacks = {
  4: "expired, or not yet valid, client certificate",
  8: "leaf without clientAuth (or a server's without serverAuth)",
  9: "leaf that is a CA, or may sign certificates or CRLs",
  10: "no URI SAN, two of them, one that is not spiffe:, one with no path",
  11: "SAN text crafted to look like another SAN (CVE-2021-44532)",
  13: "identity of trust domain B signed by domain A's CA",
} as const;

type CertificateRow = keyof typeof attacks;

/** Leaves assembled byte by byte and signed with the fleet's own CA, shown in a real handshake. */
export const certificateRows: readonly Row[] = Object.entries(attacks).map(([number, attack]) => {
  const row = Number(number) as CertificateRow;
  return {
    row,
    attack,
    async play() {
      const stage = await echoStage();
      const { fleet, server } = stage;
      const shown = certificateAttacks
        .filter((made) => made.row === row && made.overTls !== "not sent")
        .map((made): Variant => {
          const reason = made.overTls === undefined || made.overTls === "not sent" ? made.reason : made.overTls;
          const attack = async () => callOver(server.port, shows(await made.make(fleet.ca)));
          return { name: made.attack, answer: "close", reason, attack };
        });
      return stage.play([...shown, ...(row === 8 ? impostorVariants(stage, serverLeaves) : [])], {
        // The same certificate, except for the change of the attack.
        async control() {
          const answer = await callOver(server.port, shows(await handMade(fleet.ca)));
          if (answer !== 0) throw new Error(`a good certificate made by hand was answered ${answer}`);
          await server.goodCall();
        },
        perControl: 2,
      });
    },
  };
});

const uris = ["spiffe://test/echo/1"];
const serverLeaves = [
  { name: "a server with a client's certificate", leaf: { uris, usages: ["1.3.6.1.5.5.7.3.2"] } },
  {
    name: "a server whose certificate is for nothing",
    leaf: { uris, usages: [] },
    reason: "CERTIFICATE_WRONG_USAGE" as const,
  },
  { name: "a server whose certificate signs code", leaf: { uris, usages: ["1.3.6.1.5.5.7.3.3"] } },
];
