import { InvertedEngine } from './inverted.engine.ts';
import { parseQuery } from './query.parser.ts';
import { termsOf } from './tokenizer.ts';

/**
 * By kind, what a query must find (`query → text`) and what not (`query ✗ text`). Words match
 * exactly here, since a prefix or a similar term would hide that a word was not understood, except
 * among the numbers without typos.
 */
const KINDS: Record<string, string> = {
  'elision: French, Italian, Catalan, Occitan': `
    amour → L'amour est aveugle
    l'amour → amour, amours
    homme → Il n'y a pas d’homme
    écrire → L´écrire, c´est tout
    ecrire → l\`ecrire
    aimer → Qu'aimer ? Jusqu'aimer
    il → lorsqu'il pleut
    a → ç'a été
    amore → L'essenza dell'amore
    dell'amore → amore
    alba → All'alba vincerò
    universo → nell’universo
    inizio → dall'inizio
    acqua → sull'acqua
    altra → un'altra volta
    italiani → Gl'italiani
    innocenti → degl'innocenti
    antonio → Sant'Antonio
    sant'antonio → SANT'ANTONIO
    sant antonio → sant’Antonio
    uomo → un bell'uomo e quell'uomo
    ultima → quest'ultima
    anni → vent'anni
    io → anch'io
    mere → ma grand'mère
    home → l'home és d'hivern
    hivern → l'home és d'hivern
    ajuda → m'ajuda, s'ajuda, t'ajuda
    dona → dona'm la mà
    mira → mira't
    òme → l'òme occitan
    aurelha → l’aurelha
    aujourdhui → aujourd'hui
    hui ✗ aujourd'hui
    jour ✗ aujourd'hui
    un ✗ quelqu'un
    l ✗ l'amour
    dell ✗ dell'amore`,
  'English genitive and contractions': `
    god plan → God's plan
    god → GOD’S PLAN
    god's plan → God plan
    lovers → the lovers' quarrel
    lovers' → two lovers
    men → men's hearts
    children → children´s books
    james → James's and James' book
    all → All's well that ends well
    bell → Bell's theorem
    grand → the grand's
    world → the world‘s end
    everybody → everybody's darling
    one → one's own
    foto → mijn foto's
    auto → de auto's
    dont → I don't know
    don't → I dont know
    its → It's a trap
    thats life → That's life
    lets go → let’s go
    whats → What's up
    oclock → five o'clock
    o'clock → five o’clock
    rocknroll → rock'n'roll
    obrien → O'Brien
    quran → the Qur'an and the Qurʾan
    hawaii → Hawaiʻi
    cant → can't
    clock ✗ five o'clock
    brien ✗ O'Brien
    don ✗ I don't know
    it ✗ It's a trap
    s ✗ God's plan`,
  'Turkish endings, geresh and other apostrophes': `
    ankara → Ankara'dan geldim
    istanbul → İstanbul'da yaşıyorum
    ISTANBUL → istanbul’a ve İstanbul'da
    türkiye → Türkiye'nin başkenti
    izmir → İzmir'deki ev
    mehmet → Mehmet'in kitabı
    atatürk → Atatürk'ün sözü
    ayşe → Ayşe'ye
    bursa → Bursa'yla
    kıbrıs → KIBRIS'tan
    пять → п'ять яблук
    пять → п’ять яблук
    об'єкт → обʼєкт
    м’ята → м'ята
    ג'ורג' → ג׳ורג׳
    גורג → ג'ורג'
    xian → Xi'an
    xi'an → Xi’an
    shinya → Shin'ya
    sanaa → Sana'a
    kaaba → Kaʿaba
    yall → y'all
    maam → Ma'am
    dan ✗ Ankara'dan
    an ✗ Xi'an`,
  'invisible characters': `
    cooperation → co\u00adoperation
    co\u00adoperation → cooperation
    Wörterbuch → Wör\u00adter\u00adbuch
    liberté → li\u00adber\u00adté
    love → lo\u200bve
    lo\u200bve → love
    love → \ufefflove
    love → love\u200b
    love → \u2060love\u2060
    love → \u200elove\u200f
    love → \u202alove\u202c
    love → \u2066love\u2069
    love → l\u200do\u200cve
    hate → ha\u034fte
    amour → a\ufe0fmour
    can't → can\u200b't
    میروم → می\u200cروم
    می\u200cروم → میروم
    کتابها → کتاب\u200cها
    کتاب\u200cها → كتابها
    خانهها → خانه\u200cها
    שלום → \u200fשלום\u200f
    नमस्ते → नमस्\u200dते
    ขอบคุณ → ขอบ\u200bคุณ
    東京 → 東\u200b京
    한국 → 한\u200b국
    12000 → 12\u202f000
    👩‍👩‍👧 → 👩‍👩‍👧
    lo ve ✗ lo\u200bve
    👩 ✗ 👩‍👩‍👧`,
  'abbreviations with points': `
    usa → Made in the U.S.A.
    U.S.A. → the USA
    u.s.a → the USA
    USA → in U.S.A, they say
    eg → e.g. this
    e.g. → eg this
    ie → i.e. that
    jrr tolkien → J.R.R. Tolkien
    j.r.r. tolkien → J. R. R. Tolkien
    jrr tolkien → J.R.R.Tolkien
    J.R.R.Tolkien → J. R. R. Tolkien
    jk rowling → J. K. Rowling
    J. K. Rowling → JK Rowling
    george rr martin → George R. R. Martin
    jp sartre → J.-P. Sartre
    ps → P.-S. : je t'aime
    ps → P.S. I love you
    phd ✗ PhX
    urss → l'U.R.S.S. de Staline
    onu → dell'O.N.U.
    ссср → в С.С.С.Р. было
    те → т.е. так
    ас пушкин → А. С. Пушкин
    ас пушкин → А.С. Пушкин
    zb → z.B. hier
    z.B. → z. B. hier
    uk based → U.K.-based
    pm → 5 p.m.
    www example com → www.example.com
    example → www.example.com
    next → word.Next
    i never → It was I. Never again
    a → Plan A. Be quick
    e tu → Sono io. E tu? Io.
    w ✗ w.w.w.
    ia ✗ So am I. A man
    exampl ✗ www.example.com
    wordnext ✗ word.Next`,
  'groups of digits': `
    1000 → 1,000 ways
    1000 → 1.000 Wege
    1000 → 1 000 chemins
    1000 → 1\u00a0000 chemins
    1000 → 1\u202f000 chemins
    1000 → 1\u2009000 ways
    1000 → 1'000 Wege
    1000 → 1’000 Wege
    1000 → 1_000
    1,000 → 1000
    1.000 → 1 000
    1 000 → 1,000
    10000 → 10,000 hours
    1000000 → 1,000,000
    1000000 → 1.000.000
    1 000 000 → 1’000’000
    100000 → ₹1,00,000
    12345678 → 1,23,45,678
    1,00,000 → 100,000
    20000 → 20,000km
    1000 → ١٬٠٠٠
    1000 → １，０００円
    1000.50 → $1,000.50
    1000,50 → 1.000,50 €
    1000 → 1,000, 2,000
    2000 → 1,000, 2,000
    2000 → from 1,000 to 2,000.
    1000 ✗ 1,0000
    1 ✗ 1,000
    000 ✗ 1,000
    12345 ✗ 12 34 5
    1984451 ✗ 1984 451`,
  'decimals, dates, times, versions': `
    3.14 → π is 3.14
    3,14 → π is 3.14
    3.14 → π vaut 3,14
    0.5 → 0,5 %
    0,125 → 0.125
    2.5 → 2.5kg
    2.5 kg → 2,5kg
    98.6 → 98.6°
    1.5 → 1.5-fold
    3.14 → ٣٫١٤
    3.14 → (3.14).
    12345.678 → 12,345.678
    12 30 → at 12:30
    30 12 → at 12:30
    2024 → 24.12.2024
    24 12 2024 → 24/12/2024
    2024-12-24 → 24.12.2024
    24.12.2024 → 2024-12-24
    1.2.3 → version 1.2.3
    v1.2.3 → v1.2.3
    192.168.1.1 → 192.168.1.1
    1914 1918 → 1914–1918
    john 3 16 → John 3:16
    1990 → in 1990.
    2 → 1, 2, 3
    50 → 50%
    3 ✗ 3.14
    14 ✗ 3.14
    314 ✗ 3.14
    3.1 ✗ 3.14
    1.2 ✗ 1.2.3
    123 ✗ 1.2.3`,
  'digits of other scripts, superscripts': `
    123 → ١٢٣
    123 → ۱۲۳
    123 → १२३
    123 → ১২৩
    123 → １２３
    123 → 𝟏𝟐𝟑
    123 → ๑๒๓
    2567 → พ.ศ. ๒๕๖๗
    123 → ໑໒໓
    123 → ១២៣
    123 → ၁၂၃
    123 → ௧௨௩
    123 → ౧౨౩
    ١٢٣ → 123
    १२३ → ١٢٣
    1984 → 一九八四 １９８４年
    09 → ០៩
    56789 → ५६७८९
    56789 → ٥٦٧٨٩
    x2 → x² + y²
    x² → x2
    mc2 → E = mc²
    m2 → 20 m²
    h2o → H₂O
    10 → ⑩
    vii → Henry Ⅶ
    1 → 1️⃣
    1 ✗ ٢
    12 ✗ ١٢٣`,
  fractions: `
    1/2 → ½ cup
    ½ → 1/2 cup
    ½ → 1⁄2
    1/3 → ⅓
    1/4 → ¼
    3/4 → ¾
    ⅔ → 2/3
    1/8 → ⅛
    7/8 → ⅞
    1/10 → ⅒
    2½ → 2 1/2
    2 1/2 → 2½
    2½ → 2 ½
    8½ → Fellini's 8½
    1/2 → ½cup
    cup → ½cup
    1/2 → (½)
    1/2 → १/२
    24/7 → open 24/7
    9/11 → since 9/11
    1/100 → 1/100 s
    he she → he/she
    12 25 2024 → 12/25/2024
    12 ✗ ½
    1 ✗ ½
    2 ✗ ½
    21/2 ✗ 2½
    1/2 ✗ 1/25`,
  emoji: `
    👍 → 👍🏽
    👍🏽 → 👍
    👍🏿 → 👍🏻
    👋 → Hello 👋🏾!
    🙏 → 🙏🏼🙏🏼
    ❤ → ❤️
    ❤️ → ❤
    ☺️ → ☺︎
    🤷 → 🤷‍♀️
    🤷‍♂️ → 🤷‍♀️
    🤷🏽‍♂️ → 🤷
    🏃‍♀️ → 🏃🏿‍♂️
    👩‍🚀 → 👩🏽‍🚀
    👩🏽‍🚀 → 👩‍🚀
    👩‍👩‍👧 → 👩‍👩‍👧
    🇫🇷 → Vive 🇫🇷!
    🇫🇷 → 🇩🇪🇫🇷
    🏴󠁧󠁢󠁥󠁮󠁧󠁿 → 🏴󠁧󠁢󠁥󠁮󠁧󠁿
    ok 👍 ok → ok👍🏽ok
    love → love❤️
    ♀ → ♀ and ♂
    lego bricks → Lego™ bricks
    "lego bricks" → Lego® bricks
    👍 ✗ 👎
    🇫🇷 ✗ 🇩🇪
    🏴󠁧󠁢󠁥󠁮󠁧󠁿 ✗ 🏴󠁧󠁢󠁳󠁣󠁴󠁿
    👩 ✗ 👩‍🚀
    👧 ✗ 👩‍👩‍👧`,
  'quotation marks in queries': `
    5"10 → He is 5 feet 10
    12" vinyl → a vinyl of 12 inches
    vinyl 12" → a vinyl of 12 inches
    5'10" tall → tall: 5' 10"
    5′10″ → 5'10"
    19" rack "a rack" → it is a rack of 19
    צה"ל → צה״ל
    צה״ל → צה"ל
    צה”ל → צה״ל
    צהל → צה"ל
    "צה"ל" → צה״ל
    ארה"ב → ארה״ב
    "true love" → a true love
    «true love» → a true love
    “true love” → a true love
    „true love“ → a true love
    »true love« → a true love
    ‟true love” → a true love
    ‹true love› → a true love
    ＂true love＂ → a true love
    「人生」 → 人生は短い
    『人生』 → 人生は短い
    "true love → a true love
    -"false love" true → a true love
    "true love" ✗ love is true
    «true love» ✗ love is true
    “true love” ✗ love is true
    „true love“ ✗ love is true
    »true love« ✗ love is true
    ‹true love› ✗ love is true
    "true love ✗ love is true
    「人生」 ✗ 生人
    -«true love» a ✗ a true love`,
  'scripts without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese': `
    東京 → 私は東京に住む
    東京 → 東\n京
    人生 → 人生は短い
    爱情 → 爱情是盲目的
    我爱你 → 我爱你，中国
    ありがとう → ありがとうございます
    ラーメン → 東京のラーメン
    ﾗｰﾒﾝ → ラーメン
    ガス → ｶﾞｽ
    パン → ﾊﾟﾝ
    が → か\u3099
    人々 → 世界の人々
    iPhone手机 → 我的手机是iPhone
    Tシャツ → 白いTシャツ
    東京 大学 → 大学は東京にある
    ⼈生 → 人生
    1984年 → １９８４年
    ความรัก → ความรักคือการให้
    ขอบคุณ → ขอบคุณมาก
    รักแท้ → รักแท้มีอยู่จริง
    ຄວາມຮັກ → ຄວາມຮັກແມ່ນ
    សេចក្តីស្រឡាញ់ → សេចក្តីស្រឡាញ់គឺ
    အချစ် → အချစ်သည်
    愛 → 愛してる
    東京 ✗ 京東
    東京 ✗ 東の京
    人生 ✗ 生きる人
    爱情 ✗ 情人的爱
    ありがとう ✗ とうがありあ
    か ✗ が
    ラメン ✗ ラーメン
    รักแท้ ✗ แท้รัก
    東京 大学 ✗ 東大京学
    ความรัก ✗ รักความ`,
  'numbers without typos': `
    19845 ✗ 19846
    12345 ✗ 12354
    123456789 ✗ 123456780
    20000 ✗ 2000
    100000 ✗ 200000
    1,000,000 ✗ 1,000,001
    3.14159 ✗ 3.14158
    25/12/2024 ✗ 25/12/2023
    catch22 ✗ catch23
    catch22 ✗ catches
    windows95 ✗ windows98
    windows98 ✗ windows
    covid19 ✗ covid
    iphone12x ✗ iphone13x
    love4ever ✗ loveforever
    abcde ✗ abcd3
    level ✗ leve1
    hello ✗ hell0
    １２３４５ ✗ 12346
    ١٢٣٤٥ ✗ 12346
    x12345 ✗ x12346
    1984 → 19845
    windows → windows98
    liberty → libertx
    wonderfull → wonderful`,
  'letters: Latin': `
    coeur → cœur
    aether → Æther
    strasse → Straße
    straße → STRASSE
    strasse → STRAẞE
    uber → über
    lodz → Łódź
    orsted → Ørsted
    angstrom → Ångström
    thor → Þor
    edda → Eđđa
    đường → duong
    duong → đường
    nguyen → Nguyễn
    fin → ﬁn
    flow → ﬂow
    love → 𝐥𝐨𝐯𝐞
    love → 𝓵𝓸𝓿𝓮
    love → 𝕝𝕠𝕧𝕖
    love → ⓛⓞⓥⓔ
    love → ＬＯＶＥ
    love → 🄻🄾🅅🄴
    love → l̶o̶v̶e̶
    success → ſucceſs
    isik → ışık
    IŞIK → ışık
    istanbul → İstanbul
    collegi → col·legi
    col·legi → coŀlegi
    novella → novel·la
    manana → mañana
    e\u0301te\u0301 → été
    ete ✗ etat`,
  'letters: Greek, Cyrillic, Arabic, Hebrew': `
    οδος → ΟΔΟΣ
    οδός → ΟΔΟΣ
    αγαπη → Η αγάπη
    έρως → ερωσ
    елка → ёлка
    ёлка → Елка
    всё → все
    мой → мой дом
    їжак → їжак
    гудзик → ґудзик
    любовь → ЛЮБОВЬ
    الحب → الحُبّ
    احمد → أحمد
    أحمد → احمد
    اسلام → إسلام
    ايه → آية
    مدرسه → مدرسة
    مدرسة → مدرسه
    على → علي
    كتاب → كتـــاب
    كتاب → کتاب
    یک → يك
    الرحمن → ٱلرحمن
    שלום → שָׁלוֹם
    אהבה → אַהֲבָה
    ישראל → יִשְׂרָאֵל
    مسئول → مسؤول مسئول
    мои ✗ мой
    їх ✗ iх
    у ✗ ў
    כלב ✗ חתול`,
  'signs around and in words': `
    love → *love*
    love → **love**
    love → _love_
    love → #love
    #love → love
    @ada → ada
    ada → thanks @ada!
    ada example com → ada@example.com
    ada@example.com → ada@example.com
    snake case → snake_case
    snake_case → snake case
    c++ → I write C++.
    C++ → c++
    c# → C# and F#
    f# → C# and F#
    at&t → AT&T
    at & t → AT&T
    r&b → R & B
    q&a → Q&A
    well being → well-being
    well-being → well being
    porte clé → porte‑clé
    porte clé → porte‐clé
    and or → and/or
    love hate → love…hate
    love hate → love—hate
    love hate → love,hate
    <b>love</b> → love of b
    c ✗ I write C++.
    c ✗ C# and F#
    c# ✗ C++`,
  'split and joined': `
    wellbeing → well-being
    well-being → wellbeing
    well being → wellbeing
    ebook → e-book
    e-book → ebook
    tshirt → T-shirt
    bienêtre → bien-être
    bien être → bienetre
    portefeuille → porte-feuille
    weekend → week-end
    week end → weekend
    Donaudampf schiff → Donaudampfschiff
    fussball → Fuss Ball
    anti guerra → antiguerra
    autostrada → auto strada
    guardachuva → guarda-chuva
    zuidafrika → Zuid-Afrika
    rock n roll → rock'n'roll
    rocknroll → rock 'n' roll
    rock'n'roll → rock 'n' roll
    drum n bass → drum'n'bass
    covid19 → COVID-19
    covid-19 → covid19
    mp3 → MP 3
    formula 1 → Formula1
    20th → 20-th
    well zzz being ✗ wellbeing
    1984 ✗ 19 84
    19 84 ✗ 1984
    a1b ✗ a 1 b`,
};

