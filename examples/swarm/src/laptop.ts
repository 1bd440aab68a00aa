// The visitor's laptop: it has a stolen certificate, and calls one method over and over, with nonsense.
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { onAsked, receiveConfig, stopSignal, tell } from "./child.js";
import type { LaptopConfig } from "./messages.js";

const everyMs = 5;
const callsEach = 6;
const outstanding = 96;

const stopping = stopSignal();
const { ca } = await receiveConfig<LaptopConfig>();
const [anyServer, rootCert] = [{ checkServerIdentity: () => undefined }, Buffer.from(ca)];
const nothing = Buffer.alloc(0);
const metadata = new Metadata();
metadata.set("authorization", "Bearer let-me-in");
let answers = new Map<string, number>();
let calm = () => {};

/** Calls 1,200 times a second, on one connection after another, because the server closes those that call too often. */
function flood(client: Client, path: string): void {
  let open = 0;
  const had = new Map<string, number>();
  answers = had; // Late answers of an earlier flood do not count for this one.
  const answered = (error: { code: number } | null) => {
    open--;
    const code = status[error?.code ?? 0] as string;
    had.set(code, (had.get(code) ?? 0) + 1);
  };
  const call = () => {
    open++;
    const options = { deadline: Date.now() + 2_000 };
    client.makeUnaryRequest(path, () => nothing, String, nothing, metadata, options, answered);
  };
  const calling = setInterval(() => {
    for (let i = 0; i < callsEach && open < outstanding; i++) call();
  }, everyMs);
  calm = () => {
    clearInterval(calling);
    client.close();
    calm = () => {};
  };
}

onAsked(async (message) => {
  if (message.type === "flood") {
    const { address, path, papers } = message;
    const options = {
      "grpc.ssl_target_name_override": "swarm",
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 100,
    };
    const [key, certificate] = [Buffer.from(papers.key), Buffer.from(papers.certificate)];
    flood(new Client(address, credentials.createSsl(rootCert, key, certificate, anyServer), options), path);
  }
  if (message.type !== "enough") return undefined;
  calm();
  return Object.fromEntries(answers);
});
stopping.addEventListener("abort", () => process.exit(0));
tell({ type: "ready", address: "" });
