// A dialog over the page: the browser's own, which keeps the focus, closes by Escape and gives the focus back.
import { useEffect, useId, useRef } from 'preact/hooks';
import type { ComponentChildren, VNode } from 'preact';
import { t } from '../strings/index.js';

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (element.current?.open === false) element.current.showModal();
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={props.onClose}>
      <header class="row">
        <h2 id={id}>{props.title}</h2>
        <button type="button" class="small" onClick={() => element.current?.close()}>
          {t('dialog.close')}
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

/** Asks before what cannot be taken back at once. */
export function Confirm(props: {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}): VNode {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p dir="auto">{props.text}</p>
      <button
        type="button"
        class="danger"
        onClick={() => {
          props.onConfirm();
          props.onClose();
        }}
      >
        {props.action}
      </button>
    </Dialog>
  );
}
