// "Consuming streams in React" of the documents, as printed.
import { useMotiaStream } from '@motia/stream-client-react'

function TodoList() {
  const { items, isConnected } = useMotiaStream({
    url: 'ws://localhost:8787',
    streamName: 'todo',
    groupId: 'inbox',
  })

  return (
    <div>
      <h2>Todos {isConnected ? '🟢' : '🔴'}</h2>
      <ul>
        {Array.from(items.values()).map(todo => (
          <li key={todo.id}>
            {todo.description}
            {todo.completedAt && ' ✓'}
          </li>
        ))}
      </ul>
    </div>
  )
}

export { TodoList }
