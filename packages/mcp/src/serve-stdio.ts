import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

/**
 * Serves over standard input and output, as clients of MCP expect of a program that they start.
 *
 * @param server - A server of `createMcpServer`.
 * @param signal - Ends it. Default: it ends when the client closes standard input.
 * @returns A promise that resolves once it has ended.
 */
export async function serveStdio(server: Server, signal?: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    server.onclose = resolve;
    process.stdin.once("end", resolve);
    signal?.addEventListener("abort", () => resolve());
  });
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
}
