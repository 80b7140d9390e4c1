// One node of js-libp2p that finds peers by mDNS, and says whom.
//   node libp2p_mdns.mjs ADDRESS [--seconds N]
import { makeNode, say } from './libp2p_node.mjs'
import { mdns } from '@libp2p/mdns'

const [at, ...rest] = process.argv.slice(2)
const opt = Object.fromEntries(rest.flatMap((name, i) => name.startsWith('--') ? [[name.slice(2), rest[i + 1]]] : []))
setTimeout(() => process.exit(2), Number(opt.seconds ?? 100) * 1000)

const node = await makeNode({ listen: [`/ip4/${at}/tcp/0`], services: { mdns: mdns({ interval: 1000 }) } })
node.services.mdns.addEventListener('peer', ({ detail }) => say('found', { id: detail.id.toString(), addresses: detail.multiaddrs.map(String) }))
say('ready', { id: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
