export { createDecoder, type Decoder } from "../hpack/decoder.js";
export { type Answer, answering, call, echo, Taker } from "./exchange.js";
export { fakeTimeouts } from "./fake-timeouts.js";
export {
  block,
  data,
  frame,
  goAway,
  headers,
  hello,
  ping,
  request,
  rstStream,
  settings,
  settingsAck,
  wholeRequest,
  windowUpdate,
  words,
} from "./frames.js";
export { connectTo, type LoopbackClient, type LoopbackServer, serve } from "./loopback.js";
export { nameOf, type RawEnd, type RawFrame, RawPeer } from "./raw-peer.js";
