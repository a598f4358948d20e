// Words whose full stop does not end a sentence. Most need no list: Latin words of up to five letters without a vowel (Dr, Nr, bzw),
// letters with stops between them (e.g, z.B, U.S). The rest is chosen from CLDR's segmentation suppressions for en, de, fr and es
// (Unicode License V3), less those that are words as well, and common titles that CLDR lacks. Not here: marks (sentences.ts).

/** Never at an end, in this spelling. */
const ALWAYS = setOf(
  // titles
  'Prof Profa Rev Gen Col Capt Lieut Sen Rep Gov Pres Hon Maj Adm Insp Supt Amb Mons Sra Sras Sres Srta Srtas Dra Dras Ing Lic ' +
    'Arq Excmo Excma Ilmo Ilma Rvdo Lcdo Lcda Mme Mmes Mlle Mlles Fam Jun Esq Dipl Mag Univ Doz MR MRS MS DR ST Messrs ' +
    // firms and places
    'Inc Co Corp Cie Abt Dept Depto Dpto Inst Ges Gebr Hnos Ltda Ave Avda Av Blvd Hwy ' +
    // months and days where they are capitalized
    'Jan Jän Feb Febr Mär Apr Aug Sep Sept Oct Okt Nov Dec Dez Mon Tue Tues Wed Weds Thu Thur Thurs Fri Sat Mo Di Mi Do Sa So ' +
    // in a text
    'ca Ca approx Approx incl Incl excl inkl Inkl exkl evtl Evtl eigtl viz ibid Ibid resp bes insb einschl ausschl allg ehem ' +
    'entspr sog urspr Aufl Jahrh geb verh gegr Ausg eds trad réf éd édit coll env max Mio Mill tel Tel Telef Adr adr ' +
    'ул им обл jew näml österr schweiz röm kath tägl mtl jährl dto',
);

/** Not at an end where a number follows. */
const BEFORE_NUMBER = setOf(
  'no No nos Nos num Num núm Núm art Art arts fig Fig figs cap Cap chap Chap vol Vol vols par Par para sec Sec sect Sect ver Ver ' +
    'ed Ed pos Pos abs Abs ziff Ziff anl Anl anm Anm tab Tab taf Taf kap Kap zi Zi zim app App apt Apt ext Ext fol pág págs tít ' +
    'mind Mind min Min temp est Est op Op ser Ser apdo gem Gem Az az Mar Jul Sun mar lun mer miérc jeu ven sam dim mié jue vie ' +
    'sáb dom ene feb abr may jun jul ago sep sept oct nov dic janv févr avr juil déc т г д кв стр рис табл',
);

const VOWEL = /[aeiouyæœøı]/iu;
const DOTTED = /^(?:\p{L}\p{M}*){1,3}(?:\.-?(?:\p{L}\p{M}*){1,3})+$/u;

/** A unit behind its number: symbols of units are written without a full stop. */
const UNIT = /(?:\p{N}\s?(?:[kcmdµn]?[mgls]|t|h|kWh|k?[WB]|[kMG]?Hz|[kMGT]B|dB|h?Pa|ha)|°\s?[CF])$/u;

/** Whether a full stop after `before` belongs to its last word. `after` is what follows the white space. */
export function isAbbreviation(before: string, after: string): boolean {
  const token = /[\p{L}\p{M}\p{N}.'’\-/]*$/u.exec(before)![0].replace(/^[.'’\-/]+/u, '');
  const last = /[\p{L}\p{M}\p{N}]*$/u.exec(token)![0];
  if (last === '' || UNIT.test(before)) return false;
  if (isInitial(token, last)) return true;
  if (DOTTED.test(token) && token.split(/\.-?/u).some((part) => letters(part) === 1)) return true;
  // notes.txt, src/lib
  if (/[./]\p{L}+$/u.test(token)) return false;
  if (ALWAYS.has(last) || isClipped(last) || /\p{Ll}{2}(?:str|nr)$/u.test(last)) return true;
  if (/(?:^|\s)(?:p\.\s?e[jx]|et\s+al)$/u.test(before) || after.startsWith('J.-C.')) return true;
  // EE. UU., JJ. OO.
  if (/^(\p{Lu})\1$/u.test(last)) return true;
  return BEFORE_NUMBER.has(last) && /^[([]?(?:\p{N}|[#№§]|\p{Lu}{1,4}[-/]?\p{N}|[IVXLC]+(?![\p{L}\p{N}]))/u.test(after);
}

/** A letter by itself, of a script with two cases; after an apostrophe (`d’A. Dumas`) a capital. */
function isInitial(token: string, last: string): boolean {
  if (!/^[\p{Lu}\p{Ll}]\p{M}*$/u.test(last)) return false;
  return !/['’]\p{Ll}\p{M}*$/u.test(token);
}

/** Consonants alone, but no acronym: those are words. */
function isClipped(word: string): boolean {
  if (!/^\p{Script=Latin}{2,5}$/u.test(word) || !/^\p{L}\p{Ll}+$/u.test(word)) return false;
  return !VOWEL.test(word.normalize('NFD').replace(/\p{M}/gu, ''));
}

function letters(word: string): number {
  return word.match(/\p{L}/gu)?.length ?? 0;
}

/** A day or a place in a row as German writes it (`am 3. Mai`, `im 2. Stock`, `vom 30.09. Bitte`), or the number of a list. */
const NUMBER = /(?<![\p{L}\p{N}.,:'’])(?:\d{1,2}(?:\.\d{1,2})?|[IVX]{2,6})$/u;
const ORDINAL_LEAD =
  /(?:,|\.\s*[–—/-]|(?<![\p{L}\p{N}])(?:(?<!\bI )am|im|in|vom|zum|zur|beim|ins|an|ab|bis|seit|nach|vor|bei|mit|und|oder|als|auf|für|d(?:er|ie|as|em|en|es)|(?:k?ein|mein|dein|sein|ihr|unser|jed|dies)(?:e[rmns]?)?))$/iu;
const GERMAN_MONTH =
  /^(?:J[aä]n(?:uar|ner)?|Feb(?:ruar|er|r)?|März?|Apr(?:il)?|Mai|Jun[io]?|Jul[i]?|Aug(?:ust)?|Sept?(?:ember)?|Okt(?:ober)?|Nov(?:ember)?|Dez(?:ember)?)(?!\p{L})/u;

/** Whether a full stop after `before`, which begins where the sentence does, belongs to the number in front of it. */
export function isOrdinal(before: string, after: string): boolean {
  const number = NUMBER.exec(before);
  if (number === null) return false;
  const lead = before.slice(0, number.index).trimEnd();
  // 12. 3. 2019
  if (/\p{N}\.$/u.test(lead) || /^\d{1,2}\.\s?\d{2,4}(?!\p{L})/u.test(after)) return true;
  return !/[\p{L}\p{N}]/u.test(lead) || ORDINAL_LEAD.test(lead) || GERMAN_MONTH.test(after);
}

function setOf(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
