import {
  credentials,
  Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from "@grpc/grpc-js";
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from "jose";
import { makeCertificates } from "../certificates.js";
import type { NodeVariant } from "../variant.js";
import { clientCredentials, createEchoClient, serveEcho, type TlsSettings } from "./grpc-js.js";

interface Settings extends TlsSettings {
  readonly keys: JSONWebKeySet;
  readonly token: string;
}

const issuer = "https://issuer.bench.example";
const audience = "interlock.bench.v1.EchoService";
const scope = "echo:call";

/** grpc-js with mutual TLS, and a token that the server verifies on every call, as tutorials show it. */
export const grpcJsJwt: NodeVariant<Settings> = {
  async prepare() {
    const { server, client } = await makeCertificates();
    const { keys, token } = await makeToken();
    return { settings: { server, client, keys, token }, close: async () => {} };
  },
  serve: ({ server, keys }) => serveEcho(server, { interceptors: [createTokenInterceptor(keys)] }),
  async connect({ client, token }, address) {
    // The client keeps its token while it is valid, as a good client does.
    const bearer = credentials.createFromMetadataGenerator((_, callback) => {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      callback(null, metadata);
    });
    return createEchoClient(address, credentials.combineChannelCredentials(clientCredentials(client), bearer));
  },
};

async function makeToken(): Promise<{ keys: JSONWebKeySet; token: string }> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const token = await new SignJWT({ scope })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "1" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("spiffe://bench/client/1")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
  const jwk = await exportJWK(publicKey);
  return { keys: { keys: [{ ...jwk, alg: "ES256", kid: "1" }] }, token };
}

function createTokenInterceptor(jwks: JSONWebKeySet): ServerInterceptor {
  const keys = createLocalJWKSet(jwks);
  const options = { issuer, audience, algorithms: ["ES256"], typ: "at+jwt" };

  return function verifyToken(_method, call) {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        authorize(metadata).then(
          () => next(metadata),
          () => call.sendStatus({ code: status.UNAUTHENTICATED, details: "the token was not accepted" }),
        );
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };

  async function authorize(metadata: Metadata): Promise<void> {
    const [header] = metadata.get("authorization");
    const { payload } = await jwtVerify(String(header).replace(/^Bearer /, ""), keys, options);
    if (!String(payload.scope).split(" ").includes(scope)) throw new Error("the scope is missing");
  }
}
