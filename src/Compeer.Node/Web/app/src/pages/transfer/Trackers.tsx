import { count, duration } from '../../format'
import { node } from '../../live'
import { Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { SOURCES } from '../../parts/ways'
import type { Detail, Peer, Tracker } from '../../types'
import { sentence } from '../transfers/words'

/** Ways to peers that are no tracker, which the node lists among them. */
const OTHERS: Record<string, string> = { dht: 'DHT', lan: 'Local network', pex: 'Other peers' }

/** Where peers come from: trackers, the DHT and the rest, with times and errors in words. */
export function Trackers({ id }: { id: string }) {
  const { data, problem, again } = usePolled<Detail>(`torrents/${id}`, 4000)
  const peers = usePolled<{ items: Peer[] }>(`torrents/${id}/peers`, 4000).data?.items ?? []
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  const sources = new Map<string, number>()
  for (const peer of peers) for (const source of peer.sources) sources.set(source, (sources.get(source) ?? 0) + 1)
  const trackers = data.trackers.filter(tracker => !(tracker.url in OTHERS))
  return (
    <>
      <section class="card">
        <h2>Trackers</h2>
        {trackers.length === 0 && <p class="quiet">It names none; peers come from the DHT, from other peers and from the local network.</p>}
        <ul class="trackers">
          {trackers.map(tracker => (
            <li key={tracker.url}>
              <span class="wrap">
                <Words>{tracker.url}</Words>
              </span>
              <Said tracker={tracker} />
            </li>
          ))}
        </ul>
      </section>
      <section class="card">
        <h2>Without trackers</h2>
        <dl class="facts">
          {data.trackers
            .filter(tracker => tracker.url in OTHERS)
            .map(tracker => (
              <div class="fact" key={tracker.url}>
                <dt>{OTHERS[tracker.url]}</dt>
                <dd>
                  <Said tracker={tracker} />
                  {tracker.url === 'dht' && node.value?.dht.enabled && <span class="quiet small">{count(node.value.dht.nodes, 'node')} of the DHT known</span>}
                </dd>
              </div>
            ))}
          <div class="fact">
            <dt>Connected by now</dt>
            <dd>{sources.size === 0 ? 'Nobody' : [...sources].map(([source, many]) => `${many} through ${SOURCES[source] ?? source}`).join(', ')}</dd>
          </div>
        </dl>
      </section>
    </>
  )
}

/** What a way to peers says, and when it is asked again. */
function Said({ tracker }: { tracker: Tracker }) {
  const state = tracker.state === 'off' ? 'switched off under Settings' : tracker.state
  return (
    <span class={tracker.error ? 'bad' : 'quiet'}>
      <Words max={300}>{tracker.error || sentence(state)}</Words>
      {typeof tracker.seeds === 'number' && `, ${count(tracker.seeds, 'seed')}`}
      {typeof tracker.leechers === 'number' && `, ${count(tracker.leechers, 'other')}`}
      {typeof tracker.nextAnnounce === 'number' && `, asked again in ${duration(tracker.nextAnnounce)}`}
    </span>
  )
}
