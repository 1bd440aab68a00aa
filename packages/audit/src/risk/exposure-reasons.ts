import type { ScannedPort } from "../inputs/scan.js";
import { listText } from "../text.js";
import type { RiskReason } from "./risk-reason.js";
import { type Fact, factPoints, maximumScanPoints } from "./weights.js";

interface Exposure {
  readonly fact: Fact;
  readonly holds: (port: ScannedPort, path: string) => boolean;
  readonly text: (addresses: string) => string;
}

const exposures: readonly Exposure[] = [
  {
    fact: "plaintext",
    holds: ({ tls, protocol }) => !tls && protocol !== "nothing" && protocol !== "not known",
    text: (at) => `${at} speaks without TLS: all on the way can read and change it.`,
  },
  {
    fact: "answers-without-token",
    // What the scan knows of this very method counts before what it knows of the port.
    holds: ({ answersWithoutToken, methods }, path) =>
      methods?.[path] === undefined ? answersWithoutToken === "yes" : methods[path] === "open",
    text: (at) => `${at} answers without a token or a certificate.`,
  },
  {
    fact: "no-client-certificate",
    holds: ({ tls }) => tls?.demandsClientCertificate === "no",
    text: (at) => `${at} demands no client certificate.`,
  },
  {
    fact: "foreign-certificate",
    holds: ({ tls }) => tls?.acceptsForeignCertificate === "yes",
    text: (at) => `${at} accepts a certificate that no CA of the fleet has signed.`,
  },
  {
    fact: "open-to-strangers",
    holds: ({ open }) => open.length > 0,
    text: (at) => `${at} answers a stranger about what it serves.`,
  },
];

/**
 * What a scan of the endpoint's ports found, at most {@link maximumScanPoints} in all.
 *
 * @param path - `/package.Service/Method`.
 */
export function exposureReasons(ports: readonly ScannedPort[], path: string): RiskReason[] {
  let left = maximumScanPoints;
  return exposures.flatMap(({ fact, holds, text }) => {
    const found = ports.filter((port) => holds(port, path)).map(({ address }) => address);
    const points = Math.min(left, found.length > 0 ? factPoints[fact] : 0);
    left -= points;
    return points > 0 ? [{ points, text: text(listText(found)) }] : [];
  });
}
