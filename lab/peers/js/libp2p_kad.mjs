// Nodes of js-libp2p that serve a DHT, in one process, each with a host of its own. They do what they are asked to over streams of /lab/kad:
// one JSON object each way.
//   node libp2p_kad.mjs ADDRESS --count N [--protocol NAME] [--seconds N]
import { makeNode, say, readAll } from './libp2p_node.mjs'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { createIPNSRecord, marshalIPNSRecord, multihashToIPNSRoutingKey, unmarshalIPNSRecord } from 'ipns'
import { ipnsValidator } from 'ipns/validator'
import { ipnsSelector } from 'ipns/selector'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'

const [at, ...rest] = process.argv.slice(2)
const opt = Object.fromEntries(rest.flatMap((name, i) => name.startsWith('--') ? [[name.slice(2), rest[i + 1]]] : []))
setTimeout(() => process.exit(2), Number(opt.seconds ?? 150) * 1000)

const hex = text => Uint8Array.from(Buffer.from(text, 'hex'))
const cidOf = text => CID.createV1(0x55, digest.decode(hex(text)))
const limit = () => ({ signal: AbortSignal.timeout(40000) })

const actions = {
  put: async (node, { key, value }) => { await node.contentRouting.put(hex(key), hex(value), limit()); return {} },
  get: async (node, { key }) => ({ value: Buffer.from(await node.contentRouting.get(hex(key), limit())).toString('hex') }),
  provide: async (node, { content }) => { await node.contentRouting.provide(cidOf(content), limit()); return {} },
  providers: async (node, { content, count }) => {
    const found = []
    for await (const { id } of node.contentRouting.findProviders(cidOf(content), limit())) {
      found.push(id.toString())
      if (found.length >= count) break
    }
    return { found }
  },
  peer: async (node, { id }) => ({ addresses: (await node.peerRouting.findPeer(peerIdFromString(id), { ...limit(), useCache: false })).multiaddrs.map(String) }),
  table: async node => ({ size: node.services.dht.routingTable.size }),
  dial: async (node, { address }) => { await node.dial(multiaddr(address)); return {} },
  ipns: async (node, { value, sequence }) => {
    const key = await generateKeyPair('Ed25519')
    const id = peerIdFromPrivateKey(key)
    const record = await createIPNSRecord(key, value, BigInt(sequence), 3600_000)
    const routingKey = multihashToIPNSRoutingKey(id.toMultihash())
    await node.contentRouting.put(routingKey, marshalIPNSRecord(record), limit())
    return { name: id.toString() }
  },
  resolve: async (node, { name }) => {
    const routingKey = multihashToIPNSRoutingKey(peerIdFromString(name).toMultihash())
    const record = unmarshalIPNSRecord(await node.contentRouting.get(routingKey, limit()))
    return { value: record.value, sequence: Number(record.sequence), validity: record.validity }
  }
}

const nodes = []
for (let i = 0; i < Number(opt.count ?? 1); i++) {
  const node = await makeNode({
    listen: [`/ip4/${at}/tcp/0`],
    services: {
      dht: kadDHT({
        protocol: opt.protocol ?? '/ipfs/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        initialQuerySelfInterval: 500,
        allowQueryWithZeroPeers: true,
        validators: { lab: async (key, value) => { if (value[0] !== 0x6c) throw new Error('no value of the lab') }, ipns: ipnsValidator },
        selectors: { lab: (key, values) => values.reduce((best, v, n) => Buffer.compare(v, values[best]) > 0 ? n : best, 0), ipns: ipnsSelector }
      })
    }
  })
  await node.handle('/lab/kad', async stream => {
    let answer
    try {
      const asked = JSON.parse(Buffer.from(await readAll(stream)).toString())
      answer = await actions[asked.do](node, asked)
    } catch (error) {
      answer = { error: error.stack ?? error.message }
    }
    stream.send(Buffer.from(JSON.stringify(answer)))
    await stream.close()
  })
  nodes.push(node)
}
say('ready', { addresses: nodes.map(n => n.getMultiaddrs()[0].toString()) })