const WITH_TYPOS = new Set(['numbers without typos', 'split and joined']);

interface Case {
  query: string;
  text: string;
  isFound: boolean;
}

function casesOf(lines: string): Case[] {
  return lines
    .split('\n    ')
    .slice(1)
    .map((line) => {
      const [query = '', sign, text = ''] = line.split(/ ([→✗]) /u);
      return { query, text, isFound: sign === '→' };
    });
}

function finds(keyword: string, text: string, withTypos: boolean): boolean {
  const engine = new InvertedEngine();
  engine.add(1, text, null);
  const query = parseQuery(keyword);
  if (!withTypos) {
    for (const word of query.words) Object.assign(word, { exact: true, prefix: false });
  }
  const { total, relaxed } = engine.search({ query, limit: 1, offset: 0 });
  // Where no quote has all words, some are left out, which is no way to write them.
  return total === 1 && relaxed.length === 0;
}

const kinds = Object.entries(KINDS).map(([kind, lines]) => {
  const cases = casesOf(lines);
  return { kind, cases, count: cases.length };
});

describe('words as written', () => {
  it.each(kinds)('$kind: $count cases', ({ kind, cases, count }) => {
    const failed = cases.filter(({ query, text, isFound }) => {
      return finds(query, text, WITH_TYPOS.has(kind)) !== isFound;
    });
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(20);
  });

  it('understands a term as itself', () => {
    const terms = kinds.flatMap(({ cases }) => cases.flatMap(({ text }) => termsOf(text)));
    expect(terms.filter((term) => termsOf(term).join(' ') !== term)).toEqual([]);
  });
});
