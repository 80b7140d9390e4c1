import { useState } from 'preact/hooks'
import { act } from '../../actions'
import { count } from '../../format'
import { Icon } from '../../parts/Icon'
import { LabelDialog } from '../../parts/LabelDialog'
import { RemoveDialog } from '../../parts/RemoveDialog'
import { torrents } from '../../live'
import { chosen, select, shown } from './view'

/** What can be done with all that is selected. */
export function BulkBar() {
  const [asking, setAsking] = useState<'remove' | 'label' | null>(null)
  const ids = chosen.value
  return (
    <div class="filters bulk" role="toolbar" aria-label="With the selected transfers">
      <strong class="number">{count(ids.length, 'selected', 'selected')}</strong>
      <div class="row">
        <button type="button" onClick={() => void act('resume', ids)}>
          <Icon name="resume" /> <span>Resume</span>
        </button>
        <button type="button" onClick={() => void act('pause', ids)}>
          <Icon name="pause" /> <span>Pause</span>
        </button>
        <button type="button" onClick={() => setAsking('label')}>
          <Icon name="label" /> <span>Label</span>
        </button>
        <button type="button" onClick={() => void act('recheck', ids)}>
          <Icon name="check" /> <span>Check</span>
        </button>
        <button type="button" onClick={() => void act('reannounce', ids)}>
          <Icon name="again" /> <span>Ask for peers</span>
        </button>
        <button type="button" class="danger" onClick={() => setAsking('remove')}>
          <Icon name="remove" /> <span>Remove</span>
        </button>
        <button type="button" onClick={() => select(ids.length < shown.value.length ? shown.value.map(torrent => torrent.id) : [])}>
          {ids.length < shown.value.length ? 'Select all' : 'Select none'}
        </button>
        <button type="button" class="icon" aria-label="Select none" onClick={() => select([])}>
          <Icon name="close" />
        </button>
      </div>
      {asking === 'remove' && <RemoveDialog ids={ids} onDone={() => select([])} onClose={() => setAsking(null)} />}
      {asking === 'label' && <LabelDialog ids={ids} labels={torrents.get(ids[0] ?? '')?.labels ?? []} onClose={() => setAsking(null)} />}
    </div>
  )
}
