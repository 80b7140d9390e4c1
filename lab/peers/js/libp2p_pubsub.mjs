// Some nodes of js-libp2p that publish and subscribe, in one process.
//   node libp2p_pubsub.mjs ADDRESS --nodes N --topic TOPIC [--router floodsub] [--protocols /meshsub/1.1.0,...] [--dial MULTIADDR,...] [--seconds N]
// Each listens on a port of its own at ADDRESS, and dials three of --dial, node i beginning with the i-th. What is done next is said in messages on the topic:
//   go COUNT BYTES    every node publishes COUNT messages "js NODE NUMBER" and zeros up to BYTES
//   leave NODE,...    those nodes stop
// Prints one JSON object a line: "ready" (nodes: id, address), "subscribed" (node, peers), "mesh" (node, size), "message" (node, text, from, bytes), "left" (node),
// "idontwant" (sent, received: since when both are above zero).
import { parseArgs } from 'node:util'
import { gossipsub } from '@libp2p/gossipsub'
import { floodsub } from '@libp2p/floodsub'
import { multiaddr } from '@multiformats/multiaddr'
import { makeNode, say } from './libp2p_node.mjs'

const { values: opt, positionals: [address] } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(['nodes', 'topic', 'router', 'protocols', 'dial', 'seconds'].map(name => [name, { type: 'string' }]))
})
setTimeout(() => process.exit(124), Number(opt.seconds ?? 120) * 1000).unref()
process.on('SIGTERM', () => process.exit(0))
process.on('unhandledRejection', error => { say('error', { message: String(error?.stack ?? error) }) })

const router = () => opt.router === 'floodsub'
  ? floodsub({ emitSelf: false })
  // All nodes of the lab come from one address, which is no crime here.
  : gossipsub({ emitSelf: false, allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 }, ...(opt.protocols ? { protocols: opt.protocols.split(',') } : {}) })
const text = data => { const end = data.indexOf(0); return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end)) }
let sent = 0, received = 0

const nodes = []
for (let i = 0; i < Number(opt.nodes ?? 1); i++) {
  const node = await makeNode({ listen: [`/ip4/${address}/tcp/0`], services: { pubsub: router() } })
  const pubsub = node.services.pubsub
  const told = () => { if (sent > 0 && received > 0) say('idontwant', { sent, received }) }
  for (const [name, count] of [['sendIDontWants', () => sent++], ['handleIdontwant', () => received++]]) {
    const original = pubsub[name]?.bind(pubsub)
    if (original) pubsub[name] = (...args) => { count(); told(); return original(...args) }
  }
  pubsub.addEventListener('subscription-change', () => say('subscribed', { node: i, peers: pubsub.getSubscribers(opt.topic).length }))
  pubsub.addEventListener('gossipsub:graft', () => say('mesh', { node: i, size: pubsub.getMeshPeers(opt.topic).length }))
  pubsub.addEventListener('message', async ({ detail }) => {
    const said = text(detail.data)
    say('message', { node: i, text: said, from: String(detail.from ?? ''), bytes: detail.data.length })
    const [verb, first, second] = said.split(' ')
    if (verb === 'go') {
      for (let number = 0; number < Number(first); number++) {
        const data = new Uint8Array(Math.max(Number(second), 32))
        data.set(new TextEncoder().encode(`js ${node.peerId} ${number}`))
        await pubsub.publish(opt.topic, data)
      }
    } else if (verb === 'leave' && first.split(',').includes(String(node.peerId))) {
      await node.stop()
      say('left', { node: i })
    }
  })
  pubsub.subscribe(opt.topic)
  nodes.push(node)
}
const targets = opt.dial ? opt.dial.split(',') : []
await Promise.all(nodes.flatMap((node, i) => [0, 1, 2].filter(n => n < targets.length).map(n => node.dial(multiaddr(targets[(i + n) % targets.length])))))
say('ready', { nodes: nodes.map(node => ({ id: String(node.peerId), address: String(node.getMultiaddrs()[0]) })) })
