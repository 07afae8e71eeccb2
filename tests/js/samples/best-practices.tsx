// "Stream Client API Reference" and "Best Practices" of the documents, as printed, each in a scope of its own.
import * as millrace from '@motiadev/stream-client-browser'
import { useEffect } from 'react'

// the interface that the documents promise
interface StreamClient {
  // Connect to WebSocket server
  connect(): Promise<void>
  // Disconnect from server
  disconnect(): void
  // Subscribe to a stream group
  group<T>(streamName: string, groupId: string): StreamGroupSubscription<T>
  // Subscribe to a single item
  item<T>(streamName: string, groupId: string, itemId: string): StreamItemSubscription<T>
}

interface StreamGroupSubscription<T> {
  // Listen for events
  on(event: '*' | 'create' | 'update' | 'delete' | 'sync' | 'event', callback: Function): void
  // Get current state
  getState(): T[]
  // Close subscription
  close(): void
}

interface StreamItemSubscription<T> {
  getState(): T | null
  close(): void
}

export async function lifecycle() {
  const { StreamClient } = millrace
  const client = new StreamClient({ url: 'ws://localhost:3222' })

  client.on('connected', () => {
    console.log('Connected to stream server')
  })

  client.on('disconnected', () => {
    console.log('Disconnected from stream server')
  })

  await client.connect()
}

export function useTodos(client: millrace.StreamClient, handleUpdate: (todos: object[]) => void) {
  useEffect(() => {
    const subscription = client.group('todos', 'my-todos')
    subscription.on('*', handleUpdate)

    return () => {
      subscription.close()
    }
  }, [])
}

export function typed(client: millrace.StreamClient) {
  interface Todo {
    id: string
    description: string
  }

  const subscription = client.group<Todo>('todo', 'todos')
  subscription.on('*', (todos: Todo[]) => {
    // Fully typed
    console.log(todos[0].description)
  })

  // what is ours is at least what is promised
  const promised: Pick<StreamClient, 'connect' | 'disconnect'> = client
  const group: Pick<StreamGroupSubscription<Todo>, 'getState' | 'close'> = subscription
  const item: StreamItemSubscription<Todo> = client.item<Todo>('todo', 'todos', '1')
  return { promised, group, item }
}

export function wrong(client: millrace.StreamClient) {
  interface Todo {
    id: string
    description: string
  }
  const subscription = client.group<Todo>('todo', 'todos')
  // @ts-expect-error a todo has no title
  subscription.on('*', (todos) => todos[0].title)
  // @ts-expect-error an item is not a list
  client.item<Todo>('todo', 'todos', '1').getState().length
  // @ts-expect-error there is no such event of a client
  client.on('conected', () => {})
  // @ts-expect-error a token is no number
  new millrace.StreamClient({ token: 7 })
}
