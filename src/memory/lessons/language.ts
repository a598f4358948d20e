// In which language a text is, as far as lessons differ by it: by script, else by the commonest words. Not here: what follows.

export type Language = 'en' | 'de' | 'fr' | 'es' | 'zh' | 'other';

const COMMON: Readonly<Record<'en' | 'de' | 'fr' | 'es', ReadonlySet<string>>> = {
  en: wordsOf(
    'the of and to in is was are were a an that it for on with as at by from this be has have had not or i my you we our he she his her they their if then do does did will can which who what where when why how all there',
  ),
  de: wordsOf(
    'der die das und ist war sind waren ein eine einen einem einer nicht mit von zu im in auf für dem den des sich auch es er sie ich mein meine wir unser wird wurde hat haben wenn dann wer was wo wann warum wie nach bei am aus',
  ),
  fr: wordsOf(
    'le la les des du de et est était sont un une que qui dans pour avec sur au aux par pas ne ce cette il elle je mon ma mes nous notre vous leur si quand où comment pourquoi en a ont été plus',
  ),
  es: wordsOf(
    'el la los las de del y es era son un una que en para con por no su sus al se lo como más mi mis nos nuestro ella él yo si cuando dónde cómo qué quién está fue ha han',
  ),
};

/** English, where nothing speaks for another: a name or a number alone is treated as English. */
export function languageOf(text: string): Language {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return 'en';
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  if (han > letters / 3) return /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? 'other' : 'zh';
  if ((text.match(/\p{Script=Latin}/gu)?.length ?? 0) < letters / 2) return 'other';
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  let best: Language = 'en';
  let most = words.filter((word) => COMMON.en.has(word)).length;
  for (const language of ['de', 'fr', 'es'] as const) {
    const count = words.filter((word) => COMMON[language].has(word)).length;
    if (count > most) [best, most] = [language, count];
  }
  return best;
}

function wordsOf(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
