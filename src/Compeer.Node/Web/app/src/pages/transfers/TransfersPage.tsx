import { loaded } from '../../live'
import { Empty, Loading, PageHead } from '../../parts/Small'
import { AddBox } from './AddBox'
import { BulkBar } from './BulkBar'
import { FilterBar } from './FilterBar'
import { TransferList } from './TransferList'
import { chosen, counts, filter, label, search, shown } from './view'

export function TransfersPage() {
  return (
    <div class="transfers">
      <PageHead title="Transfers" />
      <AddBox />
      {counts.value.all > 0 && (chosen.value.length > 0 ? <BulkBar /> : <FilterBar />)}
      <Content />
    </div>
  )
}

function Content() {
  if (counts.value.all === 0) {
    if (!loaded.value) return <Loading what="Reading the list" />
    return (
      <Empty title="Nothing here yet">
        <p>Paste a magnet link above, or drop a torrent file anywhere on this page. To give something to others, go to Share.</p>
      </Empty>
    )
  }
  if (shown.value.length === 0)
    return (
      <Empty title="Nothing matches">
        <button
          type="button"
          onClick={() => {
            filter.value = 'all'
            label.value = ''
            search.value = ''
          }}
        >
          Show all transfers
        </button>
      </Empty>
    )
  return <TransferList />
}
