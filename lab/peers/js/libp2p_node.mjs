// What Node 20 lacks and js-libp2p 3 uses, and one way to make a node. Imported by the libp2p peers of this directory.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}

// @libp2p/websockets dials with the global WebSocket, which Node has from version 22 on.
globalThis.WebSocket ??= (await import('ws')).WebSocket

export const say = (event, values = {}) => console.log(JSON.stringify({ event, ...values }))

/** A node that listens on `listen` (multiaddrs; none only dials), with TCP and, of 'noise' and 'tls', those in `enc`. */
export async function makeNode ({ listen = [], enc = ['noise'], services = {}, yamux: muxer = {}, transports = [], announce = [], ...others } = {}) {
  const [{ createLibp2p }, { tcp }, { webSockets }, { noise }, { tls }, { yamux }, { identify, identifyPush }, { ping }] = await Promise.all(
    ['libp2p', '@libp2p/tcp', '@libp2p/websockets', '@libp2p/noise', '@libp2p/tls', '@libp2p/yamux', '@libp2p/identify', '@libp2p/ping'].map(name => import(name)))
  return createLibp2p({
    addresses: { listen, appendAnnounce: announce },
    transports: [tcp(), webSockets(), ...transports],
    connectionEncrypters: enc.map(name => ({ noise, tls })[name]()),
    streamMuxers: [yamux({ maxInboundStreams: 4096, maxOutboundStreams: 4096, ...muxer })],
    connectionGater: { denyDialMultiaddr: async () => false },
    connectionManager: { inboundConnectionThreshold: 10000, maxIncomingPendingConnections: 1000 },
    connectionMonitor: { enabled: false },
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping(), ...services },
    ...others
  })
}

/** Sends with regard to the stream's fullness. */
export async function sendAll (stream, bytes) {
  for (let at = 0; at < bytes.byteLength; at += 65536) {
    if (!stream.send(bytes.subarray(at, at + 65536))) await stream.onDrain()
  }
}

/** Everything until the remote ends its direction. */
export async function readAll (stream) {
  const parts = []
  for await (const part of stream) parts.push(part.subarray())
  return Buffer.concat(parts)
}
