import type { ScannedPort } from "../inputs/scan.js";
import { dayText } from "../text.js";
import type { Verdict } from "./classify.js";
import { isFleetsOwn } from "./is-fleets-own.js";

const day = 86_400_000;

/** How long before its end a certificate is said to expire soon, in milliseconds. A bot's certificate lives for an hour. */
export const soonMs = 14 * day;

/** Says what an attacker learns from a port, in sentences, the worst first. Pure. `now`: milliseconds since the epoch. */
export function describe(verdict: Verdict, now: number): ScannedPort["sentences"] {
  const { protocol, tls } = verdict;
  return [
    ...(isFleetsOwn(verdict) ? [authoritys] : tls ? describeAdmission(tls) : describePlain(verdict)),
    ...describeCalls(verdict),
    ...(tls ? describeCertificate(tls, now) : []),
    ...(tls ? describeVersions(tls) : []),
    ...(tls && protocol !== "grpc" ? [insideOf(protocol, tls)] : []),
    ...(tls && protocol === "grpc" ? [`It speaks gRPC over TLS${by(verdict)}.`] : []),
  ];
}

const authoritys = "It is the fleet's authority: strangers come here to enroll and for keys, without a certificate.";

const inside: Readonly<Record<Exclude<Verdict["protocol"], "grpc">, string>> = {
  "http/2": "It speaks HTTP/2 over TLS, and nothing that is known to be gRPC.",
  "http/1.1": "It speaks HTTP/1.1 over TLS.",
  another: "It speaks another protocol over TLS.",
  nothing: "It says nothing over TLS.",
  "not known": "What it speaks over TLS is not known: it shows nothing to a stranger.",
};

function insideOf(protocol: keyof typeof inside, { negotiates }: NonNullable<Verdict["tls"]>): string {
  if (protocol !== "not known" || negotiates !== "h2") return inside[protocol];
  return "It agrees to speak HTTP/2 over TLS, and shows nothing more to a stranger.";
}

function by({ software }: Verdict): string {
  return software === undefined ? "" : ` (${software})`;
}

function describePlain(verdict: Verdict): string[] {
  const { protocol, software } = verdict;
  if (protocol === "grpc")
    return [`Plaintext: gRPC without TLS${by(verdict)}. Everything on it can be read and changed on the way.`];
  if (protocol === "http/2") return ["Plaintext: HTTP/2 without TLS, and nothing that is known to be gRPC."];
  if (protocol === "http/1.1") return ["Plaintext: HTTP/1.1 without TLS."];
  if (protocol === "another") return [`It is ${software ?? "another protocol"}, neither gRPC nor HTTP.`];
  if (protocol === "nothing") return ["It is silent: it accepts a connection and answers neither TLS nor HTTP/2."];
  return ["It closes each connection before anything is said: what it is is not known."];
}

function describeAdmission(tls: NonNullable<Verdict["tls"]>): string[] {
  const { demandsClientCertificate: demands, asksForClientCertificate: asks, acceptsForeignCertificate: foreign } = tls;
  if (foreign === "yes" && demands === "yes")
    return ["Any certificate opens it: it demands one, and accepts one that anybody can make."];
  if (foreign === "yes")
    return ["It asks for a client certificate and verifies nothing: with none or any, a stranger is in."];
  if (demands === "no" && asks)
    return [
      "It asks for a client certificate and lets a stranger in without one; one that no known CA has signed is refused.",
    ];
  if (demands === "no") return ["No client certificate is asked for: anyone who can reach the port is in."];
  if (demands === "yes" && foreign === "no")
    return ["It demands a client certificate, and refuses one that no known CA has signed."];
  if (demands === "yes") return ["It demands a client certificate; whether it verifies one is not known."];
  return ["Whether it demands a client certificate is not known."];
}

