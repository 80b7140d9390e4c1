// bittorrent-dht (npm) as a foreign node of the Mainline DHT.
//   node bittorrent_dht.mjs --bind IP --port N [--entry HOST:PORT] [--announce HASH:PORT] [--lookup HASH]
//                           [--put TEXT] [--put-mutable TEXT | --put-pointer HASH] [--seed HEX] [--seq N] [--salt TEXT | --salt-hex HEX]
//                           [--get HEX[,HEX]] [--seconds N]
// Prints one JSON object a line: "ready", "announced" (hash), "stored" (key, nodes), "peer" (address), "item" (key, value or
// pointer, seq), "done". A pointer is the info-hash of a torrent that a mutable item names (BEP 46).
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { parseArgs } from 'node:util'
import DhtModule from 'bittorrent-dht'

const { values: opt } = parseArgs({ options: Object.fromEntries(
  ['bind', 'port', 'entry', 'announce', 'lookup', 'put', 'put-mutable', 'put-pointer', 'seed', 'seq', 'salt', 'salt-hex', 'get', 'seconds'].map(name => [name, { type: 'string' }])) })
const say = (event, values = {}) => console.log(JSON.stringify({ event, ...values }))
const salt = opt['salt-hex'] ? Buffer.from(opt['salt-hex'], 'hex') : Buffer.from(opt.salt ?? '')
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
if (opt['put-mutable'] || opt['put-pointer']) {
  const secret = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(opt.seed, 'hex')]), format: 'der', type: 'pkcs8' })
  const k = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32)
  const v = opt['put-pointer'] ? { ih: Buffer.from(opt['put-pointer'], 'hex') } : Buffer.from(opt['put-mutable'])
  const [, nodes] = await call(done => dht.put({ k, seq: Number(opt.seq ?? 1), v, salt, sign: bytes => sign(null, bytes, secret) }, done))
  say('stored', { key: hex(k), nodes })
}
for (const key of opt.get?.split(',') ?? []) {
  const target = key.length === 64 ? createHash('sha1').update(Buffer.concat([Buffer.from(key, 'hex'), salt])).digest('hex') : key
  const [item] = await call(done => dht.get(target, { salt: salt.length ? salt : undefined }, done))
  const pointer = item?.v.ih ? hex(item.v.ih) : undefined
  say('item', { key, pointer, value: item && !pointer ? Buffer.from(item.v).toString() : null, seq: item?.seq ?? null })
}
if (opt.lookup) {
  for (let i = 0; i < 20; i++) {
    await call(done => dht.lookup(opt.lookup, done))
    await new Promise(resolve => setTimeout(resolve, 1000))
  }
}
say('done')
