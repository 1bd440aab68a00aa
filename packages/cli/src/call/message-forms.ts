import type { DescMessage } from "@bufbuild/protobuf";
import type { AnyMethod } from "@interlock/policy";

/** How the messages of one method are written and read, by a person and on the wire. */
export interface MessageForms {
  readonly request: AnyMethod["request"];
  readonly response: AnyMethod["response"];
  /** Reads a request for the client. Throws `INVALID_ARGUMENT` for what cannot be sent as it was written. */
  read(text: string): object;
  /** Writes an answer of the client as a value of JSON. */
  write(answer: object): object;
  /** The descriptor of the request; absent where only proto files were copied. */
  readonly input?: DescMessage;
  /** Writes the bytes of a request as a value of JSON; absent where only proto files were copied. */
  show?(request: Uint8Array): object;
  /** What a person should know about these forms; absent when there is nothing. */
  readonly warning?: string;
}
