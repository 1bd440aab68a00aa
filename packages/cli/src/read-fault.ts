/** A fault in a proto file, or in `policies.yaml`. */
export interface Fault {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** `package.Service/Method`; absent when the fault is not in a method. */
  readonly method?: string;
  readonly message: string;
}

const form =
  /^(?<file>policies\.yaml|.+?\.proto):(?:(?<line>\d+):(?<column>\d+):)? (?:(?<method>[\w.]+\/\w+) )?(?<message>.*)$/s;

/** Parses a fault in one line of text: `path/to/file.proto:line:column: Service/Method what is wrong`. */
export function readFault(text: string): Fault {
  const { file, line, column, method, message } = form.exec(text)?.groups ?? {};
  if (file === undefined || message === undefined) return { message: text };
  return {
    file,
    ...(line !== undefined && { line: Number(line), column: Number(column) }),
    ...(method !== undefined && { method }),
    message,
  };
}
