/** What is known of the other end, at one moment. */
export interface Contact {
  /** The time of the server's clock, in milliseconds since the epoch. */
  readonly now: number;
  /** Whether the server is heard. */
  readonly connected: boolean;
}

/** Takes the messages of one name. Each is a JSON object with `now`, the time of the server. */
export type Hear = <Message extends { readonly now: number }>(name: string, take: (message: Message) => void) => void;

const retryMs = 2_000;

/**
 * Follows the server-sent events of `/events`, and opens them again for as long as the page is there. `subscribe` says what is
 * heard; `onChange` is called after each message and when the connection comes or goes. Returns the contact at this moment.
 */
export function followEvents(subscribe: (hear: Hear) => void, onChange: () => void): () => Contact {
  let connected = false;
  // The times are those of the server's clock, not of this machine's.
  let ahead = 0;

  function open(): void {
    const source = new EventSource("/events");
    subscribe((name, take) =>
      source.addEventListener(name, ({ data }) => {
        const message = JSON.parse(data);
        ahead = message.now - Date.now();
        connected = true;
        take(message);
        onChange();
      }),
    );
    source.addEventListener("open", () => {
      connected = true;
      onChange();
    });
    source.addEventListener("error", () => {
      connected = false;
      onChange();
      // The browser reopens a broken connection, but not a refused one.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, retryMs);
    });
  }

  open();
  return () => ({ now: Date.now() + ahead, connected });
}
