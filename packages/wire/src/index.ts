export { type Connection, createClientConnection, createServerConnection } from "./connection.js";
export { ConnectionError, errorCode } from "./frame/error-code.js";
export { decodeBinary, encodeBinary } from "./grpc/binary-metadata.js";
export { codecOf } from "./grpc/content-type.js";
export {
  compress,
  decompress,
  type Encoding,
  type EncodingFault,
  offeredEncodings,
  parseAcceptEncoding,
} from "./grpc/encoding.js";
export { type MessageFault, MessageReader, type MessageSink } from "./grpc/message-reader.js";
export { isAsciiValue, isBinaryName, metadataNameFault } from "./grpc/metadata-rules.js";
export { parseStatus, type StatusCode, statusCode, statusIn, statusOfHttp, statusOfReset } from "./grpc/status.js";
export { decodeStatusMessage, encodeStatusMessage } from "./grpc/status-message.js";
export { formatTimeout, longestTimerMs, parseTimeout } from "./grpc/timeout.js";
export type { HeaderList } from "./header-list.js";
export { type DecodedBlock, readOnce } from "./hpack/decoder.js";
export { defaultLimits, type Limits, type Rate } from "./limits/limits.js";
export type { ConnectionEnd, ConnectionHandler, ConnectionOptions } from "./session/connection-handler.js";
export { Turns } from "./session/turns.js";
export type { Reset, Stream, StreamHandler } from "./stream/stream.js";
