import type { DescMessage } from "@bufbuild/protobuf";
import type { AnyMethod, Idempotency, ServiceDefinition } from "@interlock/policy";

/** A method that can be offered as a tool, with the forms of its messages. */
export interface OfferedMethod {
  /** The service, with at least this method. Its codecs take and give whole messages as bytes. */
  readonly service: ServiceDefinition;
  /** The key of the method in {@link service}. */
  readonly key: string;
  readonly method: AnyMethod;
  /** What the proto file says of repeated calls; absent where it says nothing. */
  readonly idempotency?: Idempotency | undefined;
  /** The descriptor of the request, from which its JSON schema is made. */
  readonly input: DescMessage;
  /** `host:port` of a bot that serves it. Default: the directory of the authority is asked. */
  readonly address?: string | undefined;
  /**
   * Reads a request in the JSON mapping of protobuf.
   *
   * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong with it.
   */
  read(json: string): Uint8Array;
  /** Writes an answer in the JSON mapping of protobuf. */
  write(answer: Uint8Array): object;
}
