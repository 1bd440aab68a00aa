import { createHash } from "node:crypto";
import type { SpiffeId } from "@interlock/policy";

/** The end of every derived DNS name. `.invalid` never resolves (RFC 6761, section 6.4). */
const suffix = ".interlock.invalid";

const maximumLabelLength = 63;
const maximumLength = 253;

/** Lower-case letters, digits, and single hyphens between them (LDH, RFC 5890, section 2.3.1). */
const segmentForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Derives a DNS name from a SPIFFE ID: `arm--1.plant.interlock.invalid` from `spiffe://plant/arm/1`. It is for TLS
 * clients that compare host names and cannot compare URIs, such as gRPC's C core from 1.78 on. Nothing of Interlock
 * decides by it.
 *
 * The first label is the bot's name, with `--` for `/`; the trust domain follows. A name or a trust domain that is no
 * such label, or is too long, becomes `hash---` and the first 48 hex digits of its SHA-256. `---` is in no other label,
 * so two SPIFFE IDs have the same DNS name only if their hashes are equal.
 */
export function dnsName({ trustDomain, name }: Pick<SpiffeId, "trustDomain" | "name">): string {
  const segments = name.split("/");
  const label = segments.join("--");
  const first = segments.every((segment) => segmentForm.test(segment)) && isLabel(label) ? label : hashed(name);
  const whole = `${first}.${trustDomain}${suffix}`;
  const plain = whole.length <= maximumLength && trustDomain.split(".").every((part) => isPart(part));
  return plain ? whole : `${first}.${hashed(trustDomain)}${suffix}`;
}

function isPart(text: string): boolean {
  return segmentForm.test(text) && text.length <= maximumLabelLength;
}

// Labels with hyphens in both the third and the fourth place are reserved, such as `xn--` (RFC 5890, section 2.3.1).
function isLabel(text: string): boolean {
  return text.length <= maximumLabelLength && text.slice(2, 4) !== "--";
}

function hashed(text: string): string {
  return `hash---${createHash("sha256").update(text).digest("hex").slice(0, 48)}`;
}
