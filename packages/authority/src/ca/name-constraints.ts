import { type DerElement, listOf, readDer, writeDer } from "@interlock/bot/internal";
import { Extension } from "./x509.js";

/** The object identifier of name constraints. */
export const nameConstraintsId = "2.5.29.30";

const uniformResourceIdentifier = 0x86; // [6]; the constraint is on its host
const dnsNameTag = 0x82; // [2]
const permittedSubtrees = 0xa0; // [0]
const excludedSubtrees = 0xa1; // [1]
const sequence = 0x30;

/**
 * Returns the name constraints of a CA certificate: a critical URI constraint (RFC 5280, section 4.2.1.10) to one trust
 * domain, which every verifier of a chain has to check. So a leaked CA, or one that another fleet trusts, too, cannot
 * vouch for bots of another fleet.
 */
export function nameConstraints(trustDomain: string): Extension {
  const uri = writeDer(uniformResourceIdentifier, Buffer.from(trustDomain, "ascii"));
  const permitted = writeDer(permittedSubtrees, writeDer(sequence, uri)); // A list of one.
  return new Extension(nameConstraintsId, true, Uint8Array.from(writeDer(sequence, permitted)));
}

/**
 * Whether name constraints, the DER value of the extension, permit the SPIFFE IDs of a trust domain. Throws an `Error`
 * when they cannot be read.
 */
export function permitsDomain(value: Uint8Array, trustDomain: string): boolean {
  return permits(value, uniformResourceIdentifier, (constraint) => matches(constraint, trustDomain));
}

/**
 * Whether name constraints, the DER value of the extension, permit a DNS name in a leaf. Throws an `Error` when they
 * cannot be read.
 */
export function permitsDnsName(value: Uint8Array, name: string): boolean {
  return permits(value, dnsNameTag, (constraint) => isAtOrBelow(constraint, name));
}

function permits(value: Uint8Array, kindOfName: number, within: (constraint: string) => boolean): boolean {
  const subtrees = listOf(readDer(value));
  const permitted = constraints(subtrees, permittedSubtrees, kindOfName);
  const excluded = constraints(subtrees, excludedSubtrees, kindOfName);
  return (permitted.length === 0 || permitted.some(within)) && !excluded.some(within);
}

/** Returns the constraints on one kind of names in the subtrees of one kind; those on other names do not concern it. */
function constraints(subtrees: readonly DerElement[], kind: number, kindOfName: number): string[] {
  return subtrees
    .filter(({ tag }) => tag === kind)
    .flatMap(({ children }) => children)
    .flatMap((subtree) => listOf(subtree).slice(0, 1))
    .filter(({ tag }) => tag === kindOfName)
    .map(({ content }) => Buffer.from(content).toString("latin1").toLowerCase());
}

// With a leading period: every host below, but not the host itself. Without: only that host.
function matches(constraint: string, host: string): boolean {
  return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}

// RFC 5280, section 4.2.1.10: a DNS name permits itself and every name below it; the empty one, every name.
function isAtOrBelow(constraint: string, name: string): boolean {
  const end = constraint.replace(/^\./, "");
  return end === "" || name === end || name.endsWith(`.${end}`);
}