function describeCalls({
  protocol,
  open,
  served = [],
  services,
  answersWithoutToken: answers,
  tls,
  methods,
  member,
}: Verdict): string[] {
  if (protocol !== "grpc") return [];
  const said: string[] = [];
  const reached = Object.entries(methods ?? {}).filter(([, answer]) => answer === "open");
  if (answers === "yes") {
    const which =
      reached.length > 0
        ? `, also of ${reached
            .slice(0, 3)
            .map(([path]) => path.slice(1))
            .join(", ")}`
        : "";
    said.push(`It takes calls without a token${which}.`);
  }
  if (answers === "no" && !isShut(tls)) said.push("A call without a token is refused.");
  if (answers === "not known" && !isShut(tls))
    said.push(`Whether it answers without a token is not known: ${whyNotKnown(methods)}.`);
  if (member?.answersWithoutToken === "yes") said.push("It takes calls of any bot of the fleet without a token.");
  const reflection = open.filter((service) => service.startsWith("grpc.reflection."));
  if (reflection.length > 0) {
    const versions = reflection.map((service) => service.split(".")[2]).join(" and ");
    const names = services.slice(0, 10).join(", ") + (services.length > 10 ? `, and ${services.length - 10} more` : "");
    said.push(
      `Reflection (${versions}) is open: ${services.length > 0 ? `it lists ${names}` : "it describes its API to anyone"}.`,
    );
  }
  if (open.some((service) => service.startsWith("grpc.channelz.")))
    said.push("Channelz is open: it shows its connections and peers to anyone.");
  if (open.some((service) => service.startsWith("grpc.health.")))
    said.push("Health is open: it tells anyone what it serves.");
  if (served.length > 0)
    said.push(
      `It serves ${served.join(" and ")}; whether a stranger gets an answer from ${served.length > 1 ? "them" : "it"} is not known.`,
    );
  return said;
}

/** Without a declared method that is there, there is none to call; one that stays open may be refused after its message. */
function whyNotKnown(methods: Verdict["methods"]): string {
  return Object.values(methods ?? {}).includes("open")
    ? "it may look at the message first, and the scan sends none"
    : "the scan knows no method of it that it could call";
}

function isShut(tls: Verdict["tls"]): boolean {
  return tls?.demandsClientCertificate === "yes" && tls.acceptsForeignCertificate === "no";
}

function describeCertificate({ certificate }: NonNullable<Verdict["tls"]>, now: number): string[] {
  if (!certificate) return [];
  const { expiresAt, names, namesHost, spiffeId, isOfFleet } = certificate;
  const said: string[] = [];
  const date = Number.isFinite(expiresAt) ? dayText(expiresAt) : "an unknown day";
  if (expiresAt <= now) said.push(`Its certificate has expired, on ${date}.`);
  // A SPIFFE certificate is renewed in time by its bot, and lives for less than that anyway.
  else if (expiresAt - now < soonMs && spiffeId === undefined) said.push(`Its certificate expires soon, on ${date}.`);
  if (namesHost === false) {
    const named = names.length > 0 ? names.slice(0, 5).join(", ") : "nothing";
    said.push(`Its certificate is for another name: it names ${named}.`);
  }
  if (spiffeId !== undefined) {
    const proof =
      isOfFleet === undefined ? "" : isOfFleet ? ", signed by the fleet's CA" : ", not signed by the fleet's CA";
    said.push(`Its certificate tells who it is: ${spiffeId}${proof}.`);
  }
  return said;
}

function describeVersions({ versions }: NonNullable<Verdict["tls"]>): string[] {
  const names = versions.map((version) => version.replace(/^TLSv1$/, "TLSv1.0").replace("TLSv", "TLS "));
  const old = names.filter((name) => name === "TLS 1.0" || name === "TLS 1.1");
  if (names.length === 0) return ["It speaks TLS, and agreed to no version that was offered."];
  const all = `It accepts ${names.join(", ")}`;
  return [
    old.length > 0 ? `${all}: ${old.join(" and ")} ${old.length > 1 ? "are" : "is"} broken (RFC 8996).` : `${all}.`,
  ];
}
