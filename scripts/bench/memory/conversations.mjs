// Cases out of long conversations (LoCoMo): a case is one session, with what is asked about it and nothing else. Questions that
// the conversation does not answer are left out. Not here: memories that conversations keep of themselves.

/** One line for each turn, told with who said it and when. */
export function sessionCases(conversation, id) {
  const sessions = Object.keys(conversation).filter(
    (key) => /^session_\d+$/.test(key) && Array.isArray(conversation[key]),
  );
  return sessions.flatMap((key) => {
    const date = conversation[`${key}_date_time`] ?? '';
    const turns = conversation[key].map(({ speaker, text, blip_caption: caption }) => {
      const shown = caption === undefined ? '' : ` (showing ${caption})`;
      return `${speaker} said on ${date}: ${text.trim()}${shown}`;
    });
    const ids = conversation[key].map(({ dia_id: turn }) => turn);
    const evidence = new Set(ids);
    const asked = conversation.qa.filter(
      (question) =>
        question.answer !== undefined &&
        idsOf(question).length > 0 &&
        idsOf(question).every((turn) => evidence.has(turn)),
    );
    const elsewhere = conversation.qa.find((question) => idsOf(question).every((turn) => !evidence.has(turn)));
    if (asked.length === 0) return [];
    return [
      {
        id: `${id}.${key}`,
        inputs: turns,
        text: turns.join('\n\n'),
        asked: asked.map((row) => ({
          ask: CATEGORIES[row.category] ?? 'other',
          question: row.question,
          answers: [String(row.answer)],
          evidence: [...new Set(idsOf(row))].map((turn) => ids.indexOf(turn)),
        })),
        neighbours: elsewhere === undefined ? [] : [elsewhere.question],
      },
    ];
  });
}

/** As the authors number them. */
const CATEGORIES = { 1: 'several turns', 2: 'time', 3: 'inference', 4: 'one turn' };

const idsOf = ({ evidence = [] }) => evidence.flatMap((ids) => ids.split(/[;\s]+/)).filter(Boolean);
