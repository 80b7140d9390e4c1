import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { bytes, count, dateTime } from '../../format'
import { learn } from '../../live'
import { RateField } from '../../parts/RateField'
import { Copy, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import type { Detail, Summary } from '../../types'
import { MoveDialog } from './MoveDialog'

/** How the transfer is treated, and all that is known of what it is. */
export function About({ torrent }: { torrent: Summary }) {
  const { data } = usePolled<Detail>(`torrents/${torrent.id}`)
  if (!data) return <Loading />
  return (
    <>
      <Treatment torrent={torrent} />
      <section class="card">
        <h2>What it is</h2>
        <dl class="facts">
          <dt>Name</dt>
          <dd class="long">
            <Words max={12000}>{torrent.name}</Words>
          </dd>
          <dt>Size</dt>
          <dd class="number">
            {torrent.size === 0
              ? 'not known yet'
              : `${bytes(torrent.size)}${torrent.files ? ` in ${count(torrent.files, 'file')}` : ''}; ${count(data.pieceCount, 'piece')} of ${bytes(data.pieceLength)}`}
          </dd>
          <dt>Added</dt>
          <dd>{dateTime(torrent.addedAt)}</dd>
          {torrent.completedAt && (
            <>
              <dt>Complete since</dt>
              <dd>{dateTime(torrent.completedAt)}</dd>
            </>
          )}
          {data.infoHashV1 && (
            <>
              <dt>Info-hash (v1)</dt>
              <dd>
                <code>{data.infoHashV1}</code>
              </dd>
            </>
          )}
          {data.infoHashV2 && (
            <>
              <dt>Info-hash (v2)</dt>
              <dd>
                <code>{data.infoHashV2}</code>
              </dd>
            </>
          )}
          {data.comment && (
            <>
              <dt>Comment</dt>
              <dd class="long">
                <Words max={4000}>{data.comment}</Words>
              </dd>
            </>
          )}
          {data.createdBy && (
            <>
              <dt>Made with</dt>
              <dd>
                <Words>{data.createdBy}</Words>
              </dd>
            </>
          )}
          <dt>Private</dt>
          <dd>{data.private ? 'Yes: peers come from its trackers only' : 'No'}</dd>
          <dt>Link</dt>
          <dd class="stack">
            <code class="long">{data.magnet}</code>
            <span>
              <Copy text={data.magnet} label="Copy the link" />
            </span>
          </dd>
        </dl>
      </section>
    </>
  )
}

function Treatment({ torrent }: { torrent: Summary }) {
  const [moving, setMoving] = useState(false)
  const change = (changes: object) => tell(async () => learn(await call<Summary>('PATCH', `torrents/${torrent.id}`, changes)))
  return (
    <section class="card stack">
      <h2>How it is treated</h2>
      <div class="pair">
        <RateField name="Down at most" value={torrent.downLimit} onKeep={downLimit => void change({ downLimit })} />
        <RateField name="Up at most" value={torrent.upLimit} onKeep={upLimit => void change({ upLimit })} />
      </div>
      <label class="tickbox">
        <input type="checkbox" checked={torrent.sequential} onChange={event => void change({ sequential: event.currentTarget.checked })} /> Fetch in order, from the beginning
      </label>
      <div class="field">
        <span>Folder</span>
        <div class="row">
          <code>
            <Words max={2000}>{torrent.directory}</Words>
          </code>
          <button type="button" disabled={torrent.state === 'moving'} onClick={() => setMoving(true)}>
            {torrent.state === 'moving' ? 'Moving…' : 'Move'}
          </button>
        </div>
      </div>
      {moving && <MoveDialog torrent={torrent} onClose={() => setMoving(false)} />}
    </section>
  )
}
