// js-libp2p as a foreign peer.
//   node libp2p_peer.mjs listen MULTIADDR [--enc noise,tls] [--psk HEX] [--autonat] [--seconds N]
//   node libp2p_peer.mjs dial MULTIADDR WHAT [--count N] [--bytes N] [--enc noise,tls] [--psk HEX] [--autonat] [--listen MULTIADDR] [--seconds N]
// Serves, and asks for: /lab/echo (everything back, then end), /lab/digest (SHA-256 of everything), /lab/reset (reset at the first byte),
// /lab/stall (reads nothing), /perf/1.0.0 (8 bytes say how much to send back), fetch (keys under /lab/). WHAT is one or more, with commas, of
// ping, identify, echo, digest, short, reset, stalled, download, many (a download over 64 streams), upload, handshakes, idle (the memory of COUNT
// further connections at this end, with node --expose-gc), fetch, and stay, which stays connected. --psk is the key of a private network; with
// --autonat it asks and answers by AutoNAT v1 and v2.
// Prints one JSON object a line: "ready" (id, addresses), "open" (peer, encryption), "stall", "aborted", "done" (what, and its values), "error".
import { createHash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { makeNode, readAll, say, sendAll } from './libp2p_node.mjs'
import { multiaddr } from '@multiformats/multiaddr'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { fetch } from '@libp2p/fetch'
import { preSharedKey } from '@libp2p/pnet'

const { values: opt, positionals: [role, address, what] } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries([...['enc', 'seconds', 'count', 'bytes', 'psk', 'listen'].map(name => [name, { type: 'string' }]), ['autonat', { type: 'boolean' }]])
})
setTimeout(() => process.exit(124), Number(opt.seconds ?? 120) * 1000).unref()
process.on('SIGTERM', () => process.exit(0))
process.on('unhandledRejection', error => { say('error', { message: String(error?.message ?? error) }); process.exit(1) })

