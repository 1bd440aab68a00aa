import { type DerElement, listOf, readDer, writeDer } from "@interlock/bot/internal";
import { Extension } from "./x509.js";

/** The object identifier of name constraints. */
export const nameConstraintsId = "2.5.29.30";

const uniformResourceIdentifier = 0x86; // [6], of which the host counts
const permittedSubtrees = 0xa0; // [0]
const excludedSubtrees = 0xa1; // [1]
const sequence = 0x30;

/**
 * Says in a CA certificate that what it signs is of one trust domain: a URI name constraint (RFC 5280, section
 * 4.2.1.10), critical, which whoever verifies a chain has to watchHeaders. So a CA that leaks, or that another fleet trusts as
 * well, vouches for no other fleet's bots.
 */
export function nameConstraints(trustDomain: string): Extension {
  const uri = writeDer(uniformResourceIdentifier, Buffer.from(trustDomain, "ascii"));
  const permitted = writeDer(permittedSubtrees, writeDer(sequence, uri)); // A list of one.
  return new Extension(nameConstraintsId, true, Uint8Array.from(writeDer(sequence, permitted)));
}

/**
 * Whether name constraints, the DER value of the extension, leave room for the SPIFFE IDs of a trust domain. Throws an
 * `Error` when they cannot be read.
 */
export function permitsDomain(value: Uint8Array, trustDomain: string): boolean {
  const subtrees = listOf(readDer(value));
  const permitted = hosts(subtrees, permittedSubtrees);
  const excluded = hosts(subtrees, excludedSubtrees);
  const within = (constraint: string) => matches(constraint, trustDomain);
  return (permitted.length === 0 || permitted.some(within)) && !excluded.some(within);
}

/** The hosts in the URI subtrees of one kind; other kinds of names do not matter to a SPIFFE ID. */
function hosts(subtrees: readonly DerElement[], kind: number): string[] {
  return subtrees
    .filter(({ tag }) => tag === kind)
    .flatMap(({ children }) => children)
    .flatMap((subtree) => listOf(subtree).slice(0, 1))
    .filter(({ tag }) => tag === uniformResourceIdentifier)
    .map(({ content }) => Buffer.from(content).toString("latin1").toLowerCase());
}

// With a period in front: every host below, and not the host itself. Without: that host alone.
function matches(constraint: string, host: string): boolean {
  return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}
