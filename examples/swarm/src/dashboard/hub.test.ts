import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createHub, type Stream } from "./hub.js";
import type { Entry } from "./model/entry.js";
import { applyEntry, createFleetState } from "./model/fleet-state.js";

/** A fake browser: with `full`, writes report that the buffer is full. */
function createBrowser() {
  const events = new EventEmitter();
  const browser = {
    full: false,
    status: 0,
    gone: false,
    written: [] as string[],
    received: () =>
      browser.written
        .filter((text) => text.startsWith("id:"))
        .map((text) => {
          const [, id = "", event = "", data = ""] = /^id: (.+)\nevent: (.+)\ndata: (.+)\n\n$/.exec(text) ?? [];
          return { id, event, ...JSON.parse(data) };
        }),
    drain() {
      browser.full = false;
      events.emit("drain");
    },
    leave: () => events.emit("close"),
    stream: Object.assign(events, {
      writeHead: (status: number) => {
        browser.status = status;
      },
      write(text: string) {
        browser.written.push(text);
        return !browser.full;
      },
      end: () => events.emit("close"),
      destroy() {
        browser.gone = true;
        events.emit("close");
      },
    }) as unknown as Stream,
  };
  return browser;
}

function createFixture() {
  let now = 0;
  const state = createFleetState();
  const hub = createHub({ state, clock: { now: () => now } });
  let notes = 0;
  return {
    hub,
    state,
    pass: (ms: number) => {
      now += ms;
    },
    tell(count = 1) {
      for (let i = 0; i < count; i++) {
        const entry: Entry = { kind: "note", text: `${++notes}`, at: now };
        applyEntry(state, entry);
        hub.tell(entry);
      }
    },
  };
}

describe("hub", () => {
  it("sends the whole state, and then new entries, once per flush", () => {
    const { hub, tell } = createFixture();
    tell(3);
    const browser = createBrowser();
    hub.connect(browser.stream, "");
    tell(2);
    hub.flush();
    hub.flush();
    const [first, second, ...rest] = browser.received();
    assert.deepEqual([browser.status, first?.event, first?.state.note], [200, "state", "3"]);
    assert.equal(second?.event, "news");
    assert.deepEqual(
      second.entries.map(({ text }: { text: string }) => text),
      ["4", "5"],
    );
    assert.deepEqual(rest, []);
  });

  it("resumes at the position of a browser that comes back", () => {
    const { hub, tell } = createFixture();
    const before = createBrowser();
    hub.connect(before.stream, "");
    before.leave();
    tell(2);
    const after = createBrowser();
    hub.connect(after.stream, before.received()[0]?.id ?? "");
    assert.deepEqual(
      after.received().map(({ event, entries }) => [event, entries.length]),
      [["news", 2]],
    );
    tell(1_000);
    const late = createBrowser();
    hub.connect(late.stream, before.received()[0]?.id ?? "");
    assert.deepEqual([late.received()[0]?.event, late.received()[0]?.state.note], ["state", "1002"]);
  });

  it("accepts no position of another run, and no impossible one", () => {
    const { hub, tell } = createFixture();
    tell(3);
    const probe = createBrowser();
    hub.connect(probe.stream, "");
    const [run] = (probe.received()[0]?.id ?? "").split(":");
    for (const id of ["other:1", `${run}:4`, `${run}:-1`, `${run}:x`, `${run}:1.5`, "1"]) {
      const browser = createBrowser();
      hub.connect(browser.stream, id);
      assert.equal(browser.received()[0]?.event, "state", id);
    }
  });

  it("buffers nothing for a slow browser: it gets one message, however far behind it is", () => {
    const { hub, tell } = createFixture();
    const [slow, quick] = [createBrowser(), createBrowser()];
    hub.connect(slow.stream, "");
    hub.connect(quick.stream, "");
    slow.full = true;
    for (let i = 0; i < 200; i++) {
      tell(50);
      hub.flush();
    }
    assert.equal(slow.received().length, 2, "the write that said it was full was the last");
    assert.equal(quick.received().length, 201);
    slow.drain();
    const [, , latest, ...rest] = slow.received();
    assert.deepEqual([latest?.event, latest?.state.note, rest.length], ["state", "10000", 0]);
    tell();
    hub.flush();
    assert.equal(slow.received().at(-1)?.event, "news");
  });

  it("cuts off a browser that reads nothing for half a minute, and any beyond the limit", () => {
    const { hub, tell, pass } = createFixture();
    const dead = createBrowser();
    dead.full = true;
    hub.connect(dead.stream, "");
    pass(30_001);
    tell();
    hub.flush();
    assert.deepEqual([dead.gone, hub.size], [true, 0]);
    const browsers = Array.from({ length: 25 }, createBrowser);
    for (const { stream } of browsers) hub.connect(stream, "");
    assert.deepEqual([hub.size, browsers[23]?.status, browsers[24]?.status], [24, 200, 503]);
    browsers[0]?.leave();
    assert.equal(hub.size, 23);
  });
});
