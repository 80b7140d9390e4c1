import { useState } from 'preact/hooks'
import { act } from '../actions'
import { count } from '../format'
import { labels as known } from '../pages/transfers/view'
import { Dialog } from './Dialog'

/** The labels that a field holds, separated by commas. */
export function labelsOf(text: string): string[] {
  return [...new Set(text.split(',').map(part => part.trim()).filter(part => part.length > 0))]
}

/** Gives torrents the labels that one types; they replace what was there. */
export function LabelDialog({ ids, labels, onClose }: { ids: string[]; labels: string[]; onClose: () => void }) {
  const [text, setText] = useState(labels.join(', '))
  return (
    <Dialog title={`Labels of ${count(ids.length, 'transfer')}`} onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault()
          void act('label', ids, { labels: labelsOf(text) })
          onClose()
        }}
      >
        <label class="field">
          <span>Labels, separated by commas</span>
          <input value={text} onInput={event => setText(event.currentTarget.value)} list="known-labels" autofocus autocomplete="off" />
        </label>
        <datalist id="known-labels">
          {known.value.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div class="actions">
          <button type="submit" class="primary">
            Set
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
