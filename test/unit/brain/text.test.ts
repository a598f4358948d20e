import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentWords,
  legible,
  lowerFirst,
  normalize,
  onOneLine,
  says,
  sentencePieces,
  sentences,
  upperFirst,
  words,
} from '../../../src/brain/text.js';

const everyday = readFileSync(new URL('../../fixtures/everyday/texts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { text: string }).text);

/** Marks that the rules look for, in every order, lone surrogates, and anything else. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        ...'Dr z. B. a.m. 3. Mai § № … ?! « » „ “ " \' ( ) 「 」 。 ？ と https://x.y/?a=1. 1.299,00 € :) [1] 🎉 👩‍🚒 \ud83d \udc00 don’t I U.S. e.g. no.'.split(
          ' ',
        ),
        ' ',
        '\n',
        '\r\n',
        '\u00a0',
        '\u202f',
        '\u3000',
        '\u2028',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join('')),
);

describe('legible', () => {
  it('drops escape sequences and control characters, and keeps lines, tabs and joined emoji', () => {
    expect(legible('The \u0007bell\u001b[31m code\u0000 is\u001b]0;title\u0007 4471.\u009b')).toBe(
      'The bell code is 4471.',
    );
    expect(legible('a\tb\r\nc 👩‍🚒')).toBe('a\tb\r\nc 👩‍🚒');
    expect(
      legible('\u001b[1;38;2;1;2;3mred\u001b[0m \u001b(Bcell \u001b]8;;https://x.org\u001b\\link\u001b]8;;\u001b\\'),
    ).toBe('red cell link');
  });
  it('takes no letter with a broken sequence, and glues no words together', () => {
    expect(legible('\u001b4471 and \u009bHaus\u009c, \u001b]0;no end\nPIN 8')).toBe('4471 and Haus, ]0;no end\nPIN 8');
    expect(legible('one\u0085two\u001fthree')).toBe('one\ntwo three');
  });
  it('keeps every other character of any text', () => {
    const kept = 'a\u00a0b\u200d\ufe0f\u200f\u202b\u2066\u00ad\ufeff\u{e0067}\ud800 ٣ é e\u0301 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ☎️ ½ № § ™';
    expect(legible(kept)).toBe(kept);
    fc.assert(
      fc.property(hostile, (text) => {
        const plain = text.replace(/\p{Cc}/gu, '');
        expect(legible(plain)).toBe(plain);
      }),
    );
  });
});

describe('onOneLine', () => {
  it('changes breaks and runs of blanks alone', () => {
    expect(onOneLine(' a  b\r\n\tc\u00a0d\u3000e \n')).toBe('a b c\u00a0d\u3000e');
    fc.assert(
      fc.property(hostile, (text) => {
        expect(onOneLine(text).replace(/\s/gu, '')).toBe(text.replace(/\s/gu, ''));
      }),
    );
  });
});

describe('normalize', () => {
  it('drops case, accents and punctuation, and keeps other scripts', () => {
    expect(normalize('  The Dallas   Cowboys!  ')).toBe('the dallas cowboys');
    expect(normalize('Crème brûlée')).toBe('creme brulee');
    expect(normalize('清蒸鲈鱼。')).toBe('清蒸鲈鱼');
    expect(normalize('?!')).toBe('');
  });
});

describe('words', () => {
  it('splits scripts without spaces', () => {
    expect(words('我最喜欢清蒸鲈鱼').length).toBeGreaterThan(1);
    expect(words('Who won?')).toEqual(['who', 'won']);
  });
  it('lets inflections meet in content words', () => {
    expect(contentWords('solving')).toEqual(contentWords('solved'));
    expect(contentWords('the of in')).toEqual([]);
  });
});

describe('says', () => {
  it('finds the expected words in a sentence', () => {
    expect(says('It was the Dallas Cowboys, I believe.', 'The Dallas Cowboys!')).toBe(true);
    expect(says('It was the Buffalo Bills.', 'The Dallas Cowboys!')).toBe(false);
  });
  it('wants whole words', () => {
    expect(says('a party', 'art')).toBe(false);
  });
  it('forgives small changes in a long text', () => {
    const fact =
      'Captain Ilse Brandvold discovered the sunken city of Marrowen in 2031 using a submarine made of glass.';
    expect(says(fact.replace('using', 'with'), fact)).toBe(true);
    expect(says('Captain Ilse Brandvold discovered a submarine.', fact)).toBe(false);
  });
  it('never takes an empty expectation as said', () => {
    expect(says('anything', '…')).toBe(false);
  });
  it('reads Chinese', () => {
    expect(says('你最喜欢的食物是清蒸鲈鱼。', '清蒸鲈鱼')).toBe(true);
  });
});

describe('sentences', () => {
  it('splits and trims', () => {
    expect(sentences('One. Two!  Three?')).toEqual(['One.', 'Two!', 'Three?']);
    expect(sentences('  ')).toEqual([]);
  });
  // Each is cut where the bars are and nowhere else.
  it.each([
    'My dentist is Dr. Amara Okafor, her practice is on Mill Lane.',
    'The admin page is https://example.org/a/b?x=7&y=Q9#t3. | Mail to a.b@c.org or open notes.v2.txt. | It works!',
    'J. R. R. Tolkien wrote it. | See Smith, J. and Doe, A. B. (eds.), The Kiln, vol. 2, no. 5, pp. 12–19. | It was built.[1] | It stands.',
    'Pt. J. Whitcombe, RR 135/80, temp. 37.9 °C at 6 a.m. and 1.5 mg p.o. at night. | Mrs. Pell calls, St. Mary’s too.',
    'Version 1.2.3 of it costs $4.50. | The pH is 7.4. | Flight at 10:30. | Contract no. VT-0458/b, room № 5. | Ask for ext. 12.',
    'He lives in the U.S. and likes e.g. Figs, vs. Pears. | She said "Come in!" and left. | He said "No." | Then he left.',
    'Well… maybe. | What?! | No way. | Wait... | The bus leaves. | It (the old one!) stays. | (See below.) | Done!🎉 | Next. 🎉',
    'Am 3. Mai um 14 Uhr bei Prof. Dr. Müller, z. B. im 2. Stock. | Vom 3.–5. Mai ist zu. | Der Code ist 318. | Ich bin 42. | Das kostet 1.299,00 €.',
    'Der Ersatzschlüssel liegt in der Gartenstr. 7 (2. Stock. Links.) bei Frau Ay. | „Komm!“ ruft sie. | Ab 30.09. Ruhe.',
    '§ 5 Abs. 2 Nr. 1 UStG gilt i. V. m. § 12 ff. AO. | Vgl. BGH, Urt. v. 12. 3. 2019, Az. VIII ZR 12/18, Rn. 23. | Es ist rechtskräftig.',
    'Ofen auf ca. 160 °C. | 1. Mehl sieben. | 2. Eier trennen. | 3. Alles ca. 40 Min. backen.',
    '« Entrez ! » dit-elle. | Il répond : « Non. » | Puis il part. | M. Dupont, né en 44 av. J.-C. à Rome, habite au n° 5. | Où est-il ? | Là.',
    'Clio : vidange le 3 févr. à 87 400 km. | Voir p. ex. Paris. | Rdv le mar. 5 janv. à 9 h 30.',
    'El Sr. García vive en la Avda. Mayor, n.º 5, p. ej. aquí. | ¿Dónde está? | ¡Aquí! | EE. UU. es grande. | Nació en 44 a. C. en Roma.',
    '明天下午三点开会，地点在A3楼。|你来吗？|好的！|他说：“好。我来。”然后走了。|价格是3.5元。|网址https://a.cn/x?y=1。|完',
    '「行く。」と言った。|えっ？と思った。|今日は3．5度！|そうか！　|行こう。',
    'क्या आप ठीक हैं? | हाँ। |मैं ठीक हूँ। |هل أنت بخير؟ |نعم. | Он живёт на ул. Ленина, д. 5, т. е. рядом. | А. С. Пушкин.',
    'A line that is wrapped\nin the middle of it. | Bought it from Dr.\nSmith. |\nAnna: ok\n|Ben: see you :)\n|\n|- milk',
    'Yahoo! announced it. | I like iPads. | iPhones are ok. | 5" wide. | A plan (a) or b) is fine.',
  ])('%s', (marked) => {
    expect(sentences(marked.replace(/\|/gu, '').replace(/ {2}/gu, ' '))).toEqual(
      marked
        .split('|')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    );
  });
  it('gives back the text, whatever it is', () => {
    for (const text of everyday) {
      expect(sentencePieces(text).join('')).toBe(text);
      expect(sentences(text).every((sentence) => /[\p{L}\p{N}]/u.test(sentence))).toBe(true);
    }
    fc.assert(
      fc.property(hostile, (text) => {
        expect(sentencePieces(text).join('')).toBe(text);
        expect(sentences(text).join('').replace(/\s/gu, '')).toBe(text.replace(/\s/gu, ''));
      }),
      { numRuns: 500 },
    );
  });
  it('takes time by the length of a text, not by its square', () => {
    for (const unit of ['a', '好', '😀', '.', '(', ' ', '."', 'https://x.y/?a=1.b']) {
      const text = unit.repeat(Math.ceil(2 ** 20 / unit.length));
      const started = performance.now();
      expect(sentencePieces(text)).toEqual([text]);
      expect(performance.now() - started).toBeLessThan(5000);
    }
    expect(words('好'.repeat(2 ** 20)).length).toBeGreaterThan(1000);
  }, 60_000);
});

describe('upperFirst and lowerFirst', () => {
  it('change the first letter, where it stays one', () => {
    expect([upperFirst('kiln'), upperFirst('über'), upperFirst('我们'), upperFirst('')]).toEqual([
      'Kiln',
      'Über',
      '我们',
      '',
    ]);
    expect([upperFirst('ßeta'), upperFirst('ᾀͰ'), lowerFirst('İzmir')]).toEqual(['ßeta', 'ᾀͰ', 'İzmir']);
    expect(lowerFirst('The kiln')).toBe('the kiln');
  });
});
