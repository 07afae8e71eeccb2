import type { DependencyList, ReactElement, ReactNode } from "react";

import type {
  Item, Refusal, StreamClient, StreamClientOptions, StreamGroupSubscription, StreamItemSubscription,
  Streams, Subscription, SubscriptionStatus,
} from "./index.js";

export * from "./index.js";

export interface StreamProviderProps {
  /** Where the server is, as the documents name it; the same as `url`. Default: the page's own host. */
  address?: string;
  url?: string;
  token?: StreamClientOptions["token"];
  /** As the published provider takes a token: `["Authorization", token]`. */
  protocols?: string | string[];
  transport?: StreamClientOptions["transport"];
  /** A client that exists already; its life is yours to end. */
  client?: StreamClient;
  children?: ReactNode;
}

/** Gives the hooks below it a connection. */
export function StreamProvider(props: StreamProviderProps): ReactElement;
/** The documents' name of the provider. */
export const MotiaStreamProvider: typeof StreamProvider;

/** What every hook says beside its data. */
export interface Followed<S> {
  /** For `useStreamEventHandler`; null until the subscription has begun. */
  event: S | null;
  status: SubscriptionStatus;
  /** Why the server refused. */
  error: Refusal | null;
}

export interface GroupArguments<T> {
  streamName: string;
  groupId?: string;
  /** Sort by this key instead of by the order of creation. */
  sortKey?: keyof T;
  /** Called with the data whenever it is another. */
  setData?: (data: T[]) => void;
  /** What the page knows already. */
  initial?: { items: T[]; sequence?: number; epoch?: string };
}

export interface ItemArguments<T> {
  streamName: string;
  groupId?: string;
  id?: string;
  initial?: { item: T | null; sequence?: number; epoch?: string };
}

/** The items of a group. */
export function useStreamGroup<K extends keyof Streams>(
  args: GroupArguments<Streams[K] & Item> & { streamName: K },
): { data: (Streams[K] & Item)[] } & Followed<StreamGroupSubscription<Streams[K] & Item>>;
export function useStreamGroup<T extends { id: string } = Record<string, any> & Item>(
  args?: GroupArguments<T>,
): { data: T[] } & Followed<StreamGroupSubscription<T>>;

/** One item: undefined until it is known, null where there is none. */
export function useStreamItem<K extends keyof Streams>(
  args: ItemArguments<Streams[K] & Item> & { streamName: K },
): { data: (Streams[K] & Item) | null | undefined } & Followed<StreamItemSubscription<Streams[K] & Item>>;
export function useStreamItem<T = Record<string, any> & Item>(
  args?: ItemArguments<T>,
): { data: T | null | undefined } & Followed<StreamItemSubscription<T>>;

/** Call `listener` with the data of the events of a type. */
export function useStreamEventHandler<D = any>(
  handler: { event: Subscription<any, any> | null; type: string; listener: (data: D) => void },
  dependencies?: DependencyList,
): void;

export interface MotiaStreamArguments<T> {
  url?: string;
  token?: StreamClientOptions["token"];
  auth?: { token?: StreamClientOptions["token"] };
  transport?: StreamClientOptions["transport"];
  streamName?: string;
  groupId?: string;
  initial?: { items: T[]; sequence?: number; epoch?: string };
}

/** A group by address, without a provider. */
export function useMotiaStream<K extends keyof Streams>(
  args: MotiaStreamArguments<Streams[K] & Item> & { streamName: K },
): MotiaStream<Streams[K] & Item>;
export function useMotiaStream<T extends { id: string } = Record<string, any> & Item>(
  args?: MotiaStreamArguments<T>,
): MotiaStream<T>;

export interface MotiaStream<T> extends Followed<StreamGroupSubscription<T>> {
  items: Map<string, T>;
  isConnected: boolean;
  stream: StreamClient;
}
