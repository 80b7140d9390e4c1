import { bytes, duration, percent, rate } from '../../format'
import { Empty, Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { flagWords, WAYS } from '../../parts/ways'
import type { Peer } from '../../types'

const MOST = 300

/** Who takes part, how we are connected, and what went to and fro. */
export function Peers({ id }: { id: string }) {
  const { data, problem, again } = usePolled<{ items: Peer[] }>(`torrents/${id}/peers`, 2000)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading what="Asking for the peers" />
  if (data.items.length === 0)
    return (
      <Empty title="No peers at the moment">
        <p>“Where from” tells who is asked for some, and what they answered.</p>
      </Empty>
    )
  const peers = [...data.items].sort((a, b) => b.downRate + b.upRate - (a.downRate + a.upRate) || b.downloaded + b.uploaded - (a.downloaded + a.uploaded))
  return (
    <div class="scroller" tabIndex={0} role="region" aria-label="Peers">
      <table class="peers">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">Way</th>
            <th scope="col" class="number">
              Has
            </th>
            <th scope="col" class="number">
              Gives us
            </th>
            <th scope="col" class="number">
              Takes
            </th>
            <th scope="col" class="number">
              Gave
            </th>
            <th scope="col" class="number">
              Got
            </th>
          </tr>
        </thead>
        <tbody>
          {peers.slice(0, MOST).map(peer => (
            <tr key={peer.endPoint + peer.way}>
              <td>
                <span class="cut">
                  <Words max={60}>{peer.client || 'Unknown program'}</Words>
                </span>
                <span class="quiet small">
                  <Words max={60}>{peer.endPoint}</Words>
                  {flagWords(peer.flags).map(words => ` · ${words}`)}
                </span>
              </td>
              <td title={WAYS[peer.way]?.meaning}>
                {WAYS[peer.way]?.name ?? peer.way}
                <span class="quiet small">
                  {peer.encrypted ? 'encrypted, ' : ''}
                  {peer.incoming ? 'dialled us' : 'we dialled'}, {duration(peer.connectedSeconds)}
                </span>
              </td>
              <td class="number">{percent(peer.progress)}</td>
              <td class="number">{peer.downRate > 0 ? rate(peer.downRate) : '–'}</td>
              <td class="number">{peer.upRate > 0 ? rate(peer.upRate) : '–'}</td>
              <td class="number quiet">{bytes(peer.downloaded)}</td>
              <td class="number quiet">{bytes(peer.uploaded)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
