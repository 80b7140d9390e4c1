import { Icon } from '../../parts/Icon'
import { harmless } from '../../text'
import { counts, filter, FILTERS, type Filter, label, labels, search, sort, sortBy, type SortKey } from './view'

const SORTS: Record<SortKey, string> = {
  addedAt: 'Added',
  name: 'Name',
  progress: 'Progress',
  size: 'Size',
  downRate: 'Down',
  upRate: 'Up',
  eta: 'Time left',
  ratio: 'Ratio',
}

export function FilterBar() {
  const { key, descending } = sort.value
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label="Show">
        {(Object.keys(FILTERS) as Filter[])
          .filter(which => which === 'all' || which === filter.value || counts.value[which] > 0)
          .map(which => (
            <button key={which} type="button" class="chip" aria-pressed={filter.value === which} onClick={() => (filter.value = which)}>
              {FILTERS[which]} <span class="number">{counts.value[which].toLocaleString('en')}</span>
            </button>
          ))}
      </div>
      <div class="row">
        {labels.value.length > 0 && (
          <select aria-label="Label" value={label.value} onChange={event => (label.value = event.currentTarget.value)}>
            <option value="">All labels</option>
            {labels.value.map(name => (
              <option key={name} value={name}>
                {harmless(name, 40)}
              </option>
            ))}
          </select>
        )}
        <select
          class="sorts"
          aria-label="Sort by"
          value={`${key} ${descending}`}
          onChange={event => {
            const [next, order] = event.currentTarget.value.split(' ')
            sortBy(next as SortKey, order === 'true')
          }}
        >
          {(Object.keys(SORTS) as SortKey[]).flatMap(each => [
            <option key={each} value={`${each} false`}>
              {SORTS[each]} ↑
            </option>,
            <option key={each + ' down'} value={`${each} true`}>
              {SORTS[each]} ↓
            </option>,
          ])}
        </select>
        <label class="search">
          <span class="unseen">Search the transfers</span>
          <Icon name="search" />
          <input id="search" type="search" value={search.value} onInput={event => (search.value = event.currentTarget.value)} placeholder="Search" autocomplete="off" spellcheck={false} />
        </label>
      </div>
    </div>
  )
}