const services = { fetch: fetch() }
if (opt.autonat) Object.assign(services, { autonat: autoNAT({ connectionThreshold: 1000 }), autonatV2: autoNATv2({ connectionThreshold: 1000 }) })
const node = await makeNode({
  listen: role === 'listen' ? [address] : opt.listen ? [opt.listen] : [],
  enc: (opt.enc ?? 'noise').split(','),
  services,
  ...(opt.psk ? { connectionProtector: preSharedKey({ psk: new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${opt.psk}`) }) } : {})
})
const digest = bytes => createHash('sha256').update(bytes).digest('hex')
const many = { maxInboundStreams: 4096, maxOutboundStreams: 4096 }

const serve = (protocol, handler) => node.handle(protocol, async stream => {
  try {
    await handler(stream)
  } catch (error) {
    say('aborted', { protocol, message: error.message })
  }
}, many)
await serve('/lab/echo', async stream => {
  for await (const part of stream) if (!stream.send(part)) await stream.onDrain()
  await stream.close()
})
await serve('/lab/digest', async stream => {
  const hash = createHash('sha256')
  for await (const part of stream) hash.update(part.subarray())
  stream.send(hash.digest())
  await stream.close()
})
await serve('/lab/reset', async stream => {
  for await (const _ of stream) return stream.abort(new Error('reset on purpose'))
})
await serve('/lab/stall', async stream => {
  stream.pause()
  say('stall')
  await new Promise(resolve => setTimeout(resolve, 60000).unref())
})
await serve('/perf/1.0.0', async stream => {
  let head = Buffer.alloc(0)
  for await (const part of stream) if (head.length < 8) head = Buffer.concat([head, part.subarray()])
  let left = Number(head.readBigUInt64BE(0))
  for (const block = new Uint8Array(65536); left > 0; left -= block.length) {
    if (!stream.send(block.subarray(0, Math.min(left, block.length)))) await stream.onDrain()
  }
  await stream.close()
})
node.services.fetch.registerLookupFunction('/lab/', async key => new TextEncoder().encode('value of ' + new TextDecoder().decode(key)))
node.addEventListener('connection:open', ({ detail }) => say('open', { peer: detail.remotePeer.toString(), encryption: detail.encryption, muxer: detail.multiplexer }))
say('ready', { id: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })

if (role === 'dial') {
  const identified = new Promise(resolve => node.addEventListener('peer:identify', e => resolve(e.detail), { once: true }))
  const connection = await node.dial(multiaddr(address)).catch(error => { say('error', { what: 'dial', message: error.message }); process.exit(1) })
  const count = Number(opt.count ?? 1)
  const bytes = randomBytes(Math.min(Number(opt.bytes ?? 1000), 1 << 24))
  const open = protocol => connection.newStream(protocol, many)
  const exchange = async protocol => {
    const stream = await open(protocol)
    const answer = readAll(stream)
    await sendAll(stream, bytes)
    await stream.close()
    return answer
  }
  const download = async bytes => {
    const stream = await open('/perf/1.0.0')
    const head = Buffer.alloc(8)
    head.writeBigUInt64BE(BigInt(bytes))
    stream.send(head)
    await stream.close()
    let got = 0
    for await (const part of stream) got += part.byteLength
    return got
  }
  const actions = {
    ping: async () => ({ milliseconds: await node.services.ping.ping(connection.remotePeer) }),
    identify: async () => {
      const told = await identified
      return { agent: told.agentVersion, protocol: told.protocolVersion, observed: String(told.observedAddr), listen: told.listenAddrs.map(String), protocols: told.protocols, signed: told.signedPeerRecord != null }
    },
    echo: async () => ({ equal: digest(await exchange('/lab/echo')) === digest(bytes) }),
    digest: async () => {
      const answers = await Promise.all(Array.from({ length: count }, () => exchange('/lab/digest')))
      return { equal: answers.filter(answer => answer.toString('hex') === digest(bytes)).length }
    },
    short: async () => {
      let equal = 0
      const expected = digest(bytes)
      const work = async () => {
        for (let i = 0; i < count / 50; i++) if (digest(await exchange('/lab/echo')) === expected) equal++
      }
      await Promise.all(Array.from({ length: 50 }, work))
      return { equal }
    },
    reset: async () => {
      const stream = await open('/lab/reset')
      stream.send(bytes)
      try { await readAll(stream) } catch (error) { return { name: error.name } }
      return { name: 'no error' }
    },
    stalled: async () => {
      const stream = await open('/lab/stall')
      let sent = 0
      for (const block = new Uint8Array(65536); sent < (8 << 20); sent += block.length) {
        if (!stream.send(block) && !await Promise.race([stream.onDrain().then(() => true), new Promise(resolve => setTimeout(resolve, 1500, false))])) break
      }
      return { sent, echo: digest(await exchange('/lab/echo')) === digest(bytes) }
    },
    download: async () => ({ got: await download(opt.bytes) }),
    many: async () => {
      const parts = await Promise.all(Array.from({ length: 64 }, () => download(Math.floor(opt.bytes / 64))))
      return { got: parts.reduce((sum, part) => sum + part, 0) }
    },
    upload: async () => {
      const stream = await open('/perf/1.0.0')
      stream.send(Buffer.alloc(8))
      for (let left = Number(opt.bytes), block = new Uint8Array(65536); left > 0; left -= block.length) {
        if (!stream.send(block.subarray(0, Math.min(left, block.length)))) await stream.onDrain()
      }
      const rest = readAll(stream)
      await stream.close()
      await rest
      return {}
    },
    handshakes: async () => {
      for (let i = 0; i < 100; i++) {
        const other = await makeNode({ enc: (opt.enc ?? 'noise').split(',') })
        await other.dial(multiaddr(address))
        await other.stop()
      }
      return { count: 100 }
    },
    idle: async () => {
      const memory = async () => {
        for (let i = 0; i < 5; i++) { gc(); await new Promise(resolve => setTimeout(resolve, 200)) }
        const { heapUsed, external } = process.memoryUsage()
        return heapUsed + external
      }
      const before = await memory()
      for (let i = 0; i < count; i++) await node.dial(multiaddr(address), { force: true })
      return { bytes: Math.round((await memory() - before) / count), count: node.getConnections().length - 1 }
    },
    stay: () => new Promise(() => {}),
    fetch: async () => ({ value: new TextDecoder().decode(await node.services.fetch.fetch(connection.remotePeer, '/lab/key') ?? new Uint8Array()) })
  }
  for (const name of what.split(',')) {
    try {
      const start = process.hrtime.bigint(), before = process.cpuUsage()
      const values = await actions[name]()
      const { user, system } = process.cpuUsage(before)
      say('done', { what: name, seconds: Number(process.hrtime.bigint() - start) / 1e9, cpu: (user + system) / 1e6, ...values })
    } catch (error) {
      say('error', { what: name, message: error.message || error.name })
    }
  }
  await node.stop()
  process.exit(0)
}
