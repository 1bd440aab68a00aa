import type { Client } from "@grpc/grpc-js";
import type { EchoClient } from "../echo-client.js";
import { echoDefinition } from "../echo-definition.js";

/** A client of grpc-js whose calls are promises and whose streams have listeners. */
export function clientOf(client: Client): EchoClient {
  const { echo, repeat } = echoDefinition;
  return {
    echo: (request) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          echo.path,
          echo.requestSerialize,
          echo.responseDeserialize,
          request,
          // The default of Interlock's calls. A call without a deadline would wait forever.
          { deadline: Date.now() + 30_000 },
          (error, response) => (response ? resolve(response) : reject(error)),
        );
      }),
    repeat: (request, onMessage) =>
      new Promise((resolve, reject) => {
        client
          .makeServerStreamRequest(repeat.path, repeat.requestSerialize, repeat.responseDeserialize, request)
          .on("data", onMessage)
          .on("error", reject)
          .on("end", resolve);
      }),
  };
}
