import { useEffect, useState } from 'preact/hooks'
import { exactBytes, parseBytes } from './sizes'

/** A rate a second that is kept when the field is left; 0 is no limit. */
export function RateField({ name, value, onKeep }: { name: string; value: number | null; onKeep: (value: number) => void }) {
  const written = value ? exactBytes(value) : ''
  const [text, setText] = useState(written)
  const [isWrong, setWrong] = useState(false)
  useEffect(() => setText(written), [written])
  const keep = () => {
    if (text === written) return setWrong(false)
    const read = parseBytes(text)
    setWrong(read === undefined)
    if (read !== undefined) onKeep(read ?? 0)
  }
  return (
    <label class="field">
      <span>{name}</span>
      <input value={text} placeholder="no limit" aria-invalid={isWrong} onInput={event => setText(event.currentTarget.value)} onBlur={keep} onKeyDown={event => event.key === 'Enter' && keep()} autocomplete="off" />
      {isWrong && (
        <span role="alert" class="bad">
          Write a rate a second, such as 500 KiB or 2 MiB; empty is no limit.
        </span>
      )}
    </label>
  )
}
