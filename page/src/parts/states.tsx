// What every view shows while there is nothing to show: loading, empty, a fault with what to do, and progress.
import type { ComponentChildren, VNode } from 'preact';
import { ApiError } from '../api-error.js';
import { needsKey } from '../http.js';
import { number, percent } from '../format.js';
import { t } from '../strings/index.js';
import type { Resource } from '../store.js';
import { visible } from '../text/visible.js';

export function Loading(): VNode {
  return (
    <p class="quiet loading" role="status">
      {t('state.loading')}
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }): VNode {
  return <div class="empty">{children}</div>;
}

export function Fault({ error, retry }: { error: unknown; retry?: (() => void) | undefined }): VNode | null {
  if (error === undefined) return null;
  const { message, hint } = told(error);
  return (
    <div class="fault" role="alert">
      <p dir="auto">{visible(message)}</p>
      {hint !== undefined && <p class="quiet">{visible(hint)}</p>}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          {t('state.retry')}
        </button>
      )}
    </div>
  );
}

/** A fault in the server's words, where it has some. */
export function told(error: unknown): { message: string; hint?: string | undefined } {
  if (!(error instanceof ApiError)) return { message: error instanceof Error ? error.message : String(error) };
  if (error.status === 0) return { message: t('state.unreachable'), hint: t('state.unreachableHint') };
  if (error.status === 401) return { message: t('key.needed') };
  return { message: error.message, hint: error.hint };
}

/** Shows a resource in whichever state it is; what was loaded stays while it is loaded again. */
export function Loaded<T>({ of, children }: { of: Resource<T>; children: (value: T) => ComponentChildren }): VNode {
  const isLocked = of.error instanceof ApiError && of.error.status === 401 && needsKey.get();
  return (
    <>
      {of.error !== undefined && !isLocked && <Fault error={of.error} retry={of.reload} />}
      {isLocked && <p class="quiet">{t('key.needed')}</p>}
      {of.value === undefined ? of.isLoading && <Loading /> : children(of.value)}
    </>
  );
}

/** Without `of` it only says that something goes on. */
export function Progress({ label, done, of }: { label: string; done?: number; of?: number }): VNode {
  const isKnown = done !== undefined && of !== undefined && of > 0;
  return (
    <div class="progress">
      <span>
        {label}
        {isKnown && <span class="quiet"> {of === 1 ? percent(done) : `${number(done)} / ${number(of)}`}</span>}
      </span>
      {isKnown ? <progress aria-label={label} value={done} max={of} /> : <progress aria-label={label} />}
    </div>
  );
}
