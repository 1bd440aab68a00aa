/** What the first bytes of a server that is not asked anything, or is asked what it does not understand, say about it. */
export interface Signature {
  readonly protocol: "http/2" | "http/1.1" | "another";
  /** Its name, for a sentence: "Redis", "an SSH server". */
  readonly name: string;
}

const settings = 4;

/** Recognizes a server by the first bytes that it has sent; `undefined` where they say nothing. */
export function recognize(received: Buffer): Signature | undefined {
  if (received.length === 0) return undefined;
  const text = received.toString("latin1");
  if (isSettingsFrame(received)) return { protocol: "http/2", name: "HTTP/2" };
  if (/^HTTP\/1\.[01] \d{3}/.test(text) || /^<(!doctype|html)/i.test(text))
    return { protocol: "http/1.1", name: "HTTP/1.1" };
  for (const [form, name] of banners) if (form.test(text)) return { protocol: "another", name };
  return { protocol: "another", name: "a protocol that the scan does not know" };
}

/** Whether the bytes begin with a SETTINGS frame of HTTP/2 (RFC 9113, section 6.5), or a GOAWAY, on stream 0. */
function isSettingsFrame(bytes: Buffer): boolean {
  if (bytes.length < 9) return false;
  const length = bytes.readUIntBE(0, 3);
  return (
    length % 6 === 0 && length <= 120 && bytes[3] === settings && (bytes[4] ?? 0) <= 1 && bytes.readUInt32BE(5) === 0
  );
}

// The first match names it.
const banners: readonly (readonly [RegExp, string])[] = [
  [/^SSH-\d/, "an SSH server"],
  [/^-(ERR|DENIED|NOAUTH|MISCONF|LOADING)\b/, "Redis, or a server that speaks its protocol"],
  [/^220[ -].*(ESMTP|SMTP)/i, "a mail server (SMTP)"],
  [/^220[ -]/, "an FTP or mail server"],
  [/^\+OK /, "a mail server (POP3)"],
  [/^\* OK /, "a mail server (IMAP)"],
  // The length of the first packet, its number 0, then version 10 of the protocol.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is a binary protocol
  [/^[\s\S]{3}\0\x0a\d+\.\d+/, "MySQL or MariaDB"],
  [/^RFB \d/, "a VNC server"],
];
