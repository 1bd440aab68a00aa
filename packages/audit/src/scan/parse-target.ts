import { isIP, isIPv4, isIPv6 } from "node:net";
import { InterlockError } from "@interlock/bot";
import { isEveryInterface, printable } from "@interlock/bot/internal";
import { maximumAddresses, maximumPairs, maximumTargetLength } from "./limits.js";
import { allPorts, countPorts, readPorts } from "./port-ranges.js";
import type { PortRange, Target } from "./target.js";

/**
 * Reads a target: a host, or a range of IPv4 addresses (`10.0.0.0/28`), and after a colon its ports. A host is a name, an IPv4
 * address, or an IPv6 address, which stands in brackets before ports. Default: all 65,535 ports.
 *
 * @returns At most 4,096 addresses, and 1,048,576 pairs of an address and a port.
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong and how to write it.
 *
 * @example
 * ```ts
 * parseTarget("arm.local:22,50051-50060");
 * parseTarget("10.0.0.0/24:50051");
 * parseTarget("[fd00::7]:50051");
 * ```
 */
export function parseTarget(text: string): Target {
  if (text.length > maximumTargetLength) throw invalid(text, `it is longer than ${maximumTargetLength} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw invalid(text, "a URL is not a target: write only its host and port");
  const { place, ports } = split(text);
  const hosts = readHosts(text, place);
  if (hosts.length * countPorts(ports) > maximumPairs) {
    const problem = `${hosts.length} addresses with ${countPorts(ports)} ports each are more than ${maximumPairs} pairs`;
    throw invalid(text, `${problem}: name the ports, for example ${place}:50000-50100, or a smaller range`);
  }
  return { text, hosts, ports };
}

/** Divides a target into its place and its ports. */
function split(text: string): { readonly place: string; readonly ports: readonly PortRange[] } {
  if (isIPv6(text) || isIPv6Range(text)) return { place: text, ports: allPorts };
  const [, inBrackets, plain, list] = /^(?:\[([^[\]]*)\]|([^[\]:]*))(?::(.*))?$/s.exec(text) ?? [];
  const place = inBrackets ?? plain;
  if (!place || (inBrackets !== undefined && !isIPv6(place))) throw invalid(text, howToWrite);
  if (list === undefined) return { place, ports: allPorts };
  const ports = readPorts(list);
  if (!ports) throw invalid(text, "its ports are not numbers or ranges from 1 to 65535: write them as 22,50051-50060");
  return { place, ports };
}

function readHosts(text: string, place: string): string[] {
  if (isEveryInterface(place)) throw invalid(text, "it stands for every interface: write one address, or a range");
  if (place.includes("/")) return readRange(text, place);
  if (/^fe[89ab][0-9a-f]:[^%]*$/i.test(place))
    throw invalid(text, "a link-local address needs its interface: [fe80::1%eth0]");
  if (isIP(place) !== 0) return [place];
  if (/^[\d.]+$/.test(place) || place.length > 253 || !nameForm.test(place)) throw invalid(text, howToWrite);
  return [place];
}

/** The addresses of a range such as `10.0.0.0/28`, the first and the last of it included. */
function readRange(text: string, place: string): string[] {
  if (isIPv6Range(place)) throw invalid(text, "a range of IPv6 addresses is too large to try: name its hosts");
  const [, base = "", digits] = /^([\d.]+)\/(\d{1,2})$/.exec(place) ?? [];
  const bits = Number(digits);
  if (!isIPv4(base) || bits > 32) throw invalid(text, "a range is written as 10.0.0.0/28");
  const count = 2 ** (32 - bits);
  if (count > maximumAddresses) {
    throw invalid(text, `it has ${count} addresses, and a scan has at most ${maximumAddresses}: write a longer prefix`);
  }
  const first = numberOf(base) - (numberOf(base) % count);
  return Array.from({ length: count }, (_, i) => addressOf(first + i));
}

/** `text` must be an IPv4 address. */
function numberOf(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

function isIPv6Range(text: string): boolean {
  const [, inBrackets, plain] = /^(?:\[([^[\]]*)\]|([^[\]/]*))\/\d+(?::.*)?$/s.exec(text) ?? [];
  return isIPv6(inBrackets ?? plain ?? "");
}

const nameForm = /^(?!-)[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*\.?$/;

const howToWrite = "write host, host:port, host:from-to, host:a,b,c or 10.0.0.0/28:port, an IPv6 address in brackets";

function invalid(text: string, problem: string): InterlockError {
  const shown = printable(text, { maximumLength: 80 });
  return new InterlockError("INVALID_ARGUMENT", `"${shown}" is not a target: ${problem}.`);
}
