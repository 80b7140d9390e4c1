import { useState } from 'preact/hooks'
import { call, Problem } from '../../api'
import { count } from '../../format'
import { useAttempt } from '../../parts/attempt'
import { follow } from '../../parts/job'
import { Failed, Loading, PageHead, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import { REACH } from '../../Shell'
import { harmless } from '../../text'
import type { Finding, Network, Tracking } from '../../types'
import { DhtTable } from './DhtTable'
import { PeerMap } from './PeerMap'

/** How this node is connected with the world. */
export function NetworkPage() {
  const { data, problem, again } = usePolled<Network>('network', 3000)
  if (!data)
    return (
      <>
        <PageHead title="Network" />
        {problem ? <Failed problem={problem} again={again} /> : <Loading what="Asking the node" />}
      </>
    )
  return (
    <div class="stack">
      <PageHead title="Network" />
      <section class={`card verdict ${data.reachability.verdict}`}>
        <h2 class={`reach ${data.reachability.verdict}`}>
          <span class="dot" aria-hidden="true" />
          {REACH[data.reachability.verdict]}
        </h2>
        <p>
          <Words max={600}>{data.reachability.words}</Words>
        </p>
        {(data.reachability.advice ?? []).map(advice => (
          <p key={advice} class="advice">
            <Words max={600}>{advice}</Words>
          </p>
        ))}
        <Doctor />
      </section>
      <PeerMap peers={data.peers} />
      <section class="card">
        <h2>Details</h2>
        <dl class="facts">
          <dt>Addresses</dt>
          <dd>{data.addresses.length > 0 ? data.addresses.map(address => <code key={address} class="block">{harmless(address, 60)}</code>) : 'none known yet'}</dd>
          <dt>Port</dt>
          <dd class="number">{data.port}</dd>
          <dt>Router</dt>
          <dd>
            <Words max={400}>{data.portMapping.words}</Words>
          </dd>
          <dt>DHT</dt>
          <dd>
            <Words max={400}>{data.dht.words}</Words>{' '}
            {data.dht.enabled && <span class="quiet number">{count(data.dht.nodes4, 'node')} over IPv4, {data.dht.nodes6.toLocaleString('en')} over IPv6</span>}
          </dd>
          {data.relay && (
            <>
              <dt>Relay</dt>
              <dd>
                <code>{harmless(data.relay, 60)}</code> passes traffic on to this node
              </dd>
            </>
          )}
          <dt>Connections</dt>
          <dd class="number">
            {data.connections.tcp} TCP, {data.connections.utp} uTP, {data.connections.punched} punched, {data.connections.relayed} relayed; {data.connections.incoming} of them dialled us
          </dd>
        </dl>
      </section>
      <DhtTable />
      <Tracker tracker={data.tracker} again={again} />
    </div>
  )
}

/** Whether this node tells peers of each other, for torrents of one's own circle. */
function Tracker({ tracker, again }: { tracker: Tracking; again: () => void }) {
  const { failed, busy, attempt } = useAttempt()
  const turn = (on: boolean) =>
    attempt(async () => {
      await call('PATCH', 'settings', { tracker: on })
      again()
    })
  return (
    <section class="card stack">
      <div>
        <h2>Tracker</h2>
        <p class="quiet">
          A tracker tells peers of each other, for a circle that does without the public ones. <Words max={400}>{tracker.words}</Words>
        </p>
      </div>
      {tracker.enabled && (
        <dl class="facts">
          <dt>Addresses</dt>
          <dd>
            {tracker.http || tracker.udp ? [tracker.http, tracker.udp].map(address => address && <code key={address} class="block">{harmless(address, 120)}</code>) : 'none'}
          </dd>
          <dt>Knows</dt>
          <dd class="number">
            {count(tracker.peers, 'peer')} of {count(tracker.swarms, 'torrent')}
          </dd>
        </dl>
      )}
      <span class="even">
        <button type="button" disabled={busy} onClick={() => void turn(!tracker.enabled)}>
          {tracker.enabled ? 'Stop the tracker' : 'Run a tracker here'}
        </button>
        <a href={href('settings')}>Where it listens</a>
      </span>
      <p class="bad" role="alert">
        {failed}
      </p>
    </section>
  )
}

/** Measures reachability, and says what can be done. */
function Doctor() {
  const [running, setRunning] = useState(false)
  const [findings, setFindings] = useState<Finding[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const examine = async () => {
    setRunning(true)
    setProblem(null)
    try {
      const { job } = await call<{ job: string }>('POST', 'doctor', {})
      setFindings((await follow(job, () => undefined)).result?.findings ?? [])
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setProblem(error)
    }
    setRunning(false)
  }
  return (
    <div class="stack doctor">
      <span>
        <button type="button" onClick={() => void examine()} disabled={running}>
          {running ? 'Measuring…' : 'Examine the connection'}
        </button>
      </span>
      <div role="status">
        {problem && <p class="bad">{harmless(problem.message, 400)}</p>}
        {findings && (
          <ul class="findings">
            {findings.map(finding => (
              <li key={finding.title}>
                <span class={finding.ok ? 'mark good' : 'mark warn'}>{finding.ok ? 'Good' : 'Look'}</span>
                <div>
                  <h3>
                    <Words>{finding.title}</Words>
                  </h3>
                  <p class="quiet">
                    <Words max={600}>{finding.detail}</Words>
                  </p>
                  {finding.advice && (
                    <p>
                      <Words max={600}>{finding.advice}</Words>
                    </p>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  )
}
