import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { node } from '../../live'
import { Dialog } from '../../parts/Dialog'
import { FolderChooser } from '../../parts/FolderChooser'
import { Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import type { WatchFolder } from '../../types'

/** Folders whose torrent files are added by themselves. */
export function WatchFolders() {
  const { data, problem, again } = usePolled<{ items: WatchFolder[] }>('watch-folders')
  const [choosing, setChoosing] = useState(false)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  const change = (work: () => Promise<unknown>) => tell(work).then(again)
  return (
    <div class="stack">
      <p class="quiet">Torrent files that appear in these folders of the node's computer are added by themselves.</p>
      <ul class="entries">
        {data.items.map(folder => (
          <li key={folder.id}>
            <code>
              <Words max={300}>{folder.path}</Words>
            </code>
            <button type="button" onClick={() => void change(() => call('DELETE', 'watch-folders/' + encodeURIComponent(folder.id)))}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <span>
        <button type="button" onClick={() => setChoosing(true)}>
          Add a folder
        </button>
      </span>
      {choosing && (
        <Dialog title="Which folder shall be watched?" onClose={() => setChoosing(false)}>
          <FolderChooser
            start={node.value?.downloadDirectory ?? '/'}
            verb="Watch this folder"
            onChoose={path => {
              setChoosing(false)
              void change(() => call('POST', 'watch-folders', { path }))
            }}
          />
        </Dialog>
      )}
    </div>
  )
}
