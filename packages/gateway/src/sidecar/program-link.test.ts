import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { type Connection, createServerConnection, type Stream, type StreamHandler } from "@interlock/wire";
import type { TravelingCall } from "../forward/way.js";
import { createProgramLink, maximumConnections, maximumWaiting, type ProgramLink } from "./program-link.js";

const nobody: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
const request = [":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", "/a.B/C"];

/** A call that takes what becomes of it. */
function traveling() {
  let stream: Stream | undefined;
  let settle: (said: "runs" | status) => void;
  const said = new Promise<"runs" | status>((resolve) => (settle = resolve));
  const call: TravelingCall = {
    waitsForReady: false,
    isOver: false,
    keepMetadata() {},
    cancel() {},
    refuse() {},
    run(link) {
      stream = link.open(request, nobody, false);
      settle("runs");
    },
    fail: (code) => settle(code),
  };
  return { call, said, end: () => stream?.reset(8) };
}

describe("the connections to the program beside a sidecar", () => {
  let folder: string;
  let path: string;
  let server: Server;
  let link: ProgramLink | undefined;
  const connections: Connection[] = [];
  const sockets: Socket[] = [];
  const changes: boolean[] = [];
  let changed = () => {};

  /** The program, which takes so many calls on a connection. */
  async function begin(concurrentStreams: number): Promise<void> {
    server = createServer((socket) => {
      sockets.push(socket);
      const limits = { concurrentStreams };
      connections.push(createServerConnection(socket, { onStream: () => nobody }, { limits }));
    });
    server.listen(path);
    await once(server, "listening");
  }
  async function end(): Promise<void> {
    server.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    connections.splice(0);
    await once(server, "close");
  }
  function open(): ProgramLink {
    link = createProgramLink({ path }, (answers) => {
      changes.push(answers);
      changed();
    });
    return link;
  }
  async function until(answers: boolean): Promise<void> {
    while (changes.at(-1) !== answers) await new Promise<void>((resolve) => (changed = resolve));
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-program-"));
    path = join(folder, "p.sock");
  });
  afterEach(async () => {
    link?.close();
    if (server.listening) await end();
    changes.splice(0);
    await rm(folder, { recursive: true });
  });

  it("are as many as the program's limit of calls on each needs, 8 at most; then calls wait", async () => {
    await begin(1);
    const { submit, open: counted } = open();
    const calls = Array.from({ length: maximumConnections + 1 }, traveling);
    for (const { call } of calls) submit(call);
    const [first, ...others] = calls;
    const last = others.pop();
    assert.ok(first && last);
    for (const { said } of [first, ...others]) assert.equal(await said, "runs");
    assert.deepEqual(counted(), { connections: maximumConnections, calls: maximumConnections });
    first.end();
    assert.equal(await last.said, "runs");
    assert.equal(counted().connections, maximumConnections);
  });

  it("are one where it takes many calls on each", async () => {
    await begin(100);
    const { submit, open: counted } = open();
    const calls = Array.from({ length: 50 }, traveling);
    for (const { call } of calls) submit(call);
    for (const { said } of calls) assert.equal(await said, "runs");
    assert.deepEqual(counted(), { connections: 1, calls: 50 });
  });

  it("have so many calls wait for them, and forget those that give up", async () => {
    await begin(256);
    const { submit, withdraw } = open();
    const calls = Array.from({ length: maximumWaiting + 1 }, traveling);
    for (const { call } of calls) submit(call);
    assert.equal(await calls.at(-1)?.said, status.RESOURCE_EXHAUSTED);
    const [gone] = calls;
    assert.ok(gone);
    withdraw(gone.call);
    const next = traveling();
    submit(next.call);
    assert.equal(await next.said, "runs");
    assert.equal(await Promise.race([gone.said, "nothing"]), "nothing");
  });

  it("are replaced when the program begins anew, and calls fail meanwhile", async () => {
    await begin(100);
    const current = open();
    await until(true);
    assert.equal(current.answers, true);
    await end();
    await until(false);
    const refused = traveling();
    current.submit(refused.call);
    assert.equal(await refused.said, status.UNAVAILABLE);
    await begin(100);
    await until(true);
    const { call, said } = traveling();
    current.submit(call);
    assert.equal(await said, "runs");
  });

  it("follow a GOAWAY: new calls go to another one, and the service stays healthy", async () => {
    await begin(100);
    const current = open();
    await until(true);
    const [before, after] = [traveling(), traveling()];
    current.submit(before.call);
    assert.equal(await before.said, "runs");
    const [first] = connections;
    const another = once(server, "connection");
    first?.close();
    await another;
    current.submit(after.call);
    assert.equal(await after.said, "runs");
    assert.deepEqual(changes, [true]);
    assert.equal(first?.streams, 1);
  });

  it("do not last longer than the sidecar: what waits fails", async () => {
    await begin(100);
    const current = open();
    const { call, said } = traveling();
    current.submit(call);
    current.close();
    assert.equal(await said, status.UNAVAILABLE);
  });
});
