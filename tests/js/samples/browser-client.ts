// "Browser Client" of the documents, as printed; what it calls is imported.
import { renderTodoList } from "./page";
import { StreamClient } from '@motiadev/stream-client-browser'

const client = new StreamClient({
  url: 'ws://localhost:3222',
})

await client.connect()

// Subscribe to a stream group
const todoSub = client.group('todo', 'todos')

// Listen for all events
todoSub.on('*', (state) => {
  console.log('Todos updated:', state)
  renderTodoList(state)
})

// Listen for specific events
todoSub.on('create', (newTodo) => {
  console.log('New todo created:', newTodo)
})
todoSub.on('update', (updatedTodo) => {
  console.log('Todo updated:', updatedTodo)
})
todoSub.on('delete', (deletedTodo) => {
  console.log('Todo deleted:', deletedTodo)
})

// Get current state
const currentState = todoSub.getState()
console.log('Current todos:', currentState)
