import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { bytes, percent } from '../../format'
import { Icon } from '../../parts/Icon'
import { Bar, Empty, Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import { harmless } from '../../text'
import type { Priority, Summary, TorrentFile } from '../../types'
import { kindOf } from '../play/kinds'

const PRIORITIES: Record<Priority, string> = { high: 'First', normal: 'Normal', low: 'Last', skip: 'Not at all' }
const STEP = 200

export function Files({ torrent }: { torrent: Summary }) {
  const [most, setMost] = useState(STEP)
  const { data, problem, again } = usePolled<{ items: TorrentFile[] }>(torrent.size > 0 ? `torrents/${torrent.id}/files` : null, 3000)
  if (torrent.size === 0)
    return (
      <Empty title="No files are known yet">
        <p>Their names come with the description, for which peers are asked.</p>
      </Empty>
    )
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading what="Reading the files" />
  const setPriority = (index: number, priority: Priority) =>
    tell(async () => {
      await call('PATCH', `torrents/${torrent.id}/files`, { priorities: { [index]: priority } })
      again()
    })
  return (
    <>
      <ul class="files" aria-label="Files">
        {data.items.slice(0, most).map(file => (
          <File key={file.index} id={torrent.id} file={file} onPriority={priority => void setPriority(file.index, priority)} />
        ))}
      </ul>
      {data.items.length > most && (
        <button type="button" onClick={() => setMost(most + STEP * 5)}>
          Show more of {data.items.length.toLocaleString('en')} files
        </button>
      )}
    </>
  )
}

function File({ id, file, onPriority }: { id: string; file: TorrentFile; onPriority: (priority: Priority) => void }) {
  const done = file.size === 0 ? 1 : file.verified / file.size
  const name = harmless(file.path)
  const kind = kindOf(file)
  return (
    <li class={file.priority === 'skip' ? 'skipped' : ''}>
      <div class="what">
        <span class="wrap">
          <Words>{file.path}</Words>
        </span>
        <span class="quiet number">
          {done < 1 ? `${percent(done)} of ${bytes(file.size)}` : bytes(file.size)}
          {file.priority === 'skip' && ', not fetched'}
        </span>
        {done < 1 && file.priority !== 'skip' && <Bar value={done} />}
      </div>
      <div class="row">
        {kind !== null && (
          <a class="button" href={href('play', id, String(file.index))} aria-label={`${kind === 'video' || kind === 'audio' ? 'Play' : 'Show'} ${name}`}>
            <Icon name={kind === 'video' || kind === 'audio' ? 'play' : 'search'} /> {kind === 'video' || kind === 'audio' ? 'Play' : 'Show'}
          </a>
        )}
        {done >= 1 && (
          <a class="button" href={`/api/v1/torrents/${id}/files/${file.index}/content?download=1`} download aria-label={`Save ${name} on this computer`}>
            <Icon name="down" /> Save
          </a>
        )}
        <select aria-label={`When to fetch ${name}`} value={file.priority} onChange={event => onPriority(event.currentTarget.value as Priority)}>
          {(Object.keys(PRIORITIES) as Priority[]).map(priority => (
            <option key={priority} value={priority}>
              {PRIORITIES[priority]}
            </option>
          ))}
        </select>
      </div>
    </li>
  )
}
