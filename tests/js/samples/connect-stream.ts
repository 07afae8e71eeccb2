// "Client connections" of the documents, as printed; only the address of the server is added.
import { connectStream } from '@motia/client'

const stream = connectStream('documents', {
  url: 'ws://localhost:3000',
  groupId: 'workspace-1',
  auth: { token: userToken }
})

stream.on('create', (data) => {
  console.log('Document created:', data)
})

stream.on('update', (data) => {
  console.log('Document updated:', data)
})

stream.on('delete', (data) => {
  console.log('Document deleted:', data)
})

stream.on('notification', (data) => {
  console.log('Custom event:', data)
})

export { stream }
