import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Icon } from '../../parts/Icon'
import { Empty, Failed, Loading, PageHead } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import type { Setting } from '../../types'
import { Access } from './Access'
import { Appearance } from './Appearance'
import { Feeds } from './automatic/Feeds'
import { WatchFolders } from './automatic/WatchFolders'
import { Rates } from './Rates'
import { SettingRow } from './SettingRow'

/** The sections that are more than a value each, with the words a search finds them by. */
const SPECIAL: { title: string; words: string; content: () => ComponentChildren }[] = [
  { title: 'Appearance', words: 'theme colours dark light', content: () => <Appearance /> },
  { title: 'Other limits and schedule', words: 'rate speed bandwidth up down alternate night time', content: () => <Rates /> },
  { title: 'Watch folders', words: 'directory automatic torrent files add', content: () => <WatchFolders /> },
  { title: 'Feeds', words: 'rss atom subscribe rules automatic', content: () => <Feeds /> },
  { title: 'Access', words: 'password keys token api security scope', content: () => <Access /> },
  { title: 'What the node says of itself', words: 'log messages errors diagnosis', content: () => <a href={href('log')}>Open the log</a> },
]

/** Every setting with its effect, found by search. */
export function SettingsPage() {
  const { data, problem, again } = usePolled<{ items: Setting[] }>('settings')
  const [search, setSearch] = useState('')
  const words = search.toLowerCase().trim()
  const fits = (text: string) => words === '' || words.split(/\s+/).every(word => text.toLowerCase().includes(word))
  const items = (data?.items ?? []).filter(item => fits(`${item.title} ${item.help} ${item.area} ${item.key}`))
  const areas = [...new Set(items.map(item => item.area))]
  const special = SPECIAL.filter(section => fits(`${section.title} ${section.words}`))
  return (
    <div class="stack settings">
      <PageHead title="Settings">
        <label class="search">
          <span class="unseen">Search the settings</span>
          <Icon name="search" />
          <input type="search" value={search} onInput={event => setSearch(event.currentTarget.value)} placeholder="Search the settings" autocomplete="off" />
        </label>
      </PageHead>
      {problem && !data ? <Failed problem={problem} again={again} /> : !data && <Loading what="Reading the settings" />}
      {areas.map(area => (
        <section class="card" key={area} aria-labelledby={'area-' + area}>
          <h2 id={'area-' + area}>{area}</h2>
          {items
            .filter(item => item.area === area)
            .map(item => (
              <SettingRow key={item.key} setting={item} onChanged={again} />
            ))}
        </section>
      ))}
      {special.map(section => (
        <section class="card" key={section.title}>
          <h2>{section.title}</h2>
          {section.content()}
        </section>
      ))}
      {data && items.length === 0 && special.length === 0 && (
        <Empty title="Nothing matches">
          <button type="button" onClick={() => setSearch('')}>
            Show all settings
          </button>
        </Empty>
      )}
    </div>
  )
}
