import type { IncomingMessage } from "node:http";
import { InterlockError } from "@interlock/bot";
import { type createUnpacker, denial, type ServedCall, type TranslatedPeer } from "@interlock/bot/internal";
import { MessageReader } from "@interlock/wire";
import type { ConnectRequest } from "./read-request.js";

/** What a request is read with. */
export interface ReadMessage {
  readonly form: ConnectRequest;
  readonly request: IncomingMessage;
  readonly meter: TranslatedPeer["meter"];
  readonly unpack: ReturnType<typeof createUnpacker>;
  readonly now: () => number;
  /** Says that the body is wanted: some callers wait for that (RFC 9110, section 10.1.1). */
  readonly ask: () => void;
}

/** The longest request in JSON, in bytes: reading it keeps the process busy, for 30 ms at the worst. */
export const maximumJsonBytes = 256 * 1_024;

const envelopeBytes = 5;

/**
 * Reads the message of a request, and gives it as gRPC has it. The body is bounded as it arrives; of what is compressed, no more
 * is unpacked than one message may have.
 *
 * @throws InterlockError for a body that is too large, too slow, or cannot be read.
 */
export async function readMessage(
  { form, request, meter, unpack, now, ask }: ReadMessage,
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
    const { message, isPacked } = readEnvelope(body, maximumBytes, encoding);
    return await translate(message, isPacked);
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

/** Reads the one message of a stream of requests that has one. */
function readEnvelope(body: Buffer, maximumBytes: number, encoding: string): Enveloped {
  let first: Enveloped | undefined;
  let count = 0;
  const reader = new MessageReader(maximumBytes);
  const onMessage = (message: Buffer, isPacked: boolean) => {
    count++;
    first ??= { message, isPacked };
  };
  const fault = reader.push(body, { onMessage }) ?? reader.end();
  if (fault?.kind === "too-large") throw tooLarge(maximumBytes);
  if (fault) throw new InterlockError("INVALID_ARGUMENT", "The envelopes of the request are malformed.");
  if (!first || count > 1)
    throw new InterlockError("UNIMPLEMENTED", `The method takes one message, and ${count} came.`);
  if (encoding === "identity" && first.isPacked) {
    throw new InterlockError("INTERNAL", "A message is compressed, and Connect-Content-Encoding does not say how.");
  }
  return first;
}

function tooLarge(maximumBytes: number): InterlockError {
  return denial("REQUEST_TOO_LARGE", `a message may have ${maximumBytes} bytes here`);
}
