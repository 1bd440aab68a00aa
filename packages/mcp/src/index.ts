export { createMcpServer } from "./mcp-server.js";
export { type JsonSchema, messageSchema } from "./message-schema.js";
export type { OfferedMethod } from "./offered-method.js";
export type { McpOptions } from "./options.js";
export { serveStdio } from "./serve-stdio.js";
export { maximumReceiptBytes, ReceiptFault, type VerifiedReceipt, verifyReceipt } from "./verify-receipt.js";
