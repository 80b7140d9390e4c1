import { useState } from 'preact/hooks'
import { bytes } from '../format'
import { harmless } from '../text'
import type { Folder } from '../types'
import { Icon } from './Icon'
import { Failed, Loading, Words } from './Small'
import { usePolled } from './polled'

/** Walks through the folders of the node's computer. With `files` a file can be chosen too. */
export function FolderChooser({ start, files = false, verb, onChoose }: { start: string; files?: boolean; verb: string; onChoose: (path: string) => void }) {
  const [path, setPath] = useState(start)
  const [typed, setTyped] = useState(start)
  const { data, problem, again } = usePolled<Folder>('folders?path=' + encodeURIComponent(path))
  const enter = (next: string) => {
    setPath(next)
    setTyped(next)
  }
  // No form of its own: this may stand inside one, which Enter must not send.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    enter(typed)
  }
  const here = data?.path ?? path
  const inside = (name: string) => (here.endsWith('/') ? here + name : `${here}/${name}`)
  return (
    <div class="chooser">
      <div class="row">
        <label class="grow">
          <span class="unseen">Folder on the node's computer</span>
          <input value={typed} onInput={event => setTyped(event.currentTarget.value)} onKeyDown={onKeyDown} spellcheck={false} autocomplete="off" />
        </label>
        <button type="button" onClick={() => enter(typed)}>
          Open
        </button>
      </div>
      {problem ? (
        <Failed problem={problem} again={again} />
      ) : !data ? (
        <Loading what="Reading the folder" />
      ) : (
        <ul class="folders" aria-label={`Folders in ${harmless(here)}`}>
          {data.parent !== null && data.parent !== undefined && (
            <li>
              <button type="button" class="plain" onClick={() => enter(data.parent ?? '/')}>
                <Icon name="back" /> One up
              </button>
            </li>
          )}
          {data.folders.map(name => (
            <li key={'d' + name}>
              <button type="button" class="plain" onClick={() => enter(inside(name))}>
                <Icon name="folder" /> <Words>{name}</Words>
              </button>
            </li>
          ))}
          {files &&
            data.files.map(file => (
              <li key={'f' + file.name}>
                <button type="button" class="plain" onClick={() => onChoose(inside(file.name))}>
                  <Icon name="file" /> <Words>{file.name}</Words> <span class="quiet number">{bytes(file.size)}</span>
                </button>
              </li>
            ))}
          {data.folders.length === 0 && (!files || data.files.length === 0) && <li class="quiet pad">Nothing in here.</li>}
        </ul>
      )}
      <button type="button" class="primary" disabled={!data} onClick={() => onChoose(here)}>
        {verb}
      </button>
    </div>
  )
}
