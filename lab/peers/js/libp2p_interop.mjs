// The suite that js-libp2p runs against other implementations (@libp2p/interop), with a program that serves the daemon control protocol in the place of the Go daemon.
//   node libp2p_interop.mjs PROGRAM [--grep REGEX] [--seconds N]
// Left out are tests of plaintext, which Compeer does not offer. Prints one JSON object a line: "pass", "skip" or "fail" (title, message), and "done" (passed, skipped, failed).
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createSocket } from 'node:net'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { say } from './libp2p_node.mjs'
import Mocha from 'mocha'
import { createClient } from '@libp2p/daemon-client'
import { createServer } from '@libp2p/daemon-server'
import { multiaddr } from '@multiformats/multiaddr'

const { values: opt, positionals: [program] } = parseArgs({
  allowPositionals: true,
  options: { grep: { type: 'string' }, seconds: { type: 'string' } }
})
const names = ['@libp2p/interop', 'libp2p', '@libp2p/tcp', '@libp2p/noise', '@libp2p/tls', '@libp2p/yamux', '@libp2p/identify', '@libp2p/ping', '@libp2p/kad-dht',
  '@libp2p/gossipsub', '@libp2p/floodsub', '@libp2p/circuit-relay-v2', '@libp2p/crypto/keys']
const [{ interopTests, UnsupportedError }, { createLibp2p }, { tcp }, { noise }, { tls }, { yamux }, { identify }, { ping }, { kadDHT, passthroughMapper },
  { gossipsub }, { floodsub }, { circuitRelayServer, circuitRelayTransport }, { privateKeyFromProtobuf }] = await Promise.all(names.map(name => import(name)))
const running = new Set()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
process.on('SIGTERM', () => process.exit(143))
setTimeout(() => { say('error', { message: 'the suite took too long' }); process.exit(124) }, Number(opt.seconds ?? 600) * 1000).unref()

const freePort = () => new Promise(resolve => {
  const socket = createSocket().listen(0, '127.0.0.1', () => { const { port } = socket.address(); socket.close(() => resolve(port)) })
})

async function ours (o) {
  const control = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const flags = [`-listen=${control}`, o.noListen ? '-noListenAddrs' : '-hostAddrs=/ip4/127.0.0.1/tcp/0', '-muxer=yamux']
  if (o.encryption) flags.push(`-${o.encryption}=true`)
  if (o.dht) flags.push('-dhtServer')
  if (o.relay) flags.push('-relay')
  if (o.pubsub) flags.push('-pubsub', `-pubsubRouter=${o.pubsubRouter ?? 'gossipsub'}`)
  if (o.key) flags.push(`-id=${o.key}`)
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => { if (line.includes('Control socket:')) resolve() })
    child.on('error', reject)
    child.on('exit', code => { running.delete(child); reject(new Error(`${program} ${flags.join(' ')} ended with ${code}`)) })
  })
  return { client: createClient(multiaddr(control)), stop: async () => { child.kill('SIGTERM') } }
}

async function theirs (o) {
  const services = { identify: identify(), ping: ping() }
  if (o.dht) services.dht = kadDHT({ protocol: '/ipfs/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper })
  if (o.relay) services.relay = circuitRelayServer()
  if (o.pubsub) services.pubsub = o.pubsubRouter === 'floodsub' ? floodsub() : gossipsub()
  const node = await createLibp2p({
    ...(o.key ? { privateKey: privateKeyFromProtobuf(readFileSync(o.key)) } : {}),
    addresses: { listen: o.noListen ? [] : ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [o.encryption === 'tls' ? tls() : noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: async () => false },
    services
  })
  const server = createServer(multiaddr('/ip4/127.0.0.1/tcp/0'), node)
  await server.start()
  return { client: createClient(server.getMultiaddr()), stop: async () => { await server.stop(); await node.stop() } }
}

const mocha = new Mocha({ timeout: 30000, reporter: class {} })
mocha.suite.emit('pre-require', globalThis, null, mocha)
await interopTests({
  async spawn (o) {
    if (o.transport && o.transport !== 'tcp') throw new UnsupportedError()
    return o.type === 'go' ? ours(o) : theirs(o)
  }
})
mocha.grep(new RegExp(`^(?!.*plaintext).*(${opt.grep ?? ''})`))
const counts = { passed: 0, skipped: 0, failed: 0 }
mocha.run()
  .on('pass', test => { counts.passed++; say('pass', { title: test.fullTitle() }) })
  .on('pending', test => { counts.skipped++; say('skip', { title: test.fullTitle() }) })
  .on('fail', (test, error) => { counts.failed++; say('fail', { title: test.fullTitle(), message: String(error?.stack ?? error) }) })
  .on('end', () => { say('done', counts); process.exit(counts.failed > 0 ? 1 : 0) })
