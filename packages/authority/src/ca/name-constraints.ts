import { type DerElement, listOf, readDer, writeDer } from "@interlock/bot/internal";
import { Extension } from "./x509.js";

/** The object identifier of name constraints. */
export const nameConstraintsId = "2.5.29.30";

const uniformResourceIdentifier = 0x86; // [6]; the constraint is on its host
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
  const subtrees = listOf(readDer(value));
  const permitted = hosts(subtrees, permittedSubtrees);
  const excluded = hosts(subtrees, excludedSubtrees);
  const within = (constraint: string) => matches(constraint, trustDomain);
  return (permitted.length === 0 || permitted.some(within)) && !excluded.some(within);
}

/** Returns the hosts in the URI subtrees of one kind; constraints on other names do not concern SPIFFE IDs. */
function hosts(subtrees: readonly DerElement[], kind: number): string[] {
  return subtrees
    .filter(({ tag }) => tag === kind)
    .flatMap(({ children }) => children)
    .flatMap((subtree) => listOf(subtree).slice(0, 1))
    .filter(({ tag }) => tag === uniformResourceIdentifier)
    .map(({ content }) => Buffer.from(content).toString("latin1").toLowerCase());
}

// With a leading period: every host below, but not the host itself. Without: only that host.
function matches(constraint: string, host: string): boolean {
  return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}
