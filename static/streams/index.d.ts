/** The last change a state contains. Opaque but for `sequence`, which grows by one with every change of a group. */
export interface Position {
  sequence: number;
  epoch: string;
}

/** What every item has. */
export interface Item {
  id: string;
}

/** An ephemeral event, sent with `stream.send()`. */
export interface CustomEvent<D = unknown> {
  type: string;
  data: D;
}

/** Why the server refused something. */
export interface Refusal {
  code: string;
  message: string;
}

export type ConnectionStatus = "idle" | "connecting" | "live" | "offline" | "closed";
export type SubscriptionStatus = "joining" | "live" | "stale" | "denied" | "closed";

/** Takes a listener off again. */
export type Off = () => void;

export interface StreamClientOptions {
  /** `ws:`, `wss:`, `http:`, `https:` or relative to the page. Default: `/streams/` of the page's host. */
  url?: string;
  /** Who this is. Without it the session cookie counts. */
  token?: string;
  /** The WebSocket class where there is no global one (Node before 22: the one of `ws`). */
  WebSocket?: unknown;
}

export interface ClientEvents {
  connected: () => void;
  disconnected: () => void;
  status: (status: ConnectionStatus) => void;
  denied: (refused: Refusal & { subscription: Subscription<unknown, unknown> }) => void;
  error: (refusal: Refusal) => void;
}

/** One connection to a server, shared by any number of subscriptions, opened again whenever it is lost. */
export class StreamClient {
  constructor(options?: StreamClientOptions);
  readonly status: ConnectionStatus;
  /**
   * Connect, and stay so until `disconnect()`. Resolved when connected; rejected with an error named
   * `ConnectionRefused` when the server asks to stay away, or when disconnected meanwhile. It need not be looked at.
   */
  connect(): Promise<void>;
  /** Disconnect. Subscriptions keep their state and go on from there after the next `connect()`. */
  disconnect(): void;
  /** Keep a whole group in sync. `initial`: what the page knows already. */
  group<T = Record<string, any>>(
    streamName: string,
    groupId: string,
    options?: { initial?: { items: (T & Item)[]; sequence?: number; epoch?: string } },
  ): StreamGroupSubscription<T & Item>;
  /** Keep one item in sync. `initial`: what the page knows already. */
  item<T = Record<string, any>>(
    streamName: string,
    groupId: string,
    id: string,
    options?: { initial?: { item: (T & Item) | null; sequence?: number; epoch?: string } },
  ): StreamItemSubscription<T & Item>;
  on<K extends keyof ClientEvents>(type: K, listener: ClientEvents[K]): Off;
  off<K extends keyof ClientEvents>(type: K, listener: ClientEvents[K]): void;
}

/** A group or an item that is kept in sync. Made by `client.group()` and `client.item()`. */
export class Subscription<T, S> {
  private constructor();
  readonly streamName: string;
  readonly groupId: string;
  readonly id: string | null;
  readonly status: SubscriptionStatus;
  readonly position: Position | null;
  /** A new value after every change, never mutated. */
  getState(): S;
  /** The whole state: after every change (`*`), or when all of it was replaced (`sync`). */
  on(type: "*" | "sync", listener: (state: S) => void): Off;
  /** The item that was changed, or as it was before it was deleted. */
  on(type: "create" | "update" | "delete", listener: (item: T) => void): Off;
  on(type: "event", listener: (event: CustomEvent) => void): Off;
  on(type: "error", listener: (refusal: Refusal) => void): Off;
  /** The data of the custom events of this type. */
  on<D = any>(type: string, listener: (data: D) => void): Off;
  off(type: string, listener: (...values: any[]) => void): void;
  onStatus(listener: (status: SubscriptionStatus) => void): Off;
  /** Leave: nothing is called after this. */
  close(): void;
}

export type StreamGroupSubscription<T = Record<string, any> & Item> = Subscription<T, T[]>;
export type StreamItemSubscription<T = Record<string, any> & Item> = Subscription<T, T | null>;
