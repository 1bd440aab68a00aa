import { ConnectionError, errorCode } from "../frame/error-code.js";

/**
 * The error for a block that cannot be decoded. It ends the connection: the tables of the two ends could differ from here
 * on (RFC 9113, section 4.3).
 */
export function malformed(message: string): ConnectionError {
  return new ConnectionError(errorCode.compressionError, message);
}
