import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { InterlockError } from "@interlock/bot";
import type { AnyMethod, Init, RequestOf, ResponseOf } from "@interlock/policy";

/** A call without Interlock, as any gRPC client can make it. */
export interface RawCall<M extends AnyMethod> {
  readonly address: string;
  /** The CA that the caller trusts, PEM. */
  readonly ca: string;
  /** The caller's private key and certificate, PEM. Default: none. */
  readonly identity?: { readonly key: string; readonly certificate: string };
  readonly token?: string;
  readonly method: M;
  readonly request: Init<RequestOf<M>>;
}

/** Calls a method with plain grpc-js. Rejects with an `InterlockError` that says what the caller saw. */
export async function rawCall<M extends AnyMethod>(call: RawCall<M>): Promise<ResponseOf<M>> {
  const { address, ca, identity, token, method, request } = call;
  const secure = credentials.createSsl(
    Buffer.from(ca),
    identity ? Buffer.from(identity.key) : null,
    identity ? Buffer.from(identity.certificate) : null,
    // SPIFFE certificates name no host, and an attacker would not check it.
    { checkServerIdentity: () => undefined },
  );
  const client = new Client(address, secure, {
    "grpc.ssl_target_name_override": "swarm",
    // One attempt is one attack, so there are no retries.
    "grpc.initial_reconnect_backoff_ms": 60_000,
    "grpc.use_local_subchannel_pool": 1,
  });
  const metadata = new Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  const encode = (message: Init<RequestOf<M>>) =>
    Buffer.from(method.request.encode(method.request.fromPartial(message)).finish());
  const decode = (bytes: Buffer): ResponseOf<M> => method.response.decode(bytes);
  try {
    return await new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 5_000 };
      client.makeUnaryRequest(method.path, encode, decode, request, metadata, options, (error, response) => {
        if (response !== undefined) resolve(response);
        else reject(InterlockError.from(error));
      });
    });
  } finally {
    client.close();
  }
}
