import type { Stream, StreamHandler } from "@interlock/wire";

/** The stream that a call came on: one of HTTP/2, or what translates another protocol. */
export interface CallStream
  extends Pick<
    Stream,
    "closed" | "remoteEnded" | "sendHeaders" | "sendData" | "sendMessage" | "reset" | "consumed" | "expect"
  > {
  handler: StreamHandler;
}
