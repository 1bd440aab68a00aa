/** What a scan has found. Times are milliseconds since the epoch. */
export interface Scan {
  readonly startedAt: number;
  readonly endedAt: number;
  /** What was asked for, for example `127.0.0.1` or `10.0.0.0/28:50000-50100`. */
  readonly targets: readonly string[];
  /** The SPIFFE ID of the certificate that the scan was given for a second pass; absent for none. */
  readonly identity?: string | undefined;
  /** The ports that listen, by address. */
  readonly ports: readonly ScannedPort[];
}

/** An answer to a question that a scan asks without running a handler. */
export type Answer = "yes" | "no" | "not known";

/** A listening port. */
export interface ScannedPort {
  /** `host:port`. */
  readonly address: string;
  /** The IP address that was dialed, where the host is a name. */
  readonly ip?: string | undefined;
  /** The process that listens, where the scanned machine is this one and its owner may be seen. */
  readonly process?: { readonly pid: number; readonly name: string } | undefined;
  /** What is spoken on it, inside TLS if there is any. */
  readonly protocol: "grpc" | "http/2" | "http/1.1" | "another" | "nothing" | "not known";
  /** What it is, where that can be told: `grpc-js`, `grpc-go`, `grpcio`, `PostgreSQL`, `an SSH server`. */
  readonly software?: string | undefined;
  /** Absent for a port without TLS. */
  readonly tls?: ScannedTls | undefined;
  /** Whether a call without a token, or without a certificate, reached a server that would answer it. */
  readonly answersWithoutToken: Answer;
  /** The services that a stranger gets an answer from, each with its full name: reflection, health, channelz. */
  readonly open: readonly string[];
  /** Those of gRPC's own services that are served without it being known whether a stranger gets an answer. */
  readonly served?: readonly string[] | undefined;
  /** The services that reflection lists, where it is open. */
  readonly services: readonly string[];
  /** What a call without a token has met with, by the path of each declared method that was called. */
  readonly methods?: MethodAnswers | undefined;
  /** What a bot of the fleet sees without a token; absent where the scan was given no certificate, or it was not let in. */
  readonly member?: ScannedAsMember | undefined;
  /** How many connections the scan has made to it, the one that found it included. */
  readonly connections?: number | undefined;
  /** What an attacker learns, in sentences, the worst first. */
  readonly sentences: readonly string[];
}

/** What calls of headers alone have met with, by path. `absent`: the server answers 12, UNIMPLEMENTED. */
export type MethodAnswers = Readonly<Record<string, "open" | "refused" | "absent" | "not known">>;

/** What a bot of the fleet sees that shows its certificate, and no token. */
export interface ScannedAsMember {
  readonly open: readonly string[];
  readonly services: readonly string[];
  readonly answersWithoutToken: Answer;
  /** Without those that any bot may call. */
  readonly methods?: MethodAnswers | undefined;
}

/** The TLS of a port. */
export interface ScannedTls {
  /** The versions that it accepts, for example `TLSv1.3`. */
  readonly versions: readonly string[];
  /** The protocol that it agrees on with a client that offers HTTP/2 and HTTP/1.1 (ALPN): `h2` or `http/1.1`; absent for none. */
  readonly negotiates?: string | undefined;
  readonly demandsClientCertificate: Answer;
  /** Whether it asks for a client certificate, demanded or not. */
  readonly asksForClientCertificate?: boolean | undefined;
  /** Whether a certificate that no CA of the fleet has signed was accepted. */
  readonly acceptsForeignCertificate: Answer;
  readonly certificate?:
    | {
        /** The SPIFFE ID; absent when it has none. */
        readonly spiffeId?: string | undefined;
        /** DNS names and IP addresses. */
        readonly names: readonly string[];
        /** Absent where the scan did not note it. */
        readonly issuedAt?: number | undefined;
        readonly expiresAt: number;
        /** Whether it names the host that was scanned. A SPIFFE ID stands in place of a name. */
        readonly namesHost?: boolean | undefined;
        /** Whether a CA of the fleet has signed it; absent where the scan was given none. */
        readonly isOfFleet?: boolean | undefined;
      }
    | undefined;
}
