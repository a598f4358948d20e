// What a learning measured, for a person: committed or not and why, the figures of its examination, and each question of it.
import type { VNode } from 'preact';
import type { Receipt } from '../../api.js';
import { loss, percent, seconds } from '../../format.js';
import { linkTo } from '../../routes.js';
import { t, type StringKey } from '../../strings/index.js';
import { visible } from '../../text/visible.js';

export function ReceiptCard({ receipt }: { receipt: Receipt }): VNode {
  return (
    <section class="receipt stack">
      <Verdict receipt={receipt} />
      <Figures receipt={receipt} />
      {receipt.probes.length > 0 && (
        <details>
          <summary>{t('receipt.probes', { count: receipt.probes.length })}</summary>
          <Probes receipt={receipt} />
        </details>
      )}
    </section>
  );
}

function Verdict({ receipt }: { receipt: Receipt }): VNode {
  const { committed, id, reason, knownBy } = receipt;
  if (knownBy !== undefined && !committed) {
    return (
      <p class="verdict" role="status">
        {t(knownBy.length === 0 ? 'receipt.knownByModel' : 'receipt.knownBy')}{' '}
        {knownBy.map((known) => (
          <a href={linkTo('memories', known)}>{known} </a>
        ))}
      </p>
    );
  }
  return (
    <p class={committed ? 'verdict good' : 'verdict bad'} role="status">
      {committed ? (
        <>
          {t('receipt.committed')} <a href={linkTo('memories', id)}>{id}</a>
        </>
      ) : (
        <>
          {t(reason === undefined ? 'receipt.undone' : 'receipt.rolledBack')} {reason !== undefined && visible(reason)}
        </>
      )}
    </p>
  );
}

function Figures({ receipt }: { receipt: Receipt }): VNode {
  const { recall, paraphrase, unrelated, neighbours, superseded } = receipt;
  const change = (share: { before?: number; after: number }): string =>
    share.before === undefined ? percent(share.after) : `${percent(share.before)} → ${percent(share.after)}`;
  const kept = (of: { kept: number; asked: number }): string => t('receipt.of', { kept: of.kept, asked: of.asked });
  const rows: [StringKey, string][] = [
    ['receipt.loss', `${loss(receipt.loss.before)} → ${loss(receipt.loss.after)}`],
    ['receipt.recall', change(recall)],
    ['receipt.paraphrase', paraphrase === undefined ? t('receipt.notAsked') : change(paraphrase)],
    ['receipt.unrelated', kept(unrelated)],
    ...(neighbours === undefined ? [] : [['receipt.neighbours', kept(neighbours)] satisfies [StringKey, string]]),
    ...(superseded === undefined
      ? []
      : [
          ['receipt.superseded', t('receipt.of', { kept: superseded.recalled, asked: superseded.asked })] satisfies [
            StringKey,
            string,
          ],
        ]),
    [
      'receipt.effort',
      t('receipt.effortIs', { steps: receipt.steps, tokens: receipt.tokens, time: seconds(receipt.seconds) }),
    ],
  ];
  return (
    <dl class="figures">
      {rows.map(([key, value]) => (
        <div>
          <dt>{t(key)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Probes({ receipt }: { receipt: Receipt }): VNode {
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>{t('probe.kind')}</th>
            <th>{t('probe.question')}</th>
            <th>{t('probe.before')}</th>
            <th>{t('probe.after')}</th>
            <th>{t('probe.held')}</th>
          </tr>
        </thead>
        <tbody>
          {receipt.probes.map(({ kind, question, before, after, held }) => (
            <tr>
              <td>{t(`probe.${kind}`)}</td>
              <td dir="auto">{visible(question)}</td>
              <td dir="auto">{before === undefined ? '–' : visible(before)}</td>
              <td dir="auto">{visible(after)}</td>
              <td>
                <span class={held ? 'good' : 'bad'}>{t(held ? 'probe.yes' : 'probe.no')}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
