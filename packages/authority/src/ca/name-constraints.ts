import { Extension } from "./x509.js";

/** The object identifier of name constraints. */
export const nameConstraintsId = "2.5.29.30";

const uniformResourceIdentifier = 0x86; // [6], of which the host counts
const permittedSubtrees = 0xa0; // [0]
const excludedSubtrees = 0xa1; // [1]
const sequence = 0x30;

/**
 * Says in a CA certificate that what it signs is of one trust domain: a URI name constraint (RFC 5280, section
 * 4.2.1.10), critical, which whoever verifies a chain has to heed. So a CA that leaks, or that another fleet trusts as
 * well, vouches for no other fleet's bots.
 */
export function nameConstraints(trustDomain: string): Extension {
  const uri = element(uniformResourceIdentifier, Buffer.from(trustDomain, "ascii"));
  const permitted = element(permittedSubtrees, element(sequence, uri)); // A list of one.
  return new Extension(nameConstraintsId, true, Uint8Array.from(element(sequence, permitted)));
}

/**
 * Whether name constraints, the DER value of the extension, leave room for the SPIFFE IDs of a trust domain. Throws an
 * `Error` when they cannot be read.
 */
export function permitsDomain(value: Uint8Array, trustDomain: string): boolean {
  const [whole, ...rest] = elements(Buffer.from(value));
  if (whole?.tag !== sequence || rest.length > 0) throw new Error("the name constraints cannot be read");
  const subtrees = elements(whole.content);
  const permitted = hosts(subtrees, permittedSubtrees);
  const excluded = hosts(subtrees, excludedSubtrees);
  const within = (constraint: string) => matches(constraint, trustDomain);
  return (permitted.length === 0 || permitted.some(within)) && !excluded.some(within);
}

/** The hosts in the URI subtrees of one kind; other kinds of names do not matter to a SPIFFE ID. */
function hosts(subtrees: readonly Element[], kind: number): string[] {
  return subtrees
    .filter(({ tag }) => tag === kind)
    .flatMap(({ content }) => elements(content))
    .flatMap(({ content }) => elements(content).slice(0, 1))
    .filter(({ tag }) => tag === uniformResourceIdentifier)
    .map(({ content }) => content.toString("latin1").toLowerCase());
}

// With a period in front: every host below, and not the host itself. Without: that host alone.
function matches(constraint: string, host: string): boolean {
  return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements (X.690, section 8.1) that stand one after the other in DER, without going into them. */
function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < der.length) {
    const tag = der[at] as number;
    const first = der[at + 1] ?? 0x80;
    const bytes = first < 0x80 ? 0 : first - 0x80;
    const start = at + 2 + bytes;
    if (first === 0x80 || bytes > 3 || start > der.length) throw new Error("the name constraints cannot be read");
    const length = bytes === 0 ? first : der.readUIntBE(at + 2, bytes);
    if (start + length > der.length) throw new Error("the name constraints cannot be read");
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
