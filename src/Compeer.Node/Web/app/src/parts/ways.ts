import type { Way } from '../types'

/** How we are connected with a peer, in words, and what that means. */
export const WAYS: Record<Way, { name: string; meaning: string }> = {
  tcp: { name: 'TCP', meaning: 'directly, over TCP' },
  utp: { name: 'uTP', meaning: 'directly, over uTP, which yields to other traffic' },
  punched: { name: 'Punched', meaning: 'directly, after a third peer had introduced us through both routers' },
  relayed: { name: 'Relayed', meaning: 'through a relay, as nothing direct worked' },
  webSeed: { name: 'Web seed', meaning: 'a web server that has the files' },
}

/** Who told of a peer, in words. */
export const SOURCES: Record<string, string> = {
  tracker: 'trackers',
  dht: 'the DHT',
  peerExchange: 'other peers',
  localNetwork: 'the local network',
  user: 'you',
  link: 'the link',
  incoming: 'themselves, by dialling us',
  remembered: 'an earlier time',
}

/** What of the state between us and a peer explains its rates. */
export function flagWords(flags: string[]): string[] {
  const has = (flag: string) => flags.includes(flag)
  const words: string[] = []
  if (has('weWantFromIt') && has('itChokesUs')) words.push('lets us wait')
  if (has('itWantsFromUs') && has('weChokeIt')) words.push('waits for us')
  if (has('snubbed')) words.push('slow to answer')
  return words
}
