import { useEffect, useRef, useState } from 'preact/hooks'
import { count, rate } from '../../format'
import { torrents, version } from '../../live'
import { Words } from '../../parts/Small'
import { WAYS } from '../../parts/ways'
import { harmless } from '../../text'
import type { NetworkPeer, Way } from '../../types'
import { DASHES, layOut, strokeOf } from './layout'

/** All connections at once: a drawing for the overview, and a table that says the same and more. */
export function PeerMap({ peers }: { peers: NetworkPeer[] }) {
  version.value
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(720)
  const [told, setTold] = useState<NetworkPeer | null>(null)
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [peers.length === 0])

  if (peers.length === 0)
    return (
      <section class="card">
        <h2>Peers</h2>
        <p class="quiet">Nobody is connected. Peers come with the first transfer.</p>
      </section>
    )
  const isSmall = width < 560
  const height = isSmall ? width : Math.min(peers.length > 6 ? 520 : 340, width * 0.62)
  const { groups, shown } = layOut(peers, width - 40, height - 60)
  const middle = { x: (width - 40) / 2, y: (height - 60) / 2 }
  const used = [...new Set(peers.map(peer => peer.way))]
  const summary = `${count(peers.length, 'peer')} of ${count(new Set(peers.map(peer => peer.torrent)).size, 'transfer')} around this node: ${used.map(way => `${peers.filter(peer => peer.way === way).length} ${WAYS[way]?.name ?? way}`).join(', ')}.`
  return (
    <section class="card stack">
      <div>
        <h2>Peers</h2>
        <p class="quiet">{summary} A line is as thick as what moves on it.</p>
      </div>
      <div ref={frame}>
        <svg class="map" width={width} height={height} viewBox={`-20 -30 ${width} ${height}`} role="img" aria-label={summary + ' The table below lists them.'} onMouseLeave={() => setTold(null)}>
          {groups.map(group => (
            <g key={group.torrent}>
              <line x1={middle.x} y1={middle.y} x2={group.x} y2={group.y} class="trunk" />
              {group.peers.map(({ peer, x, y }) => (
                <line
                  key={peer.endPoint}
                  x1={group.x}
                  y1={group.y}
                  x2={x}
                  y2={y}
                  class={peer.downRate > 0 ? 'gives' : peer.upRate > 0 ? 'takes' : 'quiet-line'}
                  stroke-width={strokeOf(peer.downRate + peer.upRate)}
                  stroke-dasharray={DASHES[peer.way]}
                />
              ))}
              {group.peers.map(({ peer, x, y }) => (
                <circle key={peer.endPoint} cx={x} cy={y} r={isSmall ? 5 : 6.5} class={peer.downRate > 0 ? 'gives' : peer.upRate > 0 ? 'takes' : 'idle'} onMouseEnter={() => setTold(peer)} onClick={() => setTold(peer)} />
              ))}
              <circle cx={group.x} cy={group.y} r="7" class="hub" />
            </g>
          ))}
          {/* Names last, so that no line crosses them. */}
          {groups.map(group => (
            <text key={group.torrent} x={group.x} y={group.y + 22} class="caption">
              {harmless(torrents.get(group.torrent)?.name ?? 'a transfer', isSmall ? 11 : 26)}
            </text>
          ))}
          <circle cx={middle.x} cy={middle.y} r="19" class="us" />
          <text x={middle.x} y={middle.y + 4} class="us-name">
            you
          </text>
        </svg>
      </div>
      <p class="told number" role="status">
        {told ? (
          <>
            <Words max={60}>{told.endPoint}</Words>, <Words max={60}>{told.client || 'unknown program'}</Words>, {WAYS[told.way]?.meaning}; gives {rate(told.downRate)}, takes {rate(told.upRate)}
          </>
        ) : shown < peers.length ? (
          `${shown} of ${peers.length} are drawn, the busiest of each transfer.`
        ) : (
          'Point at a peer to see who it is.'
        )}
      </p>
      <ul class="legend" aria-hidden="true">
        <li class="verified">Gives to you</li>
        <li class="moving">Takes from you</li>
        <li class="missing">Quiet</li>
        {used.map(way => (
          <li class="way" key={way} title={WAYS[way]?.meaning}>
            <svg width="34" height="8">
              <line x1="0" x2="34" y1="4" y2="4" stroke="currentColor" stroke-width="2" stroke-dasharray={DASHES[way as Way]} />
            </svg>{' '}
            {WAYS[way]?.name ?? way}
          </li>
        ))}
      </ul>
      <details>
        <summary>As a table</summary>
        <div class="scroller" tabIndex={0} role="region" aria-label="Peers as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">Peer</th>
                <th scope="col">Transfer</th>
                <th scope="col">Way</th>
                <th scope="col" class="number">
                  Gives us
                </th>
                <th scope="col" class="number">
                  Takes
                </th>
              </tr>
            </thead>
            <tbody>
              {peers.map(peer => (
                <tr key={peer.torrent + peer.endPoint}>
                  <td>
                    <Words max={60}>{peer.endPoint}</Words>
                    <span class="quiet small">
                      <Words max={60}>{peer.client || 'Unknown program'}</Words>
                    </span>
                  </td>
                  <td>
                    <Words max={50}>{torrents.get(peer.torrent)?.name ?? '–'}</Words>
                  </td>
                  <td title={WAYS[peer.way]?.meaning}>{WAYS[peer.way]?.name ?? peer.way}</td>
                  <td class="number">{peer.downRate > 0 ? rate(peer.downRate) : '–'}</td>
                  <td class="number">{peer.upRate > 0 ? rate(peer.upRate) : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  )
}
