// js-libp2p behind and as a relay, and its hole punching.
//   node libp2p_relay.mjs relay MULTIADDR                        a relay that gives places to anybody
//   node libp2p_relay.mjs listen MULTIADDR --relay MULTIADDR     has a place at the relay; "ready" names its address there
//   node libp2p_relay.mjs dial MULTIADDR [--listen MULTIADDR]    dials through a relay, and echoes over what there is
// With --dcutr it punches; with --announce MULTIADDR it says that it is there too. Serves /lab/echo, on limited connections too.
// Prints one JSON object a line: "ready" (id, addresses), "open" and "close" (peer, address, limited, direction), "echo" (equal, limited), "error".
import { parseArgs } from 'node:util'
import { makeNode, readAll, say } from './libp2p_node.mjs'
import { multiaddr } from '@multiformats/multiaddr'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'

const { values: opt, positionals: [role, address] } = parseArgs({
  allowPositionals: true,
  options: { relay: { type: 'string' }, listen: { type: 'string' }, announce: { type: 'string' }, dcutr: { type: 'boolean' }, seconds: { type: 'string' } }
})
setTimeout(() => process.exit(124), Number(opt.seconds ?? 120) * 1000).unref()
process.on('SIGTERM', () => process.exit(0))
process.on('unhandledRejection', error => say('error', { message: String(error?.message ?? error) }))

const services = {}
if (role === 'relay') services.relay = circuitRelayServer({ reservations: { maxReservations: 10, defaultDurationLimit: 120000, defaultDataLimit: BigInt(1 << 17) } })
if (opt.dcutr) services.dcutr = dcutr({ timeout: 8000 })
const node = await makeNode({
  listen: role === 'dial' ? (opt.listen ? [opt.listen] : []) : role === 'listen' ? [address, opt.relay + '/p2p-circuit'] : [address],
  transports: role === 'relay' ? [] : [circuitRelayTransport()],
  announce: opt.announce ? [opt.announce] : [],
  services
})
for (const event of ['open', 'close']) {
  node.addEventListener('connection:' + event, ({ detail }) => say(event, {
    peer: detail.remotePeer.toString(), address: detail.remoteAddr.toString(), direction: detail.direction, limited: detail.limits != null
  }))
}
await node.handle('/lab/echo', async stream => {
  for await (const part of stream) if (!stream.send(part)) await stream.onDrain()
  await stream.close()
}, { runOnLimitedConnection: true })

/** Echoes over a connection. */
async function echo (connection) {
  try {
    const stream = await connection.newStream('/lab/echo', { runOnLimitedConnection: true })
    const bytes = new TextEncoder().encode('through ' + connection.remoteAddr)
    stream.send(bytes)
    await stream.close()
    say('echo', { equal: Buffer.compare(await readAll(stream), Buffer.from(bytes)) === 0, limited: connection.limits != null, address: connection.remoteAddr.toString() })
  } catch (error) {
    say('error', { what: 'echo', message: error.message })
  }
}

const ready = () => say('ready', { id: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
if (role === 'listen') {
  while (!node.getMultiaddrs().some(a => a.toString().includes('/p2p-circuit'))) await new Promise(resolve => setTimeout(resolve, 50))
}
ready()
if (role === 'dial') {
  try {
    const connection = await node.dial(multiaddr(address))
    node.addEventListener('connection:open', ({ detail }) => {
      if (detail.limits == null && detail.remotePeer.equals(connection.remotePeer)) setTimeout(() => echo(detail), 100)
    })
    await echo(connection)
  } catch (error) {
    say('error', { what: 'dial', message: error.message })
  }
}
