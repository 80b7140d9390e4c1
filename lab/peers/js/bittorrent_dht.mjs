// bittorrent-dht (npm) as a foreign node of the Mainline DHT.
//   node bittorrent_dht.mjs --bind IP --port N [--entry HOST:PORT] [--announce HASH:PORT] [--lookup HASH]
//                           [--put TEXT] [--put-mutable TEXT --seed HEX --salt TEXT] [--get HEX[,HEX]] [--seconds N]
// Prints one JSON object a line: "ready", "announced" (hash), "stored" (key, nodes), "peer" (address), "item" (key, value, seq), "done".
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { parseArgs } from 'node:util'
import DhtModule from 'bittorrent-dht'

const { values: opt } = parseArgs({ options: Object.fromEntries(
  ['bind', 'port', 'entry', 'announce', 'lookup', 'put', 'put-mutable', 'seed', 'salt', 'get', 'seconds'].map(name => [name, { type: 'string' }])) })
const say = (event, values = {}) => console.log(JSON.stringify({ event, ...values }))
const hex = bytes => Buffer.from(bytes).toString('hex')
const call = action => new Promise((resolve, reject) => action((error, ...results) => error ? reject(error) : resolve(results)))
const publicKey = raw => createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(raw)]), format: 'der', type: 'spki' })

setTimeout(() => process.exit(0), Number(opt.seconds ?? 120) * 1000)
process.on('SIGTERM', () => process.exit(0))

const Client = DhtModule.Client ?? DhtModule
const dht = new Client({ bootstrap: opt.entry ? [opt.entry] : false, host: opt.bind, verify: (signature, message, key) => verify(null, message, publicKey(key), signature) })
dht.on('error', error => say('error', { message: error.message }))
dht.on('peer', peer => say('peer', { address: `${peer.host}:${peer.port}` }))
await new Promise(resolve => dht.listen(Number(opt.port ?? 6881), opt.bind, resolve))
if (opt.entry) await new Promise(resolve => dht.once('ready', resolve))
say('ready', { nodes: dht.toJSON().nodes.length })

if (opt.announce) {
  const [hash, port] = opt.announce.split(':')
  await call(done => dht.announce(hash, Number(port), done))
  say('announced', { hash })
}
if (opt.put) {
  const [key, nodes] = await call(done => dht.put({ v: Buffer.from(opt.put) }, done))
  say('stored', { key: hex(key), nodes })
}
if (opt['put-mutable']) {
  const secret = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(opt.seed, 'hex')]), format: 'der', type: 'pkcs8' })
  const k = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32)
  const [, nodes] = await call(done => dht.put({ k, seq: 1, v: Buffer.from(opt['put-mutable']), salt: Buffer.from(opt.salt), sign: bytes => sign(null, bytes, secret) }, done))
  say('stored', { key: hex(k), nodes })
}
for (const key of opt.get?.split(',') ?? []) {
  const target = key.length === 64 ? createHash('sha1').update(Buffer.concat([Buffer.from(key, 'hex'), Buffer.from(opt.salt ?? '')])).digest('hex') : key
  const [item] = await call(done => dht.get(target, { salt: opt.salt ? Buffer.from(opt.salt) : undefined }, done))
  say('item', { key, value: item ? Buffer.from(item.v).toString() : null, seq: item?.seq ?? null })
}
if (opt.lookup) {
  for (let i = 0; i < 20; i++) {
    await call(done => dht.lookup(opt.lookup, done))
    await new Promise(resolve => setTimeout(resolve, 1000))
  }
}
say('done')
