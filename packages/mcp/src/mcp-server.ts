import { AuthorityService } from "@interlock/bot/protocol";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import { createApprovals } from "./approvals.js";
import { callTool, waitsForOperator } from "./call-tool.js";
import { findGranted } from "./grants.js";
import { completeOptions, type McpOptions } from "./options.js";
import { nameTools, toolOf } from "./tool.js";

/** How many calls may be under way at once. */
const maximumCalls = 32;

/**
 * Creates a server of the Model Context Protocol that offers the methods which a bot may call as tools. Connect it to a transport.
 * It decides nothing: every call is made with a token of the authority, and is admitted by the bot that serves it.
 *
 * @param given - The bot, the methods, and the delegation under which it calls.
 * @returns The server of the official SDK.
 * @throws RangeError for too many methods, or a bound that is not above zero.
 *
 * @example
 * ```ts
 * const server = createMcpServer({ bot, authority: "localhost:7443", methods, delegation: "dlg-…" });
 * await server.connect(new StdioServerTransport());
 * ```
 */
export function createMcpServer(given: McpOptions): Server {
  const options = completeOptions(given);
  const { bot, delegation, methods } = options;
  const authority = bot.client(AuthorityService, options.authority);
  const parts = { options, authority, approvals: createApprovals(authority, options) };
  const tools = nameTools(methods);
  const names = new Map([...tools].map(([name, one]) => [one, name]));
  const server = new Server(
    { name: `interlock ${bot.name}`, version: "1" },
    { capabilities: { tools: {} }, instructions: instructionsFor(bot.name, delegation) },
  );
  let calls = 0;

  server.setRequestHandler(ListToolsRequestSchema, async () => {
    const granted = await findGranted(authority, methods, { name: bot.name, delegation });
    return {
      tools: granted.map((one) => toolOf(names.get(one) as string, one, waitsForOperator(one, delegation))),
    };
  });

  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.get(params.name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}: list the tools.`);
    if (calls >= maximumCalls) throw new McpError(ErrorCode.InternalError, `${maximumCalls} calls are under way.`);
    calls++;
    try {
      return await callTool(parts, tool, params.arguments, signal);
    } finally {
      calls--;
    }
  });

  return server;
}

function instructionsFor(name: string, delegation: string | undefined): string {
  const whose = delegation === undefined ? "in its own name" : `under the delegation ${delegation}`;
  return (
    `Each tool calls a method of a fleet of bots as ${name}, ${whose}. A refusal has a reason: do not repeat a call that ` +
    "was refused with one, except APPROVAL_WAITING. Every call is recorded, and has a receipt."
  );
}
