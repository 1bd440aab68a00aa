import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import type { Certificates } from "./certificates.js";
import { startGrpcJs } from "./grpc-js-target.js";
import { buildGrpcGo, findGrpcio, type StartGrpc } from "./grpc-programs.js";
import { findProgram, startNginx } from "./nginx-target.js";
import { startClosing, startSilent, startSshBanner } from "./plain-targets.js";
import { startRedis } from "./redis-target.js";
import type { Target } from "./target.js";

/** A server of the truth table, and what a scan has to say of it. */
export interface Row {
  readonly name: string;
  /** Starts it; a sentence in place of it says why this machine cannot. */
  readonly start: ((certificates: Certificates) => Promise<Target>) | string;
  /** How long an answer is awaited, in milliseconds. Default: that of a scan. */
  readonly timeoutMs?: number;
  /** The sentences of the scan. */
  readonly verdict: readonly string[];
}

const said = {
  noCertificate: "No client certificate is asked for: anyone who can reach the port is in.",
  demanded: "It demands a client certificate, and refuses one that no known CA has signed.",
  optional:
    "It asks for a client certificate and lets a stranger in without one; one that no known CA has signed is refused.",
  verifiesNothing: "It asks for a client certificate and verifies nothing: with none or any, a stranger is in.",
  any: "Any certificate opens it: it demands one, and accepts one that anybody can make.",
  modern: "It accepts TLS 1.3, TLS 1.2.",
  tls12: "It accepts TLS 1.2.",
  shut: "It agrees to speak HTTP/2 over TLS, and shows nothing more to a stranger.",
  http2: "It speaks HTTP/2 over TLS, and nothing that is known to be gRPC.",
  http1: "It speaks HTTP/1.1 over TLS.",
  messageFirst:
    "Whether it answers without a token is not known: it may look at the message first, and the scan sends none.",
  takes: "It takes calls without a token, also of probe.v1.Target/Touch.",
} as const;

const plain = (library: string) =>
  `Plaintext: gRPC without TLS (${library}). Everything on it can be read and changed on the way.`;
const inside = (library: string) => `It speaks gRPC over TLS (${library}).`;

/** The rows that need nothing but this process: they run with every test. */
export const quickRows: readonly Row[] = [
  {
    name: "grpc-js, insecure",
    start: () => startGrpcJs("insecure"),
    verdict: [
      plain("grpc-js"),
      said.takes,
      "Channelz is open: it shows its connections and peers to anyone.",
      "Health is open: it tells anyone what it serves.",
    ],
  },
  {
    name: "grpc-js, insecure, tokens demanded",
    start: () => startGrpcJs("insecure", undefined, true),
    verdict: [plain("grpc-js"), "A call without a token is refused."],
  },
  {
    name: "grpc-js, TLS",
    start: (certificates) => startGrpcJs("tls", certificates),
    verdict: [said.noCertificate, said.takes, said.modern, inside("grpc-js")],
  },
  {
    name: "grpc-js, mTLS",
    start: (certificates) => startGrpcJs("mtls", certificates),
    verdict: [said.demanded, said.modern, said.shut],
  },
  {
    name: "grpc-js, asks and verifies nothing",
    start: (certificates) => startGrpcJs("asks", certificates),
    verdict: [said.verifiesNothing, said.takes, said.modern, inside("grpc-js")],
  },
  {
    name: "an SSH banner",
    start: startSshBanner,
    verdict: ["It is an SSH server, neither gRPC nor HTTP."],
  },
  {
    name: "a silent port",
    start: startSilent,
    timeoutMs: 300,
    verdict: ["It is silent: it accepts a connection and answers neither TLS nor HTTP/2."],
  },
  {
    name: "a port that closes at once",
    start: startClosing,
    verdict: ["It closes each connection before anything is said: what it is is not known."],
  },
];

/** The rows that need programs which are not ours. */
export async function foreignRows(): Promise<readonly Row[]> {
  const [go, python] = await Promise.all([buildGrpcGo(), findGrpcio()]);
  return [...goRows(go), ...pythonRows(python), ...nginxRows(), ...databaseRows()];
}

function start(from: StartGrpc | string, security: string): Row["start"] {
  return typeof from === "string" ? from : ({ folder }) => from(security, folder);
}

