/**
 * React hooks over the core, for React 18 and 19: `import { StreamProvider, useStreamGroup } from "millrace/react"`.
 *
 * Nothing is connected while rendering, on a server or in a browser: that is the effects' business.
 */
import {
  createContext, createElement, useContext, useEffect, useMemo, useRef, useSyncExternalStore,
} from "react";

import { StreamClient } from "./client.js";
import { NOTHING, hold, storeOf } from "./react-store.js";

export { ConnectionRefused, StreamClient, connectStream } from "./index.js";

const Context = createContext(/** @type {StreamClient|null} */ (null));

/** Gives the hooks below it a connection: to `address` (or `url`), or the one of a `client` that exists already. */
export function StreamProvider({ address, url = address, token, protocols, transport, client, children }) {
  const offered = [protocols ?? []].flat(); // as the published provider takes a token: ["Authorization", token]
  const own = useClient(client === undefined, { url, token: token ?? offered[1], transport });
  return createElement(Context.Provider, { value: client ?? own }, children);
}

/** The documents' name of the provider. */
export const MotiaStreamProvider = StreamProvider;

/**
 * The items of a group, in the order of their creation or by `sortKey`; `event` is for `useStreamEventHandler`.
 * Without a `groupId` nothing is followed.
 */
export function useStreamGroup({ streamName, groupId, sortKey, setData, initial } = {}) {
  const client = useProvided("useStreamGroup");
  const { data: items = EMPTY, ...shown } = useStore(client, { streamName, groupId, id: null, initial });
  const data = useMemo(() => sorted(items, sortKey), [items, sortKey]);
  const tell = useNewest(setData);
  useEffect(() => tell.current?.(data), [data, tell]);
  return { data, ...shown };
}

/** One item: undefined until it is known, null where there is none. Without an `id` nothing is followed. */
export function useStreamItem({ streamName, groupId, id, initial } = {}) {
  return useStore(useProvided("useStreamItem"), { streamName, groupId, id, initial });
}

/** Call `listener` with the data of the events of a type; it is always the newest one, so dependencies are optional. */
export function useStreamEventHandler({ event, type, listener }, dependencies = []) {
  const newest = useNewest(listener);
  useEffect(() => event?.on(type, (data) => newest.current?.(data)), [event, type, newest, ...dependencies]);
}

/**
 * A group by address, without a provider; `items` is a Map by id. Without `url` it is the provider's connection, or that
 * to the page's own host.
 */
export function useMotiaStream({ url, token, auth, transport, streamName, groupId, initial } = {}) {
  const provided = useContext(Context);
  const own = useClient(url !== undefined || provided === null, { url, token: token ?? auth?.token, transport });
  const client = own ?? provided;
  const { data = EMPTY, ...shown } = useStore(client, { streamName, groupId, id: null, initial });
  const items = useMemo(() => new Map(data.map((item) => [item.id, item])), [data]);
  const connection = useSyncExternalStore(
    useMemo(() => (told) => client.on("status", told), [client]), () => client.status, () => "idle",
  );
  return { items, isConnected: connection === "live", stream: client, ...shown };
}

const EMPTY = Object.freeze([]);

function useProvided(hook) {
  const client = useContext(Context);
  if (client === null) throw new Error(`${hook} needs a <StreamProvider> above it`);
  return client;
}

/** A client that lives as long as the component; null unless it is wanted. */
function useClient(wanted, { url, token, transport }) {
  const newest = useNewest(token);
  const callback = typeof token === "function";
  const given = callback ? undefined : token;
  const client = useMemo(() => {
    if (!wanted) return null;
    return new StreamClient({ url, transport, token: callback ? () => newest.current() : given });
  }, [wanted, url, transport, callback, given, newest]);
  useEffect(() => (client === null ? undefined : hold(client)), [client]);
  return client;
}

function useStore(client, { streamName, groupId, id, initial }) {
  const known = useRef(initial);
  const store = useMemo(() => {
    if (!streamName || !groupId || id === undefined || id === "") return NOTHING;
    return storeOf(client, { streamName, groupId, id }, known.current);
  }, [client, streamName, groupId, id]);
  return useSyncExternalStore(store.subscribe, store.snapshot, store.first);
}

/** A reference to what the last rendering was given, for callbacks that are called later. */
function useNewest(value) {
  const newest = useRef(value);
  useEffect(() => {
    newest.current = value;
  });
  return newest;
}

function sorted(items, key) {
  if (key === undefined) return items;
  const order = (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
  return [...items].sort(order);
}
