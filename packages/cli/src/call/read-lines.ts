import { InterlockError } from "@interlock/bot";

/**
 * Reads the lines of a stream, without their ends. An empty last line is left out.
 *
 * @param maximumBytes - The maximum length of a line.
 * @throws InterlockError `INVALID_ARGUMENT` for a line that is longer, or is not in UTF-8.
 */
export async function* readLines(stream: AsyncIterable<Buffer>, maximumBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  let line = 1;
  for await (const chunk of stream) {
    let rest = chunk;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      keep(rest.subarray(0, end));
      yield take();
      rest = rest.subarray(end + 1);
    }
    keep(rest);
  }
  if (length > 0) yield take();

  function keep(part: Buffer): void {
    parts.push(part);
    length += part.length;
    if (length > maximumBytes) throw invalid(`is longer than ${maximumBytes} bytes`);
  }

  function take(): string {
    const bytes = Buffer.concat(parts);
    [parts, length] = [[], 0];
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      line++;
      return text.endsWith("\r") ? text.slice(0, -1) : text;
    } catch (cause) {
      throw invalid("is not in UTF-8", cause);
    }
  }

  function invalid(problem: string, cause?: unknown): InterlockError {
    return new InterlockError("INVALID_ARGUMENT", `Line ${line} of standard input ${problem}.`, { cause });
  }
}
