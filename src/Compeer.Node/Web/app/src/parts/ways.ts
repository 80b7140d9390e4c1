import type { Way } from '../types'

/** How we are connected with a peer, in words, and what that means. */
export const WAYS: Record<Way, { name: string; meaning: string }> = {
  tcp: { name: 'TCP', meaning: 'directly, over TCP' },
  utp: { name: 'uTP', meaning: 'directly, over uTP, which yields to other traffic' },
  punched: { name: 'Punched', meaning: 'directly, after a third peer had introduced us through both routers' },
  relayed: { name: 'Relayed', meaning: 'through a relay, as nothing direct worked' },
  webSeed: { name: 'Web seed', meaning: 'a web server that has the files' },
}
