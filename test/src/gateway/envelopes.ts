/** An envelope of the Connect protocol, as it was read. */
export interface Envelope {
  readonly flags: number;
  readonly content: Buffer;
}

/** The body of an answer. */
type Body = AsyncIterable<Uint8Array> | null;

/** Puts a message in an envelope. */
export function enveloped(content: string | Uint8Array, flags = 0): Buffer {
  const bytes = Buffer.from(content as string);
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** Reads all envelopes of an answer. */
export async function readEnvelopes(body: Body): Promise<readonly Envelope[]> {
  const envelopes: Envelope[] = [];
  for await (const envelope of eachEnvelope(body)) envelopes.push(envelope);
  return envelopes;
}

/** Gives the envelopes of an answer as they come. */
export async function* eachEnvelope(body: Body): AsyncGenerator<Envelope> {
  let rest = Buffer.alloc(0);
  for await (const part of body ?? []) {
    rest = Buffer.concat([rest, part]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield { flags: rest[0] as number, content: rest.subarray(5, end) };
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw new Error(`${rest.length} bytes after the last envelope`);
}
