import { useState } from 'preact/hooks'
import { tell } from '../../../actions'
import { call } from '../../../api'
import { count } from '../../../format'
import { useAttempt } from '../../../parts/attempt'
import { Dialog } from '../../../parts/Dialog'
import { FolderField } from '../../../parts/FolderField'
import { labelsOf } from '../../../parts/LabelDialog'
import { Failed, Loading, Words } from '../../../parts/Small'
import { usePolled } from '../../../parts/polled'
import { Troubles } from '../../../parts/Troubles'
import { harmless } from '../../../text'
import type { WatchFolder } from '../../../types'

/** Folders whose torrent files are added by themselves. */
export function WatchFolders() {
  const { data, problem, again } = usePolled<{ items: WatchFolder[] }>('watch-folders', 5000)
  const [adding, setAdding] = useState(false)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  return (
    <div class="stack">
      <p class="quiet">Torrent files that appear in these folders of the node's computer are added by themselves.</p>
      {data.items.length > 0 && (
        <ul class="entries">
          {data.items.map(folder => (
            <li key={folder.id}>
              <div class="grow">
                <code>
                  <Words max={300}>{folder.path}</Words>
                </code>
                <span class={folder.error ? 'bad small' : 'quiet small'}>
                  {folder.error ? <Words max={300}>{folder.error}</Words> : `${count(folder.added, 'torrent')} added`}
                  {folder.directory && (
                    <>
                      , to <Words max={200}>{folder.directory}</Words>
                    </>
                  )}
                  {folder.labels.map(label => (
                    <span class="label" key={label}>
                      <Words max={30}>{label}</Words>
                    </span>
                  ))}
                </span>
                <Troubles of="of its files" items={folder.problems.map(one => ({ what: one.file, detail: one.detail, time: one.time }))} />
              </div>
              <button type="button" aria-label={`Watch ${harmless(folder.path, 80)} no more`} onClick={() => void tell(() => call('DELETE', 'watch-folders/' + encodeURIComponent(folder.id))).then(again)}>
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      <span>
        <button type="button" onClick={() => setAdding(true)}>
          Watch a folder
        </button>
      </span>
      {adding && <NewFolder onDone={again} onClose={() => setAdding(false)} />}
    </div>
  )
}

function NewFolder({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const [path, setPath] = useState('')
  const [directory, setDirectory] = useState('')
  const [labels, setLabels] = useState('')
  const { failed, busy, attempt } = useAttempt()
  return (
    <Dialog title="Watch a folder" onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault()
          void attempt(async () => {
            await call('POST', 'watch-folders', { path: path.trim(), ...(directory.trim() ? { directory: directory.trim() } : {}), labels: labelsOf(labels) })
            onDone()
            onClose()
          })
        }}
      >
        <FolderField name="Folder to watch" value={path} onChange={setPath} />
        <FolderField name="Where the files of its torrents go" value={directory} placeholder="the download folder" onChange={setDirectory} />
        <label class="field">
          <span>Labels, separated by commas</span>
          <input value={labels} onInput={event => setLabels(event.currentTarget.value)} autocomplete="off" />
        </label>
        {failed && (
          <p role="alert" class="bad">
            {failed}
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy || path.trim() === ''}>
            Watch it
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
