// The visitor's laptop: it has got hold of a certificate, and calls one method as often as it can, with nonsense.
import { constants, setPriority } from "node:os";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { onAsked, receiveConfig, stopSignal, tell } from "./child.js";
import type { LaptopConfig } from "./messages.js";

const atOnce = 32;

// It is a machine of its own. Here it shares the processors, which are not to be what it takes from the robots.
setPriority(constants.priority.PRIORITY_LOW);
const stopping = stopSignal();
const { ca, key, certificate } = await receiveConfig<LaptopConfig>();
const secure = credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(certificate), {
  checkServerIdentity: () => undefined,
});
let client: Client | undefined;
let answers = new Map<string, number>();

/** Calls again and again, on one connection after another: one that calls too often is cut off. */
function flood(address: string, path: string): void {
  const options = {
    "grpc.ssl_target_name_override": "swarm",
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 100,
  };
  const flooding = new Client(address, secure, options);
  client = flooding;
  const nothing = Buffer.alloc(0);
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer let-me-in");
  const call = () => {
    if (client !== flooding) return;
    const again = (error: { code: number } | null) => {
      const code = status[error?.code ?? 0] as string;
      answers.set(code, (answers.get(code) ?? 0) + 1);
      setImmediate(call);
    };
    flooding.makeUnaryRequest(path, () => nothing, String, nothing, metadata, { deadline: Date.now() + 2_000 }, again);
  };
  for (let i = 0; i < atOnce; i++) call();
}

onAsked((message) => {
  if (message.type === "flood") flood(message.address, message.path);
  if (message.type !== "enough") return undefined;
  client?.close();
  client = undefined;
  const had = Object.fromEntries(answers);
  answers = new Map();
  return had;
});
stopping.addEventListener("abort", () => process.exit(0));
tell({ type: "ready", address: "" });
