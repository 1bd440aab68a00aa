import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createHub, type Stream } from "./hub.js";
import { syntheticFleet } from "./testing/synthetic-fleet.js";

class FakeStream extends EventEmitter {
  readonly events: string[] = [];
  takes = true;
  status = 0;
  destroyed = false;
  write(text: string): boolean {
    const [, event] = /^event: (\w+)/.exec(text) ?? [];
    if (event) this.events.push(event);
    return this.takes;
  }
  writeHead(status: number): void {
    this.status = status;
  }
  end(): void {
    this.emit("close");
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

describe("the dashboard's hub", () => {
  const fleet = (bots: number) => syntheticFleet(bots, 1_000_000_000);
  const stream = () => new FakeStream() as FakeStream & Stream;

  it("sends the view, and then what changes; to a browser that does not read, the view as it is when it reads again", () => {
    const hub = createHub(fleet(1), () => 0);
    const [quick, slow] = [stream(), stream()];
    hub.connect(quick);
    hub.connect(slow);
    slow.takes = false;
    for (let bots = 2; bots < 8; bots++) hub.show(fleet(bots));
    assert.deepEqual(quick.events, ["view", ...Array(6).fill("patch")]);
    assert.deepEqual(slow.events, ["view", "patch"]);
    slow.takes = true;
    slow.emit("drain");
    hub.show(fleet(9));
    assert.deepEqual(slow.events, ["view", "patch", "view", "patch"]);
  });

  it("cuts off a browser that reads nothing for long, and takes eight at most", () => {
    const hub = createHub(fleet(1), () => 0);
    const browsers = Array.from({ length: 8 }, stream);
    for (const browser of browsers) hub.connect(browser);
    const [dead, ninth] = [browsers[0] as FakeStream, stream()];
    hub.connect(ninth);
    assert.deepEqual([ninth.status, ninth.events], [503, []]);
    dead.takes = false;
    for (let i = 0; i < 16; i++) hub.show(fleet(2 + i));
    assert.equal(dead.destroyed, false);
    hub.show(fleet(30));
    assert.equal(dead.destroyed, true);
    const next = stream();
    hub.connect(next);
    assert.deepEqual([next.status, next.events], [200, ["view"]]);
  });
});
