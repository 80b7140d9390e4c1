import { useState } from 'preact/hooks'
import { bytes, count, duration, percent, rate } from '../../format'
import { loaded, torrents, version } from '../../live'
import { LinkCard } from '../../parts/LinkCard'
import { Empty, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import { harmless } from '../../text'
import type { Detail, Summary, Taker } from '../../types'

const STEP = 30

/** What is complete here and can be had by others, most wanted first. */
export function Given() {
  version.value
  const [most, setMost] = useState(STEP)
  const [open, setOpen] = useState('')
  if (!loaded.value) return <Loading />
  const all = [...torrents.values()].filter(torrent => torrent.progress >= 1 && torrent.size > 0)
  all.sort((a, b) => b.upRate - a.upRate || b.uploaded - a.uploaded || (a.addedAt < b.addedAt ? 1 : -1))
  if (all.length === 0)
    return (
      <Empty title="You share nothing yet">
        <p>What you fetch is shared too, from its first verified piece on.</p>
      </Empty>
    )
  return (
    <section>
      <h2>What others can get from you</h2>
      <ul class="given">
        {all.slice(0, most).map(torrent => (
          <li key={torrent.id}>
            <One torrent={torrent} isOpen={open === torrent.id} onToggle={() => setOpen(open === torrent.id ? '' : torrent.id)} />
          </li>
        ))}
      </ul>
      {all.length > most && (
        <button type="button" onClick={() => setMost(most + STEP * 3)}>
          Show more of {count(all.length, 'share')}
        </button>
      )}
    </section>
  )
}

function One({ torrent, isOpen, onToggle }: { torrent: Summary; isOpen: boolean; onToggle: () => void }) {
  return (
    <div class="grow stack">
      <div class="one">
        <div class="what">
          <a class="name" href={href('t', torrent.id)}>
            <Words>{torrent.name}</Words>
          </a>
          <span class="quiet number">
            {bytes(torrent.size)} · gave {bytes(torrent.uploaded)}
            {torrent.upRate > 0 && ` · ${rate(torrent.upRate)} now`}
            {torrent.peers > 0 && ` · ${count(torrent.peers, 'peer')}`}
          </span>
        </div>
        <button type="button" aria-expanded={isOpen} onClick={onToggle} aria-label={`Link and takers of ${harmless(torrent.name, 80)}`}>
          {isOpen ? 'Close' : 'Link and takers'}
        </button>
      </div>
      {isOpen && <Takers id={torrent.id} size={torrent.size} />}
    </div>
  )
}

function Takers({ id, size }: { id: string; size: number }) {
  const detail = usePolled<Detail>(`torrents/${id}`).data
  const { data } = usePolled<{ items: Taker[] }>(`torrents/${id}/takers`, 2000)
  if (!detail || !data) return <Loading />
  const takers = data.items
  return (
    <>
      <LinkCard link={detail.magnet} />
      {takers.length === 0 ? (
        <p class="quiet">Nobody has taken anything from you since the node was started.</p>
      ) : (
        <div class="scroller" tabIndex={0} role="region" aria-label="Who took how much">
          <table>
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col" class="number">
                  From you
                </th>
                <th scope="col" class="number">
                  Now
                </th>
              </tr>
            </thead>
            <tbody>
              {takers.slice(0, 100).map(taker => (
                <tr key={taker.address + taker.client}>
                  <td>
                    <Words max={60}>{taker.address}</Words>
                    <span class="quiet small">
                      <Words max={60}>{taker.client || 'Unknown program'}</Words>
                    </span>
                  </td>
                  <td class="number">
                    {bytes(taker.uploaded)} <span class="quiet">({percent(size > 0 ? Math.min(1, taker.uploaded / size) : 0)})</span>
                  </td>
                  <td class="number">{typeof taker.secondsSinceLeft === 'number' ? `left ${taker.secondsSinceLeft < 60 ? 'just now' : `${duration(taker.secondsSinceLeft)} ago`}` : 'connected'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}
