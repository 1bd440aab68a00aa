import type { IncomingMessage } from "node:http";
import { InterlockError } from "@interlock/bot";
import { type createUnpacker, denial, type ServedCall, type TranslatedPeer } from "@interlock/bot/internal";
import { MessageReader } from "@interlock/wire";
import type { ConnectRequest } from "./read-request.js";

/** What a request is read with. */
export interface ReadMessages {
  readonly form: ConnectRequest;
  readonly request: IncomingMessage;
  readonly meter: TranslatedPeer["meter"];
  readonly unpack: ReturnType<typeof createUnpacker>;
  readonly now: () => number;
  /** Says that the body is wanted: some callers wait for that (RFC 9110, section 10.1.1). */
  readonly ask: () => void;
}

/** The longest message in JSON, in bytes: reading it keeps the process busy for some 10 ms. */
export const maximumJsonBytes = 1_024 * 1_024;

const envelopeBytes = 5;

/**
 * Reads the messages of a request, and gives them as gRPC has them. The body is bounded as it arrives; of what is compressed, no more
 * is unpacked than one message may have.
 *
 * @throws InterlockError for a body that is too large, too slow, or cannot be read.
 */
export async function readMessages(
  { form, request, meter, unpack, now, ask }: ReadMessages,
  call: ServedCall,
): Promise<Buffer> {
  const { codec, callable, encoding, isStream } = form;
  const forms = codec === "json" ? callable?.forms : undefined;
  const most = callable?.served.maximumRequestBytes ?? 0;
  const maximumBytes = forms ? Math.min(most, maximumJsonBytes) : most;

  async function translate(message: Buffer, isPacked: boolean): Promise<Buffer> {
    if (isPacked && callable?.served.method.policy.anyBot) throw denial("ENCODING_REFUSED");
    const bytes = isPacked ? await unpack(message, encoding, call.callerUri, now, maximumBytes) : message;
    if (bytes.length > maximumBytes) throw tooLarge(maximumBytes);
    const proto = forms ? forms.request(bytes) : bytes;
    const prefix = Buffer.alloc(envelopeBytes);
    prefix.writeUInt32BE(proto.length, 1);
    return Buffer.concat([prefix, proto]);
  }

  const measured = meter(maximumBytes);
  try {
    const body = form.message ?? (await readBody(request, measured, maximumBytes, ask));
    // What is empty has not been compressed.
    if (!isStream) return await translate(body, encoding !== "identity" && body.length > 0);
    const messages = readEnvelopes(body, maximumBytes, encoding);
    const translated: Buffer[] = [];
    for (const { message, isPacked } of messages) translated.push(await translate(message, isPacked));
    return Buffer.concat(translated);
  } finally {
    measured.close();
  }
}

function readBody(
  request: IncomingMessage,
  meter: ReturnType<TranslatedPeer["meter"]>,
  maximumBytes: number,
  ask: () => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => {
      const fault = meter.received(part.length);
      if (!fault) return void parts.push(part);
      request.removeAllListeners("data").resume();
      reject(denial(fault, fault === "REQUEST_TOO_LARGE" ? `a message may have ${maximumBytes} bytes here` : ""));
    });
    request.once("end", () => resolve(Buffer.concat(parts)));
    ask();
    request.once("close", () => reject(new InterlockError("CANCELLED", "The caller canceled the call.")));
  });
}

interface Enveloped {
  readonly message: Buffer;
  readonly isPacked: boolean;
}

function readEnvelopes(body: Buffer, maximumBytes: number, encoding: string): readonly Enveloped[] {
  const messages: Enveloped[] = [];
  const reader = new MessageReader(maximumBytes);
  const onMessage = (message: Buffer, isPacked: boolean) => void messages.push({ message, isPacked });
  const fault = reader.push(body, { onMessage }) ?? reader.end();
  if (fault?.kind === "too-large") throw tooLarge(maximumBytes);
  if (fault) throw new InterlockError("INVALID_ARGUMENT", "The envelopes of the request are malformed.");
  if (encoding === "identity" && messages.some(({ isPacked }) => isPacked)) {
    throw new InterlockError("INTERNAL", "A message is compressed, and Connect-Content-Encoding does not say how.");
  }
  return messages;
}

function tooLarge(maximumBytes: number): InterlockError {
  return denial("REQUEST_TOO_LARGE", `a message may have ${maximumBytes} bytes here`);
}
