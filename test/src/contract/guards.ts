/** A change of one compiled file: a text that occurs once, and its replacement. */
export interface Patch {
  /** Below `packages/`, for example `bot/dist/listener/listener.js`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The guard that a row of the contract depends on. If several layers guard a row, all of them are removed. */
export interface Guard {
  readonly row: number;
  readonly guard: string;
  readonly patches: readonly Patch[];
  /** The first major version of Node on which the attack does harm. Default: all. */
  readonly sinceNode?: number;
}

const bot = (file: string, find: string, replace: string): Patch => ({ file: `bot/dist/${file}.js`, find, replace });
const authority = (file: string, find: string, replace: string): Patch => ({
  file: `authority/dist/${file}.js`,
  find,
  replace,
});
const swarm = (file: string, find: string, replace: string): Patch => ({
  file: `swarm/dist/${file}.js`,
  find,
  replace,
});
const policy = (file: string, find: string, replace: string): Patch => ({
  file: `policy/dist/${file}.js`,
  find,
  replace,
});

const wire = (file: string, find: string, replace: string): Patch => ({
  file: `wire/dist/${file}.js`,
  find,
  replace,
});
const gateway = (file: string, find: string, replace: string): Patch => ({
  file: `gateway/dist/${file}.js`,
  find,
  replace,
});
const cli = (file: string, find: string, replace: string): Patch => ({ file: `cli/dist/${file}.js`, find, replace });

const certificate = (find: string, replace: string) => bot("identity/check-certificate", find, replace);
const workload = (find: string, replace: string) => bot("token/verify-workload-token", find, replace);
const token = (find: string, replace: string) => bot("token/verify-token", find, replace);
const header = (find: string, replace: string) => bot("token/read-header", find, replace);
const believesAnyone = [
  bot("listener/listener", "rejectUnauthorized: onStranger === undefined", "rejectUnauthorized: false"),
  bot("listener/read-peer", "if (!socket.authorized)", "if (false)"),
];

/*
 * Two rows are not here. Row 1: TLS on the port is not a check that could be removed. Row 26: grpc-js knows only the
 * methods' own paths.
 */
export const guards: readonly Guard[] = [
  { row: 2, guard: "a certificate is demanded in the handshake", patches: believesAnyone.slice(0, 1) },
  {
    row: 3,
    guard: "the chain leads to the fleet's CA",
    patches: [
      ...believesAnyone,
      bot("identity/verify-peer", "proveChain(found, { caCertificates, now, accept })", "found"),
    ],
  },
  {
    row: 4,
    guard: "the certificate is valid now",
    patches: [
      ...believesAnyone,
      certificate("if (now >= certificate.notAfter)", "if (false)"),
      certificate("if (now < certificate.notBefore)", "if (false)"),
    ],
  },
  ...[5, 6].map((row) => ({
    row,
    guard: "no session is resumed",
    patches: [
      bot("identity/tls-context", "secureOptions: constants.SSL_OP_NO_TICKET", "secureOptions: 0"),
      bot("identity/tls-context", "sessionTimeout: 1", "sessionTimeout: 300"),
    ],
  })),
  {
    row: 6,
    guard: "revocation is looked up when a connection is made",
    patches: [bot("identity/verify-peer", "return revoked?.(id.uri, certificate) ??", "return")],
  },
  { row: 7, guard: "TLS 1.3 only", patches: [bot("identity/tls-context", '"TLSv1.3"', '"TLSv1.2"')] },
  {
    row: 8,
    guard: "the extended key usage",
    patches: [certificate("if (!certificate.usages.includes(usageOf[peer]))", "if (false)")],
  },
  {
    row: 8,
    guard: "the key usage",
    patches: [certificate("if (!certificate.mayAuthenticate)", "if (false)")],
  },
  { row: 9, guard: "no CA", patches: [certificate("certificate.isCa || certificate.maySign", "certificate.isCa")] },
  {
    row: 9,
    guard: "may sign nothing",
    patches: [certificate("certificate.isCa || certificate.maySign", "certificate.maySign")],
  },
  {
    row: 10,
    guard: "exactly one URI",
    patches: [certificate("certificate.uris.length === 1", "certificate.uris.length >= 1")],
  },
  {
    row: 10,
    guard: "version 3",
    patches: [bot("identity/certificate", "if (!version || !version3.equals(version.content))", "if (false)")],
  },
  {
    row: 11,
    guard: "every name is taken for what its tag says",
    patches: [bot("identity/certificate", "tag === uriTag", "true")],
  },
  {
    row: 11,
    guard: "strict DER",
    patches: [
      bot("identity/der", "count > 3", "count > 4"),
      bot("identity/der", "if (length < 0x80 || length < 256 ** (count - 1))", "if (false)"),
    ],
  },
  {
    row: 11,
    guard: "nothing in it is taken for the certificate",
    patches: [bot("identity/certificate", ".raw.equals(bytes)", "")],
  },
  {
    row: 11,
    guard: "the strength of a key",
    patches: [certificate("!certificate.strongKey || ", "")],
  },
  {
    row: 11,
    guard: "no extension twice",
    patches: [bot("identity/certificate", "if (values.has(id))", "if (false)")],
  },
  {
    row: 11,
    guard: "the form of a name",
    patches: [policy("spiffe-id", '=> segmentForm.test(s) && s !== "." && s !== "..")', "=> s !== undefined)")],
  },
  {
    row: 12,
    guard: "the server is the one that was meant",
    patches: [bot("client/server-proof", "if (servers.length > 0 &&", "if (false &&")],
  },
  {
    row: 13,
    guard: "the trust domain",
    patches: [
      certificate("id.trustDomain === trustDomain ?", "true ?"),
      bot("trust/trust", '(isBelieved(spiffeId) ? undefined : "IDENTITY_REVOKED")', "undefined"),
    ],
  },
  {
    row: 14,
    guard: "connections are reviewed when the trust changes",
    patches: [bot("admission/connections", "const fault = faultOf(connection)", "const fault = undefined")],
  },
  {
    row: 15,
    guard: "a connection ends with its certificate",
    patches: [bot("admission/connections", 'connection.cut(denial("CERTIFICATE_EXPIRED"))', "undefined")],
  },
  {
    row: 16,
    guard: "one token",
    patches: [bot("admission/shown-token", "if (references.length + authorization.length > 1)", "if (false)")],
  },
  {
    row: 16,
    guard: "the one form of a token",
    patches: [header('if (!sound || (signature !== "" && !readBase64url(signature)))', "if (false)")],
  },
  { row: 16, guard: "Bearer", patches: [bot("token/authorization", "/^Bearer (", "/^\\S+ (")] },
  {
    row: 17,
    guard: "the signature",
    patches: [
      token(
        "const { payload } = await jwtVerify(",
        'const payload = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());\n            if (false) await jwtVerify(',
      ),
    ],
  },
  {
    row: 17,
    guard: "the algorithm",
    patches: [header("if (!algorithms.includes(header.alg))", "if (false)"), token("algorithms: [...algorithms],", "")],
  },
  { row: 18, guard: "no key of its own in the header", patches: [header("if (name in header)", "if (false)")] },
  { row: 19, guard: "the issuer", patches: [token("issuer: [trust.issuer, ...(trust.formerIssuers ?? [])],", "")] },
  {
    row: 19,
    guard: "the audience",
    patches: [bot("admission/authenticate", "if (!token.audiences.has(service))", "if (false)")],
  },
  { row: 19, guard: "the type", patches: [header("mediaType(header.typ) !== mediaType(type)", "false")] },
  { row: 20, guard: "required claims", patches: [token('"exp", "iat", ', "")] },
  { row: 20, guard: "the lifetime", patches: [token("(exp - iat) * 1_000 > rules.maximumLifetimeMs", "false")] },
  {
    row: 20,
    guard: "not before its time",
    patches: [
      token("if (begins * 1_000 > now + clockSkewMs)", "if (false)"),
      token("currentDate: new Date(now),", "currentDate: new Date(now + 100_000),"),
    ],
  },
  {
    row: 20,
    guard: "expiry on every call",
    patches: [bot("admission/bearer-fault", 'now >= token.expiresAt ? "TOKEN_EXPIRED" : undefined', "undefined")],
  },
  {
    row: 21,
    guard: "the subject",
    patches: [token("if (!actor && verified.subject.uri !== spiffeId.uri)", "if (false)")],
  },
  {
    row: 21,
    guard: "the binding",
    patches: [token("if (!proved.some(({ thumbprint }) => thumbprint === verified.thumbprint))", "if (false)")],
  },
  {
    row: 21,
    guard: "a reference is to what was shown on the same connection",
    patches: [
      bot(
        "admission/authenticate",
        "const bearer = attempt.connection.bearers.get(shown);",
        "const all = (globalThis.bearers ??= new Map());\n        const bearer = attempt.connection.bearers.get(shown) ?? all.get(shown);\n        for (const [key, value] of attempt.connection.bearers) all.set(key, value);",
      ),
    ],
  },
  { row: 22, guard: "the cool-down", patches: [bot("trust/cooled-down", "if (now < readyAt)", "if (false)")] },
  {
    row: 23,
    guard: "revoked tokens",
    patches: [bot("token/token-fault", "if ([token.jti, ...token.ancestors].some(", "if (false && [].some(")],
  },
  {
    row: 23,
    guard: "scopes that were taken away",
    patches: [bot("token/token-fault", "if (trust.tokenOutdated(token))", "if (false)")],
  },
  {
    row: 23,
    guard: "withdrawn keys",
    patches: [
      bot("token/token-fault", "if (!trust.state.jwks.keys.some(", "if (false && !trust.state.jwks.keys.some("),
    ],
  },
  {
    row: 23,
    guard: "a connection that was cut takes no calls",
    patches: [
      bot("admission/identify", "if (connection.ended)", "if (false)"),
      bot("admission/identify", "if (revoked)", "if (false)"),
    ],
  },
  {
    row: 24,
    guard: "no wider scope",
    patches: [authority("tokens/exchange-token", "refuseWidened(request);", "")],
  },
  {
    row: 24,
    guard: "no longer chain",
    patches: [authority("tokens/exchange-token", "if (actors.length < maximumActors)", "if (true)")],
  },
  {
    row: 24,
    guard: "the right to act",
    patches: [
      authority("tokens/exchange-token", "if (grantedScopes(grants, name, service).has(exchangeScope))", "if (true)"),
    ],
  },
  {
    row: 25,
    guard: "the scopes",
    patches: [bot("admission/authorize", "if (!policy.scopes.every(", "if (false && !policy.scopes.every(")],
  },
  {
    row: 25,
    guard: "the server's check of policies",
    patches: [bot("server/create-server", "if (faults.length > 0)", "if (false)")],
  },
  {
    row: 25,
    guard: "the gate of the build",
    patches: [policy("check-service", "if (!policy.anyBot && !policy.scopes?.length)", "if (false)")],
  },
  {
    row: 28,
    guard: "the bound of the trust",
    patches: [bot("admission/authorize", "&& trust.isStale()", "&& false")],
  },
  {
    row: 27,
    guard: "a service with a gateway is called through it",
    patches: [bot("admission/require-gateway", "if (via === undefined || ", "if (true || ")],
  },
  {
    row: 27,
    guard: "what proxies say of the caller, and what begins as our own words do, stays at the gateway",
    patches: [gateway("forward/request-list", " || prefixes.some((prefix) => name.startsWith(prefix))", "")],
  },
  {
    row: 27,
    guard: "so does what other proxies say of it",
    patches: [gateway("forward/request-list", ', "forwarded", "host", "via", "x-real-ip"', ', "host"')],
  },
  {
    row: 29,
    guard: "the rate of a caller",
    patches: [bot("admission/limit-flood", "if (retryAfterMs === 0)", "if (true)")],
  },
  {
    row: 29,
    guard: "how many connections a peer may have",
    patches: [bot("listener/listener", "(open >= connectionsPerPeer && !isGateway()) ||", "")],
  },
  {
    row: 29,
    guard: "a handshake's time",
    patches: [bot("listener/accept-gate", 'drop(newcomer, "HANDSHAKE_TIMEOUT")', "undefined")],
  },
  {
    row: 29,
    guard: "the size of a message",
    patches: [bot("server/limits", "largestMessageBytes = 4 *", "largestMessageBytes = 4_000 *")],
  },
  {
    row: 30,
    guard: "how often a join token may be used",
    patches: [
      authority("enrollment/join", "if (row.used >= row.uses)", "if (false)"),
      authority("enrollment/join", "if (!mine)", "if (false)"),
    ],
  },
  {
    row: 30,
    guard: "until when",
    patches: [
      authority("enrollment/join", "if (now >= row.expiresAt)", "if (false)"),
      authority("enrollment/join", "if (!mine)", "if (false)"),
    ],
  },
  {
    row: 30,
    guard: "under which name",
    patches: [authority("enrollment/join", "if (row && row.name !== token.name)", "if (false)")],
  },
  {
    row: 30,
    guard: "a name that it matches",
    patches: [authority("enrollment/join", "if (matchesIdentity(token.name, name))", "if (true)")],
  },
  {
    row: 30,
    guard: "no name that somebody has",
    patches: [authority("enrollment/join", "if (token.name !== name)", "if (false)")],
  },
  {
    row: 31,
    guard: "the names in a request",
    patches: [authority("ca/check-csr", "checkRequested(request, expected);", "")],
  },
  {
    row: 31,
    guard: "the key in a request",
    patches: [authority("ca/check-csr", "if (spki.length !== p256Prefix.length + 64 ||", "if (false &&")],
  },
  {
    row: 31,
    guard: "the signature of a request",
    patches: [authority("ca/check-csr", "await checkSignature(request);", "")],
  },
  {
    row: 32,
    guard: "the generation",
    patches: [authority("enrollment/lineage", "if (seenGeneration > certificate.generation)", "if (false)")],
  },
  {
    row: 33,
    guard: "retirement",
    patches: [authority("enrollment/retire", "?.retiredAt == null)", "?.retiredAt !== 0)")],
  },
  {
    row: 34,
    guard: "the sunset",
    patches: [bot("admission/refuse-ended", "if (policy.deprecation &&", "if (false &&")],
  },
  {
    row: 34,
    guard: "the sunset of open streams",
    patches: [bot("admission/keep-authorized", "if (sunset < Number.POSITIVE_INFINITY)", "if (false)")],
  },
  {
    row: 34,
    guard: "retired methods",
    patches: [bot("admission/refuse-ended", "if (trust.methodRetired(", "if (false && trust.methodRetired(")],
  },
  {
    row: 35,
    guard: "reflection's scope",
    patches: [
      bot("server/reflection", 'scopes: ["reflection:read"],', "scopes: [],"),
      bot("server/reflection", "anyBot: false", "anyBot: true"),
    ],
  },
  {
    row: 36,
    guard: "the pinned CA",
    patches: [
      bot("fleet/join", "if (root && ", "if (shown.length > 0 || "),
      bot("fleet/join", "resolve(root)", "resolve(root ?? shown.at(-1))"),
    ],
  },
  {
    row: 36,
    guard: "the authority is below the pinned CA",
    patches: [bot("fleet/join", "proveChain(shown, { caCertificates: [root], now: clock.now() })", "true")],
  },
  {
    row: 37,
    guard: "TLS's verdict before the chain, and no conversion of it",
    sinceNode: 23,
    patches: [
      bot(
        "listener/read-peer",
        "if (!socket.authorized)",
        "if (Object.getPrototypeOf(socket).getPeerCertificate.call(socket, true) && !socket.authorized)",
      ),
    ],
  },
  {
    row: 38,
    guard: "a stranger makes few requests",
    patches: [
      bot("server/enrollment", "const maximumRequests = 16", "const maximumRequests = 1e9"),
      bot("server/enrollment", "const maximumHeaderBytes = 32", "const maximumHeaderBytes = 1e9"),
    ],
  },
  {
    row: 39,
    guard: "the bytes of a handshake are counted",
    patches: [
      bot("listener/accept-gate", 'if (suspicions.peek(source, now) > 0 || alerts.peek("", now) > 0)', "if (false)"),
      bot("listener/accept-gate", "if (failures.peek(source, clock.now()) === 0)", "if (true)"),
    ],
  },
  {
    row: 40,
    guard: "the oldest handshake goes, and peers have places of their own",
    patches: [
      bot("listener/accept-gate", "maximumHandshakes = 512", "maximumHandshakes = 5_000_000"),
      bot(
        "listener/listener",
        "port.maxConnections = maximumConnections + maximumHandshakes + maximumStrangers",
        "port.maxConnections = 2_048",
      ),
    ],
  },
  {
    row: 41,
    guard: "the oldest stranger goes",
    patches: [
      bot("listener/listener", "const strangerIdleMs = 2_000", "const strangerIdleMs = 20_000"),
      bot(
        "listener/listener",
        "const evicted = strangers.add(",
        "if (strangers.size >= maximumStrangers) return void socket.destroy();\n        const evicted = strangers.add(",
      ),
    ],
  },
  {
    row: 41,
    guard: "a good join token is taken whatever else comes from its address",
    patches: [
      authority(
        "services/enrollment-service",
        "const issued = await enroll(request, at);",
        "await limits.failed({ address }, at); const issued = await enroll(request, at);",
      ),
    ],
  },
  {
    row: 42,
    guard: "nothing is unpacked without a token",
    patches: [bot("server/served-call", "const isUnpacked = !this.#served.pass &&", "const isUnpacked = false &&")],
  },
  {
    row: 42,
    guard: "nothing is unpacked for strangers",
    patches: [bot("server/enrollment", 'if ((headers["grpc-encoding"] ?? "identity") !== "identity")', "if (false)")],
  },
  {
    row: 43,
    guard: "a connection keeps an earlier certificate once, and few of them",
    patches: [
      bot("admission/connections", "[...new Set(vouches)]", "vouches"),
      bot("admission/connection", "if (thumbprint === certificate.thumbprint)", "if (false)"),
      bot("admission/connection", "known.thumbprint !== thumbprint", "true"),
      bot("admission/connection", "if (others.length >= maximumEarlier)", "if (false)"),
    ],
  },
  {
    row: 44,
    guard: "the bytes that one bot has under way",
    patches: [
      bot("server/request-meter", "this.#load.bytes > this.#bytesPerPeer", "false"),
      bot("server/single-request-meter", "this.#load.bytes > this.#bytesPerPeer", "false"),
      bot("server/single-request-meter", "if (this.#frames > framesOfAnyMessage", "if (false && framesOfAnyMessage"),
      bot("server/request-meter", "if (this.#frames > framesOfAnyMessage", "if (false && framesOfAnyMessage"),
    ],
  },
  {
    row: 46,
    guard: "unknown paths count as calls do",
    patches: [
      bot(
        "server/call-server",
        "chain.count({ connection, authorization, references, now: clock.now() })",
        "undefined",
      ),
    ],
  },
  {
    row: 46,
    guard: "the budget for tokens that are new",
    patches: [
      bot("admission/verification-budget", "if (account.running >= allowed)", "if (false)"),
      bot("admission/verification-budget", "if (retryAfterMs > 0)", "if (false)"),
    ],
  },
  {
    row: 47,
    guard: "a bot has few trust streams",
    patches: [
      authority("trust-hub/trust-hub", "if (place.gone)", "if (false)"),
      bot("server/call-server", "return load.calls < callsPerPeer", "return true"),
      bot("admission/limit-rate", "if (!rate)", "if (true)"),
    ],
  },
  {
    row: 56,
    guard: "a status is bounded",
    patches: [
      bot("server/live-call", "boundEncoded(message, maximumMessageBytes)", "Buffer.from(message).toString()"),
      bot("server/served-call", "boundEncoded(details, maximumMessageBytes)", "details"),
    ],
  },
  {
    row: 56,
    guard: "the facts of an error are bounded",
    patches: [bot("base/encode-error-info", "ErrorInfo.encode(bounded(info))", "ErrorInfo.encode(info)")],
  },
  {
    row: 57,
    guard: "streams end when the trust becomes stale",
    patches: [bot("admission/connections", "call.end(trustStale(trust, server))", "undefined")],
  },
  {
    row: 45,
    guard: "the rate of reports",
    patches: [bot("admission/limit-rate", "if (!rate)", "if (true)")],
  },
  {
    row: 45,
    guard: "few audit records for the denials of one reporter",
    patches: [authority("audit-log/denial-log", "if (limiter.take(reporter, at) > 0)", "if (false)")],
  },
  {
    row: 46,
    guard: "the rate of renewals",
    patches: [authority("services/authority-service", "refuseLimited(renewals.take(", "void (renewals.take(")],
  },
  {
    row: 48,
    guard: "the generation of a certificate in use",
    patches: [
      authority(
        "enrollment/lineage",
        'return generation === seenGeneration - 1 ? "known" : "cloned"',
        'return "known"',
      ),
    ],
  },
  {
    row: 49,
    guard: "control characters are written out",
    patches: [cli("output", "return printable(text, { lines: true })", "return text")],
  },
  {
    row: 49,
    guard: "control characters in JSON are written out",
    patches: [cli("output", "printable(JSON.stringify(value, toPlain))", "JSON.stringify(value, toPlain)")],
  },
  {
    row: 50,
    guard: "served_by in the directory",
    patches: [authority("reports/may-serve", "return servedBy.length === 0 ||", "return true ||")],
  },
  {
    row: 50,
    guard: "the authority's own services",
    patches: [authority("reports/may-serve", "if (isOwnService(service))", "if (false)")],
  },
  {
    row: 62,
    guard: "a look-up needs a grant",
    patches: [authority("reports/find-servers", "grantedScopes(grants, caller.name, service).size === 0", "false")],
  },
  {
    row: 62,
    guard: "served_by in the answer to a look-up",
    patches: [
      authority("reports/may-serve", "return servedBy.length === 0 ||", "return true ||"),
      authority(
        "store/endpoints",
        'e("spiffeId", "like", likeText(trustDomain, pattern))',
        'e("spiffeId", "!=", pattern)',
      ),
    ],
  },
  {
    row: 62,
    guard: "few endpoints of one bot",
    patches: [authority("reports/find-servers", "const maximumPerBot = 4", "const maximumPerBot = 256")],
  },
  {
    row: 62,
    guard: "the server that is found is the one that was named",
    patches: [
      bot("fleet/locate-servers", "servers: [id.name]", "servers: ['echo/2', 'mallory/1', 'echo/1']"),
      bot("client/look-up", ".filter((place) => isExpected(place, expected))", ""),
    ],
  },
  {
    row: 62,
    guard: "a service of which nothing says who serves it is not looked up",
    patches: [bot("client/look-up", "if (expected.length === 0)", "if (false)")],
  },
  {
    row: 51,
    guard: "the check of each field at the leader's door",
    patches: [
      swarm(
        "leader/check",
        "if (problem !== undefined)\n            throw fieldError",
        "if (false)\n            throw fieldError",
      ),
    ],
  },
  {
    row: 52,
    guard: "the longest payload",
    patches: [swarm("leader/check", "({ length }) => length > atMost", "({ length }) => false")],
  },
  {
    row: 52,
    guard: "the longest result",
    patches: [swarm("leader/reports", "if (report.result.length > limits.resultBytes)", "if (false)")],
  },
  {
    row: 52,
    guard: "pages by bytes",
    patches: [swarm("leader/task-table", "|| weight > pageBytes", "")],
  },
  {
    row: 53,
    guard: "how many reports of a worker are refused, and sent",
    patches: [
      swarm("leader/reports", "if (refused.take(worker, steady.now()) > 0)", "if (false)"),
      swarm("leader/sessions", "if (events.take(worker, session.lastSeen) > 0)", "if (false)"),
      swarm("leader/dispatch-service", "const maximumWaiting = 4 * inHandAtMost", "const maximumWaiting = Infinity"),
    ],
  },
  {
    row: 54,
    guard: "the share of a submitter",
    patches: [
      swarm("leader/task-table", "quotas.admit(task);", ""),
      swarm("leader/task-table", "quotas.take(submitter);", ""),
    ],
  },
  {
    row: 55,
    guard: "the share of a reader",
    patches: [
      swarm("leader/reads", "if (limiter.take(caller, clock.now()) === 0)", "if (true)"),
      swarm("leader/reads", "if (count >= watches)", "if (false)"),
    ],
  },
  {
    row: 58,
    guard: "the lineage of the expired certificate",
    patches: [
      authority("enrollment/lineage", "if (seenGeneration > certificate.generation)", "if (false)"),
      authority(
        "enrollment/lineage",
        "if (seenGeneration === certificate.generation && seenSerial !== certificate.serial)",
        "if (false)",
      ),
    ],
  },
  {
    row: 59,
    guard: "the window after the end of a certificate",
    patches: [
      authority("enrollment/recover", "if (now < notAfter + renewAfterExpiryMs || now < notAfter)", "if (true)"),
    ],
  },
  {
    row: 59,
    guard: "certificates from before the last join",
    patches: [
      authority(
        "enrollment/lineage",
        "if (!certificate || certificate.generation < lineage.firstGeneration)",
        "if (false)",
      ),
    ],
  },
  {
    row: 60,
    guard: "the proof of the expired certificate's key",
    patches: [authority("enrollment/recover", "if (!isRecoveryProved({", "if (false && !isRecoveryProved({")],
  },
  {
    row: 60,
    guard: "the request that the proof is for",
    patches: [bot("identity/recovery-proof", "sha256(csr), ", "")],
  },
  {
    row: 61,
    guard: "the challenge is valid once",
    patches: [bot("server/enrollment", "visit.challenge = undefined;", "")],
  },
  {
    row: 61,
    guard: "the challenge in the proof",
    patches: [bot("identity/recovery-proof", "label, challenge, ", "label, ")],
  },
  {
    row: 63,
    guard: "the audience of a workload's token",
    patches: [workload("claims: { issuer, audience, requiredClaims", "claims: { issuer, requiredClaims")],
  },
  { row: 63, guard: "its only audience", patches: [workload("payload.aud.length !== 1", "false")] },
  { row: 63, guard: "its expiry", patches: [token("if (exp * 1_000 <= now)", "if (false)")] },
  { row: 63, guard: "its lifetime", patches: [workload("(exp - iat) * 1_000 > maximumLifetimeMs", "false")] },
  {
    row: 63,
    guard: "its algorithm",
    patches: [header("if (!algorithms.includes(header.alg))", "if (false)"), token("algorithms: [...algorithms],", "")],
  },
  { row: 63, guard: "its account, by sub and claims alike", patches: [workload("payload.sub !== account ||", "")] },
  {
    row: 63,
    guard: "its pod",
    patches: [workload('if (pod === "" || podUid === "")', "if (false)")],
  },
  {
    row: 63,
    guard: "its rule",
    patches: [authority("workloads/workload-door", "&& one.account === workload.account", "")],
  },
  {
    row: 63,
    guard: "the name of its rule",
    patches: [
      authority(
        "enrollment/join-workload",
        'if (asked !== "" && asked !== name)',
        "if (asked !== '') name = asked; if (false)",
      ),
    ],
  },
  {
    row: 63,
    guard: "the pod's name is one segment",
    patches: [authority("workloads/workload-door", '!pod.includes("/") &&', "")],
  },
  {
    row: 64,
    guard: "one identity of a pod",
    patches: [authority("enrollment/join-workload", "await refuseReplayed(records, row, now);", "")],
  },
  {
    row: 64,
    guard: "an older token takes no name",
    patches: [authority("enrollment/join-workload", "if (tokenIssuedAt >= holder.tokenIssuedAt)", "if (true)")],
  },
  {
    row: 64,
    guard: "a name that another bot has",
    patches: [authority("enrollment/join-workload", "if (await isCurrent(records, name, now))", "if (false)")],
  },
  {
    row: 64,
    guard: "retired and revoked names",
    patches: [
      authority("enrollment/join-workload", "await refuseRevoked(records, id);", ""),
      authority("enrollment/join-workload", "await refuseRetired(records, name);", ""),
    ],
  },
  {
    row: 71,
    guard: "the conditions",
    patches: [bot("server/request-guard", "const unmet = conditions.length > 0", "const unmet = false")],
  },
  {
    row: 71,
    guard: "each message",
    patches: [
      bot("server/run-handler", "const fault = faultOf(decoded, live);", "const fault = undefined;"),
      bot(
        "server/run-handler",
        "const fault = request.inbox ? undefined : faultOf(input, live);",
        "const fault = undefined;",
      ),
    ],
  },
  {
    row: 71,
    guard: "what the handler does not read is not looked at",
    patches: [
      { file: "validate/dist/known-fields.js", find: "isKnown(fields, reader, reader.len) ?", replace: "true ?" },
    ],
  },
  {
    row: 71,
    guard: "a scope without a condition is malformed",
    patches: [bot("token/narrowed-scope", "value.length > 0 &&", "")],
  },
  {
    row: 72,
    guard: "the conditions of the token that is exchanged",
    patches: [authority("tokens/issue-token", "request.delegation?.narrowed.get(scope) ?? []", "[]")],
  },
  {
    row: 72,
    guard: "the cut-off of what is narrowed",
    patches: [authority("grants/cut-offs", "if (where !== undefined)\n            continue;", "")],
  },
  {
    row: 73,
    guard: "the constraints",
    patches: [bot("server/request-guard", "if (violations.length > 0)", "if (false)")],
  },
  {
    row: 73,
    guard: "the gate of the build",
    patches: [
      { file: "protoc-gen-interlock/dist/generate.js", find: "if (hasConstraints(manifest))", replace: "if (false)" },
    ],
  },
  {
    row: 65,
    guard: "the frames and resets that a connection may have",
    patches: [wire("limits/budget", "return this.#left >= 0 || this.#refill();", "return true;")],
  },
  {
    row: 66,
    guard: "no wider delegation",
    patches: [authority("delegations/allowed", "if (wider.length === 0)", "if (true)")],
  },
  {
    row: 66,
    guard: "no longer one",
    patches: [authority("delegations/delegate", "if (wanted <= until)", "if (true)")],
  },
  {
    row: 66,
    guard: "the right to delegate",
    patches: [authority("delegations/delegate", "if (allowed.length > 0)", "if (true)")],
  },
  {
    row: 66,
    guard: "the chain",
    patches: [authority("delegations/delegate", "< maximumActors)", "< 9)")],
  },
  {
    row: 66,
    guard: "the holder",
    patches: [authority("delegations/held-delegation", "row.holder !== holder", "false")],
  },
  {
    row: 66,
    guard: "the scopes of a token",
    patches: [authority("tokens/issue-token", "if (part && wider.length === 0)", "if (part)")],
  },
  {
    row: 67,
    guard: "the methods of a token",
    patches: [bot("admission/limit-token", "if (methods && ", "if (false && ")],
  },
  {
    row: 67,
    guard: "the form of its limits",
    patches: [bot("token/read-delegation", "if (!Array.isArray(claim) || ", "if (")],
  },
  {
    row: 68,
    guard: "the approval",
    patches: [bot("admission/limit-token", "limits.approval !== undefined)", "true)")],
  },
  {
    row: 68,
    guard: "the request that was approved",
    patches: [bot("server/approved-calls", "if (request !== approval.request)", "if (false)")],
  },
  {
    row: 68,
    guard: "one use of an approval",
    patches: [bot("server/approved-calls", "if (used.has(approval.id))", "if (false)")],
  },
  {
    row: 69,
    guard: "whose delegation a receipt names",
    patches: [authority("receipts/receipt-entry", "held?.holder !== caller.name", "false")],
  },
  {
    row: 69,
    guard: "what became of an approval that a receipt names",
    patches: [authority("receipts/receipt-entry", "approved.usedAt === null", "false")],
  },
  {
    row: 69,
    guard: "the request of that approval",
    patches: [authority("receipts/receipt-entry", "approved.requestSha256 !== request", "false")],
  },
  {
    row: 70,
    guard: "a federated CA is believed for its own domain alone",
    patches: [
      bot(
        "listener/read-peer",
        "now: clock.now(), caCertificates, revoked, federated",
        "now: clock.now(), caCertificates: [...caCertificates, ...trust.state.federated.flatMap((one) => one.caCertificates)], revoked, federated",
      ),
    ],
  },
  {
    row: 70,
    guard: "the own CA is believed for the own domain alone",
    patches: [
      bot(
        "identity/verify-peer",
        "domain?.trustDomain === id.trustDomain ? domain : expected",
        "domain ? { ...domain, caCertificates: [...domain.caCertificates, ...expected.caCertificates] } : expected",
      ),
    ],
  },
  {
    row: 70,
    guard: "the identity patterns of the relation",
    patches: [
      bot(
        "trust/federated-domain",
        "domain.identities.some((pattern) => matchesIdentity(pattern, name)) ? domain : undefined",
        "domain",
      ),
    ],
  },
  {
    row: 70,
    guard: "no pattern without a domain matches a federated bot",
    patches: [policy("identity-pattern", "if (wants.trustDomain !== has.trustDomain)", "if (false)")],
  },
  {
    row: 70,
    guard: "the policy names the federated bot",
    patches: [bot("admission/refuse-federated", "if (!names(method.policy, name))", "if (false)")],
  },
  {
    row: 70,
    guard: "what is open to federated bots at the authority",
    patches: [bot("admission/refuse-federated", "if (open.has(method.path))", "if (true)")],
  },
  {
    row: 70,
    guard: "a token is of bots of the own domain, or of the federated bot that shows it",
    patches: [bot("token/actors", "if (id?.trustDomain !== trustDomain)", "if (!id)")],
  },
  {
    row: 70,
    guard: "a token from before the domain was added",
    patches: [bot("token/token-fault", "issuedAt < Math.floor(domain.since / 1_000) * 1_000", "false")],
  },
  {
    row: 70,
    guard: "the services of the relation, for what is open",
    patches: [
      bot(
        "token/token-fault",
        "return ![...audiences].every((service) => domain.services.includes(service))",
        "return false",
      ),
    ],
  },
  {
    row: 70,
    guard: "a domain that is revoked takes its bots with it",
    patches: [bot("trust/trust", '(isBelieved(spiffeId) ? undefined : "IDENTITY_REVOKED")', "undefined")],
  },
  {
    row: 70,
    guard: "the services of the relation, for tokens",
    patches: [
      authority("tokens/token-issuer", "domain.services.includes(audience) && !isOwnService(audience)", "true"),
    ],
  },
];
