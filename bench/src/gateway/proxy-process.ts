// A bare proxy of `node:http2`: each request on a stream of one session to the server, headers and trailers as they are.
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { answerParent } from "@interlock/testing-processes";
import { listen } from "../listen.js";
import type { TlsSettings } from "../variants/grpc-js.js";

export interface ProxyAsk {
  readonly do: "open";
  readonly certificates: TlsSettings;
  readonly upstream: string;
}

export interface ProxyAnswer {
  readonly address: string;
}

answerParent(async ({ certificates: { server, client }, upstream }: ProxyAsk): Promise<ProxyAnswer> => {
  const session = connect(`https://${upstream}`, { ca: client.ca, cert: client.certificate, key: client.key });
  const { ca, certificate, key } = server;
  const port = createSecureServer({ ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true });
  port.on("stream", (stream, headers) => pass(stream, headers, session));
  return listen(port);
});

function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ClientHttp2Session): void {
  const request = session.request(headers, { endStream: false });
  stream.pipe(request);
  request.on("response", (answer, flags) => {
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) return void stream.respond(answer, { endStream: true });
    stream.respond(answer, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    request.pipe(stream);
  });
  let trailers: IncomingHttpHeaders = {};
  request.on("trailers", (given) => {
    trailers = { ...given };
  });
  request.on("error", () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  stream.on("error", () => request.close(constants.NGHTTP2_CANCEL));
}
