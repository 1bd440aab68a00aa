// What is sent as it is: printable ASCII but "%". A field value cannot begin or end with a space (RFC 9113, section 8.2.1), so
// an outer space is escaped, which the grammar of Percent-Encoded allows.
const plain = /^(?! )[ -$&-~]*(?<! )$/;
const toEscape = /[^ -$&-~]|^ | $/g;
const escaped = /%([0-9A-Fa-f]{2})/g;

/**
 * Writes a value of `grpc-message`: UTF-8, percent-encoded (PROTOCOL-HTTP2, "Status-Message"). Half a surrogate pair becomes
 * U+FFFD. An empty message is sent by leaving the header out.
 *
 * @example
 * ```ts
 * encodeStatusMessage("50 € is 100%"); // "50 %E2%82%AC is 100%25"
 * ```
 */
export function encodeStatusMessage(message: string): string {
  return plain.test(message) ? message : Buffer.from(message).toString("latin1").replace(toEscape, escapeByte);
}

/**
 * Reads a value of `grpc-message`. Every value can be read: an escape without two hexadecimal digits stays as it is, and bytes
 * that are not UTF-8 become U+FFFD. The message may have any character in it, line ends among them.
 *
 * @param value - The value as a header list has it, one character for each byte.
 */
export function decodeStatusMessage(value: string): string {
  if (plain.test(value)) return value;
  return Buffer.from(value.replace(escaped, unescapeByte), "latin1").toString();
}

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function unescapeByte(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
