/**
 * The items of this project's streams by stream name. Empty here; `manage.py streams types` writes a file that fills it
 * in, so that `client.group("todo", "inbox")` knows what a todo is.
 */
export interface Streams {}

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

/** A token; with `expiresAt` (milliseconds since 1970, or a Date) it is renewed before, over the open connection. */
export type Token = string | null | undefined | { token: string; expiresAt?: number | Date };

export interface StreamClientOptions {
  /** `ws:`, `wss:`, `http:`, `https:` or relative to the page. Default: `/streams/` of the page's host. */
  url?: string;
  /** Who this is; a function is asked for every connection. Without a token the session cookie counts. */
  token?: string | (() => Token | Promise<Token>);
  /**
   * `auto` (default): WebSocket, and server-sent events where there is none or it is blocked; or only one of the two.
   */
  transport?: "auto" | "websocket" | "sse";
  /** After so many milliseconds of silence the server is asked whether it is there (default 20,000). */
  heartbeat?: number;
  /** The WebSocket class where there is no global one (Node before 22: the one of `ws`). */
  WebSocket?: unknown;
}

export interface ClientEvents {
  connected: () => void;
  disconnected: () => void;
  status: (status: ConnectionStatus) => void;
  /**
   * A subscription is in sync again. reason: `resumed` (it got what it missed), `sync` (it got everything), or why all
   * of it had to be sent: `trimmed`, `epoch`, `ahead`.
   */
  resynced: (what: { subscription: Subscription<any, any>; reason: string }) => void;
  /** The server refused a subscription, or (`TOKEN_EXPIRED`) all of them: the token is no longer good and the only one. */
  denied: (refused: Refusal & { subscription: Subscription<any, any> }) => void;
  error: (refusal: Refusal) => void;
}

export interface GroupOptions<T> {
  /** What the page knows already; with its position only news are sent. */
  initial?: { items: T[]; sequence?: number; epoch?: string };
}

export interface ItemOptions<T> {
  initial?: { item: T | null; sequence?: number; epoch?: string };
}

/** A place in the connection to a server, with any number of subscriptions. Clients of one address share the connection. */
export class StreamClient {
  constructor(options?: StreamClientOptions);
  readonly status: ConnectionStatus;
  /**
   * Connect, and stay so until `disconnect()`. Resolved when connected; rejected with a `ConnectionRefused` when the
   * server asks to stay away, or when disconnected meanwhile. It need not be looked at.
   */
  connect(): Promise<void>;
  /** Disconnect. Subscriptions keep their state and go on from there after the next `connect()`. */
  disconnect(): void;
  /** Keep a whole group in sync. */
  group<K extends keyof Streams>(
    streamName: K,
    groupId: string,
    options?: GroupOptions<Streams[K] & Item>,
  ): StreamGroupSubscription<Streams[K] & Item>;
  group<T = Record<string, any>>(
    streamName: string,
    groupId: string,
    options?: GroupOptions<T & Item>,
  ): StreamGroupSubscription<T & Item>;
  /** Keep one item in sync. */
  item<K extends keyof Streams>(
    streamName: K,
    groupId: string,
    id: string,
    options?: ItemOptions<Streams[K] & Item>,
  ): StreamItemSubscription<Streams[K] & Item>;
  item<T = Record<string, any>>(
    streamName: string,
    groupId: string,
    id: string,
    options?: ItemOptions<T & Item>,
  ): StreamItemSubscription<T & Item>;
  on<K extends keyof ClientEvents>(type: K, listener: ClientEvents[K]): Off;
  off<K extends keyof ClientEvents>(type: K, listener: ClientEvents[K]): void;
}

export interface ConnectOptions extends StreamClientOptions {
  groupId: string;
  auth?: { token?: StreamClientOptions["token"] };
}

/** Follow one group, or with `id` one item of it, over a client of its own; `close()` ends both. */
export function connectStream<K extends keyof Streams>(
  streamName: K,
  options: ConnectOptions & { id?: undefined } & GroupOptions<Streams[K] & Item>,
): StreamGroupSubscription<Streams[K] & Item>;
export function connectStream<T = Record<string, any>>(
  streamName: string,
  options: ConnectOptions & { id?: undefined } & GroupOptions<T & Item>,
): StreamGroupSubscription<T & Item>;
export function connectStream<T = Record<string, any>>(
  streamName: string,
  options: ConnectOptions & { id: string } & ItemOptions<T & Item>,
): StreamItemSubscription<T & Item>;

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

/** The server asked to stay away (code: its close code), or it cannot be asked at all. */
export class ConnectionRefused extends Error {
  readonly code: number | null;
}
