import { removeLater } from '../actions'
import { count } from '../format'
import { Dialog } from './Dialog'

/** Asks whether the files stay; the removal itself can be undone for some seconds. */
export function RemoveDialog({ ids, onDone, onClose }: { ids: string[]; onDone: () => void; onClose: () => void }) {
  const remove = (withData: boolean) => {
    removeLater(ids, withData)
    onClose()
    onDone()
  }
  return (
    <Dialog title={`Remove ${count(ids.length, 'transfer')}?`} onClose={onClose}>
      <p>The list forgets {ids.length === 1 ? 'it' : 'them'}; you can undo it for some seconds.</p>
      <div class="actions">
        <button type="button" class="primary" autofocus onClick={() => remove(false)}>
          Remove, keep the files
        </button>
        <button type="button" class="danger" onClick={() => remove(true)}>
          Remove and delete the files
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  )
}