function goRows(go: StartGrpc | string): Row[] {
  return [
    {
      name: "grpc-go, insecure, with reflection, health and channelz",
      start: start(go, "insecure"),
      verdict: [
        plain("grpc-go"),
        said.takes,
        "Reflection (v1 and v1alpha) is open: it lists grpc.channelz.v1.Channelz, grpc.health.v1.Health, " +
          "grpc.reflection.v1.ServerReflection, grpc.reflection.v1alpha.ServerReflection, probe.v1.Target.",
        "It serves grpc.health.v1.Health and grpc.channelz.v1.Channelz; whether a stranger gets an answer from them is not known.",
      ],
    },
    {
      name: "grpc-go, TLS",
      start: start(go, "tls"),
      verdict: [said.noCertificate, said.messageFirst, said.modern, inside("grpc-go")],
    },
    { name: "grpc-go, mTLS", start: start(go, "mtls"), verdict: [said.demanded, said.modern, said.shut] },
    {
      name: "grpc-go, asks and verifies nothing",
      start: start(go, "asks"),
      verdict: [said.verifiesNothing, said.messageFirst, said.modern, inside("grpc-go")],
    },
    {
      name: "grpc-go, demands any certificate",
      start: start(go, "any"),
      verdict: [said.any, said.messageFirst, said.modern, inside("grpc-go")],
    },
  ];
}

function pythonRows(python: StartGrpc | string): Row[] {
  return [
    {
      name: "grpcio, insecure",
      start: start(python, "insecure"),
      verdict: [plain("grpcio"), said.messageFirst],
    },
    {
      name: "grpcio, TLS",
      start: start(python, "tls"),
      verdict: [said.noCertificate, said.messageFirst, said.modern, inside("grpcio")],
    },
    { name: "grpcio, mTLS", start: start(python, "mtls"), verdict: [said.demanded, said.modern, said.shut] },
    {
      name: "grpcio, asks and verifies nothing",
      start: "grpcio has no setting for it: its servers demand and verify a certificate, or do not ask",
      verdict: [],
    },
  ];
}

function nginxRows(): Row[] {
  const missing = findProgram("nginx")
    ? undefined
    : "there is no nginx: install it, on Debian with apt-get install nginx";
  const site = (listen: string, directives?: string): Row["start"] =>
    missing ?? ((certificates) => startNginx({ listen, directives }, certificates));
  return [
    { name: "nginx, plain", start: site(""), verdict: ["Plaintext: HTTP/1.1 without TLS."] },
    {
      name: "nginx, plaintext HTTP/2",
      start: site("http2"),
      verdict: ["Plaintext: HTTP/2 without TLS, and nothing that is known to be gRPC."],
    },
    {
      name: "nginx, verify_client on",
      start: site("ssl", `ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on;`),
      verdict: [said.demanded, said.modern, said.http1],
    },
    {
      name: "nginx, verify_client on, HTTP/2",
      start: site("ssl http2", `ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on;`),
      verdict: [said.demanded, said.modern, said.http2],
    },
    {
      name: "nginx, verify_client optional",
      start: site("ssl http2", `ssl_protocols TLSv1.2; ssl_verify_client optional;`),
      verdict: [said.optional, said.tls12, said.http2],
    },
    {
      name: "nginx, verify_client optional_no_ca",
      start: site("ssl", `ssl_protocols TLSv1.2; ssl_verify_client optional_no_ca;`),
      verdict: [said.verifiesNothing, said.tls12, said.http1],
    },
    {
      name: "nginx, static pages over HTTP/2",
      start: site("ssl http2", "ssl_protocols TLSv1.2 TLSv1.3;"),
      verdict: [said.noCertificate, said.modern, said.http2],
    },
    {
      name: "nginx, TLS 1.0 to 1.2",
      start: site("ssl", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;"),
      verdict: [
        said.noCertificate,
        "It accepts TLS 1.2, TLS 1.1, TLS 1.0: TLS 1.1 and TLS 1.0 are broken (RFC 8996).",
        said.http1,
      ],
    },
    {
      name: "nginx, TLS 1.0 only",
      start: site("ssl", "ssl_protocols TLSv1; ssl_ciphers DEFAULT@SECLEVEL=0;"),
      verdict: [said.noCertificate, "It accepts TLS 1.0: TLS 1.0 is broken (RFC 8996).", said.http1],
    },
  ];
}

function databaseRows(): Row[] {
  const postgres = findPostgres();
  return [
    {
      name: "Redis",
      start: findProgram("redis-server")
        ? startRedis
        : "there is no Redis: install it, on Debian with apt-get install redis-server",
      verdict: ["It is Redis, or a server that speaks its protocol, neither gRPC nor HTTP."],
    },
    {
      name: "PostgreSQL",
      start: typeof postgres === "string" ? postgres : startDatabase,
      verdict: ["It is PostgreSQL, neither gRPC nor HTTP."],
    },
  ];
}

async function startDatabase(): Promise<Target> {
  const postgres = await startPostgres();
  const port = Number(new URL(await postgres.createDatabase()).port);
  return { port, stop: () => postgres.stop() };
}
