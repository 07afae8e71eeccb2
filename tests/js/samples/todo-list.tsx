// "React Integration" of the documents, as printed.
import { StreamClient } from '@motiadev/stream-client-react'
import { useEffect, useState } from 'react'

interface Todo {
  id: string
  description: string
  completedAt?: string
}

function TodoList() {
  const [todos, setTodos] = useState<Todo[]>([])
  const [client] = useState(() => new StreamClient({ url: 'ws://localhost:3222' }))

  useEffect(() => {
    client.connect()
    const subscription = client.group<Todo>('todo', 'todos')

    // Update state on any change
    subscription.on('*', (state) => {
      setTodos(state)
    })

    return () => {
      subscription.close()
      client.disconnect()
    }
  }, [])

  return (
    <div>
      <h1>Todos ({todos.length})</h1>
      <ul>
        {todos.map((todo) => (
          <li key={todo.id}>
            <span style={{ textDecoration: todo.completedAt ? 'line-through' : 'none' }}>
              {todo.description}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

export { TodoList }
