// Messages a second through gossipsub of js-libp2p, signed and checked.
//   node libp2p_pubsub_rate.mjs listen MULTIADDR COUNT
//   node libp2p_pubsub_rate.mjs dial MULTIADDR COUNT BYTES
// Prints one JSON object a line: "ready" (addresses), then what and its values. The dialler ends when standard input does.
import { gossipsub } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { makeNode, say } from './libp2p_node.mjs'

const [role, address, count, bytes] = process.argv.slice(2)
setTimeout(() => process.exit(124), 300000).unref()
const node = await makeNode({ listen: role === 'listen' ? [address] : [], services: { pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) } })
const { pubsub } = node.services
const seconds = start => Number(process.hrtime.bigint() - start) / 1e9
pubsub.subscribe('bench')
if (role === 'listen') {
  let received = 0, start, cpu, took, silence
  const finish = () => {
    const { user, system } = process.cpuUsage(cpu)
    say('done', { what: 'gossipsub messages received', value: Math.round(received / took), unit: '/s', received, seconds: took, cpu: (user + system) / 1e6 })
    process.exit(0)
  }
  pubsub.addEventListener('message', () => {
    if (received++ === 0) { start = process.hrtime.bigint(); cpu = process.cpuUsage() }
    took = seconds(start)
    clearTimeout(silence)
    if (received === Number(count)) finish()
    silence = setTimeout(finish, 5000)
  })
  say('ready', { addresses: node.getMultiaddrs().map(String) })
} else {
  await node.dial(multiaddr(address))
  while (pubsub.getMeshPeers('bench').length === 0) await new Promise(resolve => setTimeout(resolve, 20))
  const data = new Uint8Array(Number(bytes)), start = process.hrtime.bigint()
  for (let i = 0; i < Number(count); i++) await pubsub.publish('bench', data)
  say('done', { what: 'gossipsub messages published', value: Math.round(Number(count) / seconds(start)), unit: '/s' })
  process.stdin.resume().on('end', () => process.exit(0))
}
