import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import {
  CallCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import { deferred } from "../testing/deferred.js";
import { bytes, type Handlers, type TransportPeers, transportPeers, unary } from "../testing/transport-peers.js";

describe("a call over wire, and a server of grpc-js", () => {
  let peers: TransportPeers;
  before(async () => {
    peers = await transportPeers();
  });
  afterEach(() => peers.close());

  const clientOf = async (handlers: Handlers, options = {}) => {
    const { address } = await peers.grpcServer(handlers, { "grpc.max_receive_message_length": -1 });
    return peers.wireClient(address, options).client;
  };
  const bidi = (client: Awaited<ReturnType<typeof clientOf>>, options = {}): ClientDuplexStream<Buffer, Buffer> =>
    client.makeBidiStreamRequest("/test/bidi", bytes, bytes, new Metadata(), options);
  const serverStream = (
    client: Awaited<ReturnType<typeof clientOf>>,
    request = Buffer.alloc(0),
  ): ClientReadableStream<Buffer> =>
    client.makeServerStreamRequest("/test/serverStream", bytes, bytes, request, new Metadata(), {});

  it("unary, with metadata of all kinds both ways", async () => {
    const client = await clientOf({
      unary(call, callback) {
        const head = new Metadata();
        head.set("path", call.getPath());
        for (const value of call.metadata.get("list")) head.add("list", value);
        call.sendMetadata(head);
        const trailers = new Metadata();
        for (const value of call.metadata.get("data-bin")) trailers.add("data-bin", value);
        trailers.set("left", String(Number(call.getDeadline()) - Date.now() > 5_000));
        callback(null, call.request, trailers);
      },
    });
    const metadata = new Metadata();
    metadata.add("list", "1");
    metadata.add("list", "2");
    metadata.add("data-bin", Buffer.from([0, 255]));
    metadata.add("data-bin", Buffer.alloc(0));
    const head = deferred<Metadata>();
    const request = Buffer.from("hello");
    const answer = await new Promise<{ answer: Buffer | undefined; trailers: Metadata }>((resolve, reject) => {
      let answer: Buffer | undefined;
      client
        .makeUnaryRequest(
          "/test/unary",
          bytes,
          bytes,
          request,
          metadata,
          { deadline: Date.now() + 10_000 },
          (error, got) => {
            if (error) reject(error);
            answer = got;
          },
        )
        .on("metadata", head.resolve)
        .on("status", ({ metadata: trailers }) => resolve({ answer, trailers }));
    });
    assert.deepEqual(answer.answer, request);
    const headers = await head.promise;
    assert.deepEqual(headers.get("path"), ["/test/unary"]);
    assert.deepEqual(headers.get("list").join(), "1, 2"); // As grpc-js's server sends and joins them.
    assert.deepEqual(answer.trailers.get("data-bin"), [Buffer.from([0, 255]), Buffer.alloc(0)]);
    assert.deepEqual(answer.trailers.get("left"), ["true"]);
    assert.deepEqual(answer.trailers.get("grpc-status"), []);
  });

  it("client streaming, server streaming, both at once", async () => {
    const client = await clientOf({
      clientStream(call, callback) {
        let sum = 0;
        call
          .on("data", (message: Buffer) => (sum += message[0] ?? 0))
          .on("end", () => callback(null, Buffer.from([sum])));
      },
      serverStream(call) {
        for (let i = 0; i < (call.request[0] ?? 0); i++) call.write(Buffer.from([i]));
        call.end();
      },
      bidi(call) {
        call.on("data", (message: Buffer) => call.write(message)).on("end", () => call.end());
      },
    });
    const sum = await new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest("/test/clientStream", bytes, bytes, (error, answer) =>
        error ? reject(error) : resolve(answer?.[0]),
      );
      for (let i = 0; i < 20; i++) call.write(Buffer.from([i]));
      call.end();
    });
    assert.equal(sum, 190);
    const read = [];
    for await (const message of serverStream(client, Buffer.from([100]))) read.push(message[0]);
    assert.deepEqual(
      read,
      Array.from({ length: 100 }, (_, i) => i),
    );
    const chat = bidi(client);
    const said = [];
    chat.write(Buffer.from("a"));
    for await (const message of chat) {
      said.push(message.toString());
      if (said.length < 3) chat.write(Buffer.from("b"));
      else chat.end();
    }
    assert.deepEqual(said, ["a", "b", "b"]);
  });

  it("takes messages larger than the windows, and ends at its own bounds", async () => {
    const client = await clientOf(
      { unary: (call, callback) => callback(null, call.request) },
      { "grpc.max_send_message_length": 5_000_000 },
    );
    const large = Buffer.alloc(3_000_000, 7);
    assert.deepEqual((await unary(client, large)).answer, large);
    const tooLarge = await unary(client, Buffer.alloc(4 * 1024 * 1024 + 1));
    assert.equal(tooLarge.error?.code, status.RESOURCE_EXHAUSTED);
    assert.match(tooLarge.error?.details ?? "", /Received message larger than max/);
    const unsent = await unary(client, Buffer.alloc(5_000_001));
    assert.equal(unsent.error?.code, status.RESOURCE_EXHAUSTED);
    assert.match(unsent.error?.details ?? "", /Attempted to send message/);
    assert.deepEqual((await unary(client, Buffer.from("x"))).answer, Buffer.from("x"), "the connection has suffered");
  });

  for (const [name, key] of Object.entries({ deflate: 1, gzip: 2 })) {
    it(`compresses with ${name}, both ways, and leaves what does not become smaller`, async () => {
      const seen: unknown[] = [];
      const client = await clientOf(
        {
          bidi(call) {
            seen.push(call.metadata.get("grpc-encoding")[0] ?? call.metadata.get("grpc-accept-encoding")[0]);
            call.on("data", (message: Buffer) => call.write(message)).on("end", () => call.end());
          },
        },
        { "grpc.default_compression_algorithm": key },
      );
      const chat = bidi(client);
      const messages = [Buffer.alloc(100_000, 1), Buffer.from("x"), Buffer.alloc(10), Buffer.alloc(0)];
      for (const message of messages) chat.write(message);
      chat.end();
      const read = [];
      for await (const message of chat) read.push(message);
      assert.deepEqual(read, messages);
    });
  }

  it("ends at its deadline by itself, on both ends", async () => {
    const ended = deferred();
    const client = await clientOf({ unary: (call) => void call.on("cancelled", () => ended.resolve()) });
    const { error } = await unary(client, Buffer.alloc(0), { deadline: Date.now() + 100 });
    assert.equal(error?.code, status.DEADLINE_EXCEEDED);
    assert.match(error?.details ?? "", /^Deadline exceeded after 0\.\d{3}s,remote_addr=127\.0\.0\.1:\d+$/);
    await ended.promise;
    const past = await unary(client, Buffer.alloc(0), { deadline: Date.now() - 1 });
    assert.equal(past.error?.code, status.DEADLINE_EXCEEDED);
  });

  it("has no deadline beyond what a timer keeps, and tells the server as much as can be said", async () => {
    const client = await clientOf({
      unary: (call, callback) => callback(null, Buffer.from(String(Number(call.getDeadline())))),
    });
    for (const deadline of [Date.now() + 2 ** 31 + 10_000, 8.64e15, Number.POSITIVE_INFINITY]) {
      assert.equal((await unary(client, Buffer.alloc(0), { deadline })).error, null);
    }
  });

  it("tells the server that it was canceled, which is no end", async () => {
    const seen: string[] = [];
    const over = deferred();
    const client = await clientOf({
      clientStream(call) {
        call.on("data", () => seen.push("data"));
        call.on("end", () => seen.push("end"));
        call.on("cancelled", () => {
          seen.push("cancelled");
          over.resolve();
        });
      },
    });
    const call = client.makeClientStreamRequest("/test/clientStream", bytes, bytes, () => {});
    call.on("error", () => {});
    call.write(Buffer.from("x"), () => {
      setImmediate(() => call.cancel());
    });
    const [{ code, details }] = await once(call, "status");
    assert.deepEqual([code, details], [status.CANCELLED, "Cancelled on client"]);
    await over.promise;
    assert.equal(seen.at(-1), "cancelled");
  });

  it("is canceled before it is sent, while it waits for a connection, and after it has ended", async () => {
    const client = await clientOf({ unary: (_, callback) => callback(null, Buffer.alloc(0)) });
    const outcomes: (number | undefined)[] = [];
    const make = () =>
      client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), (error) => outcomes.push(error?.code));
    const first = make();
    first.cancel();
    await once(first, "status");
    const second = make();
    await once(second, "status");
    second.cancel();
    assert.deepEqual(outcomes, [status.CANCELLED, undefined]);
  });

  it("slows the server down while nobody reads, and goes on then", async () => {
    let written = 0;
    const stopped = deferred();
    const client = await clientOf({
      async serverStream(call) {
        for (; written < 1_000; written++) {
          if (call.write(Buffer.alloc(10_000))) continue;
          if (written > 20) stopped.resolve();
          await once(call, "drain");
        }
        call.end();
      },
    });
    const call = serverStream(client);
    await stopped.promise;
    const others = await Promise.all(Array.from({ length: 20 }, () => unary(client)));
    assert.ok(
      others.every(({ error }) => error?.code === status.UNIMPLEMENTED),
      "others wait for it",
    );
    assert.ok(written < 200, `${written} of 1,000 messages were written to a reader that does not read`);
    let read = 0;
    for await (const _ of call) read++;
    assert.equal(read, 1_000);
  });

  it("waits for room to write while the server does not read", async () => {
    let take: ServerDuplexStream<Buffer, Buffer> | undefined;
    const opened = deferred();
    const client = await clientOf({
      bidi(call) {
        take = call;
        opened.resolve();
      },
    });
    const call = bidi(client);
    call.on("data", () => {});
    let written = 0;
    const blocked = deferred();
    const all = (async () => {
      for (; written < 500; written++) {
        if (call.write(Buffer.alloc(10_000))) continue;
        blocked.resolve();
        await once(call, "drain");
      }
      call.end();
    })();
    await Promise.all([opened.promise, blocked.promise]);
    for (let i = 0; i < 20; i++) await unary(client);
    assert.ok(written < 100, `${written} messages were written`);
    let read = 0;
    take?.on("data", () => read++).on("end", () => take?.end());
    await all;
    await once(call, "end");
    assert.equal(read, 500);
  });

  it("delivers what was sent before an error", async () => {
    const client = await clientOf({
      serverStream(call) {
        for (let i = 0; i < 10_000; i++) call.write(Buffer.from("message"));
        call.emit("error", { code: status.DATA_LOSS, details: "100 % gone\n€" });
      },
    });
    const call = serverStream(client);
    let read = 0;
    call.on("data", () => read++);
    call.pause();
    setImmediate(() => call.resume());
    const [error] = await once(call, "error");
    assert.equal(read, 10_000);
    assert.deepEqual([error.code, error.details], [status.DATA_LOSS, "100 % gone\n€"]);
  });

  it("ends when a server answers before the request has ended", async () => {
    const client = await clientOf({ clientStream: (_, callback) => callback(null, Buffer.from("early")) });
    for (let i = 0; i < 50; i++) {
      const answer = await new Promise((resolve, reject) => {
        client
          .makeClientStreamRequest("/test/clientStream", bytes, bytes, (error, got) =>
            error ? reject(error) : resolve(got),
          )
          .write(Buffer.from("x"));
      });
      assert.deepEqual(answer, Buffer.from("early"));
    }
  });

  it("takes part in the deadline and the end of the call by which it is made", async () => {
    const inner = deferred<number | undefined>();
    const innerDeadline = deferred<number>();
    const client: Awaited<ReturnType<typeof clientOf>> = await clientOf({
      unary: (call) => innerDeadline.resolve(Number(call.getDeadline())),
      bidi(parent) {
        client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), { parent }, (error) =>
          inner.resolve(error?.code),
        );
      },
    });
    const deadline = Date.now() + 8_000;
    const outer = bidi(client, { deadline });
    outer.on("error", () => {});
    assert.ok(Math.abs((await innerDeadline.promise) - deadline) < 1_000);
    outer.cancel();
    assert.equal(await inner.promise, status.CANCELLED);
  });

  it("says where it goes", async () => {
    const client = await clientOf({ unary: (_, callback) => callback(null, Buffer.alloc(0)) });
    const call = client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), () => {});
    assert.equal(call.getAuthContext(), null);
    await once(call, "status");
    assert.match(call.getPeer(), /^127\.0\.0\.1:\d+$/);
    assert.equal(call.getAuthContext()?.transportSecurityType, "ssl");
  });

  it("tells a writer that waits for room of the end, even where nobody reads what came before", async () => {
    const client = await clientOf({
      bidi(call) {
        call.write(Buffer.from("last words"));
        call.once("data", () => call.emit("error", { code: status.ABORTED, details: "enough" }));
      },
    });
    const call = bidi(client);
    call.on("error", () => {});
    await new Promise<unknown>((written) => {
      for (let i = 0; i < 40; i++) call.write(Buffer.alloc(10_000), i === 39 ? written : undefined);
    });
    const read: string[] = [];
    call.on("data", (message: Buffer) => read.push(message.toString()));
    const end = await new Promise<{ code: status }>((resolve) => call.on("status", resolve));
    assert.deepEqual([read, end.code], [["last words"], status.ABORTED]);
  });

  it("asks its credentials, and tells of their failure", async () => {
    const client = await clientOf({
      unary: (call, callback) => callback(null, Buffer.from(String(call.metadata.get("who")))),
    });
    const call = (credentials: CallCredentials) =>
      new Promise<unknown>((resolve) => {
        client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), { credentials }, (error, answer) =>
          resolve(error?.details ?? answer?.toString()),
        );
      });
    const known = CallCredentials.createFromMetadataGenerator(({ method_name, service_url }, callback) => {
      const metadata = new Metadata();
      metadata.set("who", `${method_name} of ${service_url.replace(/\d/g, "")}`);
      callback(null, metadata);
    });
    assert.equal(await call(known), "unary of https://.../test");
    const failing = CallCredentials.createFromMetadataGenerator((_, callback) => callback(new Error("lost")));
    assert.equal(await call(failing), "Getting metadata from plugin failed with error: lost");
  });

  it("is canceled while an interceptor holds it back", async () => {
    const client = await clientOf({ unary: (_, callback) => callback(null, Buffer.alloc(0)) });
    let go = () => {};
    const slow: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, listener, begin) {
          go = () => begin(metadata, listener);
        },
      });
    const code = await new Promise((resolve) => {
      const options = { interceptors: [slow] };
      const call = client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), options, (error) =>
        resolve(error?.code),
      );
      call.cancel();
      setImmediate(() => go());
    });
    assert.equal(code, status.CANCELLED);
  });

  it("hands on what comes in the context of no call", async () => {
    const client = await clientOf({ unary: (_, callback) => callback(null, Buffer.alloc(0)) });
    const storage = new AsyncLocalStorage<string>();
    const seen = await Promise.all(
      ["first", "second"].map((name) =>
        storage.run(
          name,
          () =>
            new Promise((resolve) => {
              client.makeUnaryRequest("/test/unary", bytes, bytes, Buffer.alloc(0), () => resolve(storage.getStore()));
            }),
        ),
      ),
    );
    assert.deepEqual(seen, [undefined, undefined]);
  });
});
