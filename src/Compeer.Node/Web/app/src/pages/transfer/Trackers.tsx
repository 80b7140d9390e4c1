import { count, duration } from '../../format'
import { node } from '../../live'
import { Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { SOURCES } from '../../parts/ways'
import type { Detail, Peer } from '../../types'

/** Where peers come from: trackers, the DHT and the rest, with times and errors in words. */
export function Trackers({ id }: { id: string }) {
  const { data, problem, again } = usePolled<Detail>(`torrents/${id}`, 4000)
  const peers = usePolled<{ items: Peer[] }>(`torrents/${id}/peers`, 4000).data?.items ?? []
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  const sources = new Map<string, number>()
  for (const peer of peers) for (const source of peer.sources) sources.set(source, (sources.get(source) ?? 0) + 1)
  return (
    <section class="card stack">
      <div>
        <h2>Trackers</h2>
        {data.trackers.length === 0 && <p class="quiet">It names none; peers come from the DHT, from other peers and from the local network.</p>}
        <ul class="trackers">
          {data.trackers.map(tracker => (
            <li key={tracker.url}>
              <span class="wrap">
                <Words>{tracker.url}</Words>
              </span>
              <span class={tracker.error ? 'bad' : 'quiet'}>
                <Words max={300}>{tracker.error || tracker.state}</Words>
                {typeof tracker.seeds === 'number' && `, ${count(tracker.seeds, 'seed')}`}
                {typeof tracker.leechers === 'number' && `, ${count(tracker.leechers, 'other')}`}
                {typeof tracker.nextAnnounce === 'number' && `, asked again in ${duration(tracker.nextAnnounce)}`}
              </span>
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h2>DHT</h2>
        <p class="quiet">
          {data.private
            ? 'Not used: the torrent is private.'
            : !node.value?.dht.enabled
              ? 'Switched off under Settings.'
              : node.value.dht.nodes === 0
                ? 'Not joined yet: no node is known. A first peer, or an entry node under Settings, leads into it.'
                : `Joined, with ${count(node.value.dht.nodes, 'node')} known; asked every quarter of an hour, and more often while there are too few peers.`}
        </p>
      </div>
      <div>
        <h2>Who told of the peers that are connected</h2>
        <p class="quiet">{sources.size === 0 ? 'Nobody is connected.' : [...sources].map(([source, many]) => `${SOURCES[source] ?? source}: ${many}`).join(', ')}</p>
      </div>
    </section>
  )
}
