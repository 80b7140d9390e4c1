import { count } from '../../format'
import { usePolled } from '../../parts/polled'
import { Failed, Words } from '../../parts/Small'
import type { DhtFamily, DhtNode, DhtNodeState, DhtTables } from '../../types'

const STATES: Record<DhtNodeState, { name: string; meaning: string }> = {
  good: { name: 'Good', meaning: 'answered within a quarter of an hour' },
  questionable: { name: 'Silent', meaning: 'has not been heard for longer' },
  failing: { name: 'Failing', meaning: 'left the last question unanswered' },
}

const MAX_LISTED = 200

/** Whom the node knows in the DHT: a row for each distance, a dot for each node. The table below says the same and more. */
export function DhtTable() {
  const { data, problem, again } = usePolled<DhtTables>('network/dht', 5000)
  if (!data) return problem ? <Failed problem={problem} again={again} /> : null
  const families = data.families.filter(family => family.rows.length > 0)
  return (
    <section class="card stack">
      <div>
        <h2>Known nodes of the DHT</h2>
        <p class="quiet">
          {data.families.length === 0
            ? 'The DHT is switched off, so there are none.'
            : families.length === 0
              ? 'Nobody has answered yet.'
              : 'Near nodes stand below: each row has half as many nodes in the world as the one above it, so that the first rows are full and the last ones are few.'}
        </p>
      </div>
      {families.map(family => (
        <Family key={family.family} family={family} />
      ))}
      {families.length > 0 && (
        <>
          <ul class="legend" aria-hidden="true">
            {Object.entries(STATES).map(([state, { name, meaning }]) => (
              <li key={state} class={`dht-${state}`} title={meaning}>
                {name}
              </li>
            ))}
          </ul>
          <Listed families={families} />
        </>
      )}
    </section>
  )
}

function Family({ family }: { family: DhtFamily }) {
  const nodes = family.rows.flatMap(row => row.nodes)
  return (
    <div class="stack">
      <h3>
        {family.family === 'ipv6' ? 'IPv6' : 'IPv4'} <span class="quiet small number">{said(nodes)}</span>
      </h3>
      <ol class="distances" aria-label={`Distances over ${family.family === 'ipv6' ? 'IPv6' : 'IPv4'}, the farthest first`}>
        {family.rows.map(row => (
          <li key={row.sharedBits}>
            <span class="quiet small number">{row.sharedBits === 0 ? 'farthest half' : `1 in ${share(row.sharedBits)}`}</span>
            <span class="dots" aria-hidden="true">
              {row.nodes.map(node => (
                <span key={node.endPoint} class={`dht-${node.state}`} title={`${node.endPoint}, ${STATES[node.state].name.toLowerCase()}, ${node.roundTripMilliseconds} ms`} />
              ))}
            </span>
            <span class="number">{said(row.nodes)}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

function Listed({ families }: { families: DhtFamily[] }) {
  const all = families.flatMap(family => family.rows.flatMap(row => row.nodes.map(node => ({ ...node, sharedBits: row.sharedBits })))).reverse()
  return (
    <details>
      <summary>Nodes as a table</summary>
      <div class="scroller" tabIndex={0} role="region" aria-label="Nodes of the DHT as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Bits like ours
              </th>
              <th scope="col" class="number">
                Round trip
              </th>
              <th scope="col" class="number">
                Answered
              </th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, MAX_LISTED).map(node => (
              <tr key={node.endPoint}>
                <td>
                  <Words max={60}>{node.endPoint}</Words>
                </td>
                <td title={STATES[node.state].meaning}>{STATES[node.state].name}</td>
                <td class="number">{node.sharedBits}</td>
                <td class="number">{node.roundTripMilliseconds} ms</td>
                <td class="number">{node.secondsSinceReply < 60 ? 'just now' : `${Math.round(node.secondsSinceReply / 60)} min ago`}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {all.length > MAX_LISTED && <p class="quiet small">The nearest {MAX_LISTED} of {all.length} are listed.</p>}
      </div>
    </details>
  )
}

/** Of how many nodes in the world one is so near: 2 to the power of the bits in common, and once more. */
function share(bits: number): string {
  const nodes = 2 ** (bits + 1)
  return nodes < 1e6 ? nodes.toLocaleString('en') : `2^${bits + 1}`
}

function said(nodes: DhtNode[]): string {
  const troubled = (['questionable', 'failing'] as const)
    .map(state => ({ state, n: nodes.filter(node => node.state === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => `${n} ${STATES[state].name.toLowerCase()}`)
  return [count(nodes.length, 'node'), ...troubled].join(', ')
}
