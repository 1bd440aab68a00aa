import { type ChannelCredentials, type ChannelOptions, type Client, credentials, Metadata } from "@grpc/grpc-js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import type { TestFleet } from "./test-fleet.js";

/** What a grpc-js client without Interlock connects with: an identity, and no look at the server's. */
export function plainCredentials({ ca }: TestFleet, { privateKey, chain }: Identity): ChannelCredentials {
  const pem = (der: readonly Uint8Array[]) => Buffer.from(certificatesToPem(der));
  const options = { checkServerIdentity: () => undefined };
  return credentials.createSsl(pem([ca.der]), Buffer.from(privateKey), pem(chain), options);
}

/** Options for a plain client of an address without a name. */
export const plainOptions: ChannelOptions = {
  "grpc.ssl_target_name_override": "localhost",
  "grpc.use_local_subchannel_pool": 1,
};

/** One unary call of bytes. Rejects with a `ServiceError`. */
export function plainCall(
  client: Client,
  path: string,
  authorization?: string | Readonly<Record<string, string>>,
  body = Buffer.alloc(0),
): Promise<Buffer> {
  const bytes = (buffer: Buffer) => buffer;
  const metadata = new Metadata();
  const headers = typeof authorization === "string" ? { authorization } : (authorization ?? {});
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytes, bytes, body, metadata, {}, (error, response) => {
      if (error) reject(error);
      else resolve(response as Buffer);
    });
  });
}
