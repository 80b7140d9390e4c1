import type { NetworkPeer, Way } from '../../types'

// Where everything stands on the map: we in the middle, around us the transfers, around each the peers we know through it.

export interface Spot {
  x: number
  y: number
}

export interface PeerSpot extends Spot {
  peer: NetworkPeer
}

export interface Group extends Spot {
  torrent: string
  peers: PeerSpot[]
  hidden: number
}

const MOST_GROUPS = 12
const MOST_PEERS = 90

/** Peers sorted into groups by transfer, the busiest first; each group has a sector as wide as it is populous. Coordinates lie within the ellipse given. */
export function layOut(peers: NetworkPeer[], width: number, height: number): { groups: Group[]; shown: number } {
  const byTorrent = new Map<string, NetworkPeer[]>()
  for (const peer of peers) {
    const group = byTorrent.get(peer.torrent)
    if (group) group.push(peer)
    else byTorrent.set(peer.torrent, [peer])
  }
  const traffic = (list: NetworkPeer[]) => list.reduce((sum, peer) => sum + peer.downRate + peer.upRate, 0)
  const busiest = [...byTorrent].sort((a, b) => traffic(b[1]) - traffic(a[1]) || b[1].length - a[1].length).slice(0, MOST_GROUPS)
  // Which groups are shown depends on traffic, but where they stand does not, so that the map holds still.
  busiest.sort((a, b) => (a[0] < b[0] ? -1 : 1))
  const room = Math.max(4, Math.floor(MOST_PEERS / Math.max(1, busiest.length)))
  const kept = busiest.map(([torrent, list]) => ({
    torrent,
    all: list.length,
    peers: [...list].sort((a, b) => b.downRate + b.upRate - a.downRate - a.upRate).slice(0, room).sort((a, b) => (a.endPoint < b.endPoint ? -1 : 1)),
  }))
  const weights = kept.map(group => group.peers.length + 2)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let angle = -Math.PI / 2 - ((weights[0] ?? 0) / Math.max(1, total)) * Math.PI
  const groups = kept.map((group, index) => {
    const span = ((weights[index] ?? 1) / total) * Math.PI * 2
    const middle = angle + span / 2
    const spots = group.peers.map((peer, place) => {
      const at = angle + (span * (place + 1.5)) / (group.peers.length + 2)
      return { peer, ...spot(at, place % 2 ? 0.84 : 0.96, width, height) }
    })
    angle += span
    return { torrent: group.torrent, peers: spots, hidden: group.all - group.peers.length, ...spot(middle, 0.46, width, height) }
  })
  return { groups, shown: groups.reduce((sum, group) => sum + group.peers.length, 0) }
}

function spot(angle: number, reach: number, width: number, height: number): Spot {
  return { x: width / 2 + (Math.cos(angle) * reach * width) / 2, y: height / 2 + (Math.sin(angle) * reach * height) / 2 }
}

/** Lines that say the way by their pattern: whole is direct, broken is not. */
export const DASHES: Record<Way, string> = { tcp: '', utp: '7 3', punched: '3 3', relayed: '1 4', webSeed: '10 3 2 3' }

/** From hair to finger: tenfold the rate is one step. */
export function strokeOf(rate: number): number {
  return rate <= 0 ? 0.8 : Math.min(5, 1 + Math.max(0, Math.log10(rate) - 3))
}
