import { useState } from 'preact/hooks'
import { node } from '../live'
import { FolderChooser } from './FolderChooser'

/** A folder of the node's computer: written, or chosen among those that are there. */
export function FolderField({ name, value, placeholder, onChange }: { name: string; value: string; placeholder?: string; onChange: (path: string) => void }) {
  const [choosing, setChoosing] = useState(false)
  return (
    <div class="field">
      <label class="field">
        <span>{name}</span>
        <span class="row even">
          <input class="grow" value={value} placeholder={placeholder} onInput={event => onChange(event.currentTarget.value)} autocomplete="off" spellcheck={false} />
          <button type="button" aria-expanded={choosing} aria-label={`Choose: ${name}`} onClick={() => setChoosing(!choosing)}>
            Choose
          </button>
        </span>
      </label>
      {choosing && (
        <FolderChooser
          start={value || node.value?.downloadDirectory || '/'}
          verb="Use this folder"
          onChoose={path => {
            onChange(path)
            setChoosing(false)
          }}
        />
      )}
    </div>
  )
}
