// "Node.js Client" of the documents, as printed.
import { StreamClient } from '@motiadev/stream-client-node'

const client = new StreamClient({
  url: 'ws://localhost:3222',
})

await client.connect()

const subscription = client.group('metrics', 'system-metrics')

subscription.on('update', (metrics) => {
  console.log('System metrics updated:', metrics)
  // Process metrics, send alerts, etc.
})
