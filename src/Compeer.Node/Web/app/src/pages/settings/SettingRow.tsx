import { useEffect, useState } from 'preact/hooks'
import { call, Problem } from '../../api'
import { Dialog } from '../../parts/Dialog'
import { FolderChooser } from '../../parts/FolderChooser'
import { say } from '../../parts/Toasts'
import { harmless } from '../../text'
import type { Setting } from '../../types'
import { defaultWords, fromText, toText } from './values'

/** One setting: what it does, its value, and what stands in the way of changing it. It is kept when the field is left. */
export function SettingRow({ setting, onChanged }: { setting: Setting; onChanged: () => void }) {
  const [text, setText] = useState(() => toText(setting, setting.value))
  const [error, setError] = useState('')
  const [choosing, setChoosing] = useState(false)
  useEffect(() => setText(toText(setting, setting.value)), [setting.value])

  const isFixed = setting.source === 'environment' || setting.source === 'flag'
  const id = 'setting-' + setting.key
  const keep = async (value: unknown) => {
    setError('')
    try {
      await call('PATCH', 'settings', { [setting.key]: value })
      say(setting.needsRestart ? `${setting.title} is kept; it counts from the next start of the daemon on.` : `${setting.title} is kept.`)
      onChanged()
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      setError(harmless(problem.errors[setting.key] ?? problem.message, 300))
    }
  }
  const keepText = () => {
    if (text === toText(setting, setting.value)) return setError('')
    const value = fromText(setting, text)
    if (value === undefined) setError(setting.type === 'int' ? 'Write a whole number.' : setting.type === 'duration' ? 'Write a time, such as 30 s, 5 min or 2 h.' : 'Write a size, such as 500 KiB or 2 MiB.')
    else void keep(value)
    return undefined
  }
  const shared = { id, disabled: isFixed, 'aria-describedby': id + '-help', 'aria-invalid': error !== '' }

  return (
    <div class="setting">
      <div class="grow">
        <label for={id}>{setting.title}</label>
        <p id={id + '-help'} class="quiet">
          {setting.help} <span class="note">Default: {harmless(defaultWords(setting), 120)}.</span>
          {setting.needsRestart && <span class="note"> Counts from the next start on.</span>}
          {isFixed && <span class="note"> Set by {setting.source === 'flag' ? 'an option of the command' : 'the environment'}, and can be changed there only.</span>}
        </p>
        {error && (
          <p role="alert" class="bad">
            {error}
          </p>
        )}
      </div>
      <div class="value">
        {setting.type === 'bool' ? (
          <input type="checkbox" role="switch" class="switch" checked={setting.value === true} onChange={event => void keep(event.currentTarget.checked)} {...shared} />
        ) : setting.type === 'choice' ? (
          <select value={String(setting.value)} onChange={event => void keep(event.currentTarget.value)} {...shared}>
            {(setting.choices ?? []).map(choice => (
              <option key={choice} value={choice}>
                {choice}
              </option>
            ))}
          </select>
        ) : (
          <>
            <input
              value={text}
              onInput={event => setText(event.currentTarget.value)}
              onBlur={keepText}
              onKeyDown={event => event.key === 'Enter' && keepText()}
              placeholder={setting.type === 'rate' || setting.type === 'bytes' ? 'no limit' : ''}
              inputMode={setting.type === 'int' ? 'numeric' : 'text'}
              autocomplete="off"
              spellcheck={false}
              {...shared}
            />
            {setting.unit && setting.type === 'int' && <span class="quiet">{setting.unit}</span>}
            {setting.type === 'path' && !isFixed && (
              <button type="button" onClick={() => setChoosing(true)} aria-label={`Choose the folder for ${setting.title}`}>
                Choose
              </button>
            )}
          </>
        )}
      </div>
      {choosing && (
        <Dialog title={setting.title} onClose={() => setChoosing(false)}>
          <FolderChooser
            start={text}
            verb="Use this folder"
            onChoose={path => {
              setChoosing(false)
              void keep(path)
            }}
          />
        </Dialog>
      )}
    </div>
  )
}
