/** What is to be scanned, as it was asked for. */
export interface Target {
  /** As it was written, for example `10.0.0.0/28:50000-50100`. */
  readonly text: string;
  /** A name, or IP addresses. An IPv6 address stands without brackets. */
  readonly hosts: readonly string[];
  /** In order, without overlap. */
  readonly ports: readonly PortRange[];
}

/** The ports from `from` to `to`, both of them included. */
export interface PortRange {
  /** From 1. */
  readonly from: number;
  /** To 65,535. */
  readonly to: number;
}

/** An address to scan. */
export interface ScanHost {
  /** The name or the address that was asked for. */
  readonly host: string;
  /** The IP address that is dialed: a name is resolved once, so that no answer of DNS can move a scan elsewhere. */
  readonly address: string;
  readonly ports: readonly PortRange[];
}

/** A port that listens. */
export interface OpenPort {
  /** The name or the address that was asked for. */
  readonly host: string;
  /** The IP address that was dialed. */
  readonly address: string;
  readonly port: number;
}
