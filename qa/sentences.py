"""Where sentences end: rules on what stands before and after a mark, and word lists for eleven languages.

A mark (. ! ? … 。) ends a sentence unless something speaks against it: a small letter follows, the word before is an
abbreviation or an initial, the number before is an ordinal, a bracket is still open. Whether an abbreviation stands
inside a sentence or at its end is told by the next word: capitalised function words ("The", "Il", "Но") begin
sentences, and hardly ever follow an abbreviation otherwise.

On treebanks that no rule was tuned on this finds more borders and cuts fewer sentences than the libraries it was
compared with: benchmarks/sentence_borders.py and its table in benchmarks/RESULTS.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARK = r"[.!?…؟۔।]"
# What may follow the mark and still belongs to the sentence: closing quotes, brackets, notes as [3], [citation needed].
_CLOSERS = r"""(?:["'”’“‘»«›‹)\]]|\[[^\[\]\n]{1,60}\])*"""
_SHUT = r"""["'”’」』）】〉》)]*"""
_UNSPACED = r"぀-ヿ㐀-鿿"
_MARKS = re.compile(
    # Only at the first of a run of marks: a page of dots is to be read once. Guillemets close after a space in
    # French, as straight quotes do that a tokenizer set loose.
    # The lookaheads stand for possessive quantifiers, which in a group are wrong before Python 3.11.5.
    rf"(?<!{_MARK})(?<!{_MARK}[ ])(?P<mark>{_MARK}+(?:[ ]{_MARK}+)*)(?![ ]?{_MARK}){_CLOSERS}"
    r"""(?:[ ]\[(?:\d{1,3}|[.]{3}|…)\])*"""
    r"""(?P<far>[ \u00a0\u202f](?:»|"|'')(?:[)\]]|(?=\s|\Z)))?(?=\s|\Z)"""
    rf"|(?P<full>[。！？｡]+|(?<=[{_UNSPACED}])[!?]+(?={_SHUT}[{_UNSPACED}\d]))(?P<shut>{_SHUT})"
    r"|(?P<blank>\n\s*\n)"
)
_WORD_BEFORE = re.compile(r"[^\W_]+(?:[.'’\-][^\W_]+)*$")
# "z. B", "U.S", "J. R. R", "т. е", "v. Chr": what precedes the last full stop of an abbreviation of several parts
_PARTS = re.compile(r"(?<!\w)(?:[^\W\d_]\.[ \u00a0]?|[^\W\d_]{1,2}\.)+[^\W\d_]{1,3}$")
_NEXT_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ABBREVIATED = re.compile(r"(\w+)\.\s$")
_AFTER_NUMBER = re.compile(r"\d[\s\u00a0]*$")
_ROMAN = re.compile(r"[IVXL]+$")
_WITHOUT_VOWEL = re.compile(r"[B-DF-HJ-NP-TV-XZb-df-hj-np-tv-xzß]{2,5}$")
_SAID = re.compile(r"\s+(?:[A-Z][\w.’'-]*\s+){1,3}(?:said|says|asked|asks|replied|added|wrote|shouted|cried|told)\b")
_ELISION = re.compile("['’]")
_QUOTED = re.compile("[\"”’']")
_GOES_ON = frozenset([*",;:،؛.!?"])
_LOOK_BACK = 40  # no abbreviation is longer
_BRACKETS = (("(", ")"), ("[", "]"), ("（", "）"), ("「", "」"), ("『", "』"))
_BRACKET_REACH = 300  # a bracket that is not closed by then was forgotten
# After a closing quote, the particles that tie it to what follows: 「…。」と言った
_GOES_ON_IN_JAPANESE = frozenset("とっ、，,でのがはをにもや")


@dataclass(frozen=True, slots=True)
class _Rules:
    """Of one language. All words are in lower case and without their last full stop.

    `joined`: what they belong to follows, so that they end no sentence. `numbered`: the same before a number.
    `either`: also at the end. `starters`: function words that begin sentences. `ordinals`: "3." means "third".
    """

    joined: frozenset[str]
    numbered: frozenset[str]
    either: frozenset[str]
    starters: frozenset[str]
    ordinals: bool = False


def sentence_ends(text: str, language: str | None = None) -> Iterator[int]:
    """The offsets in `text` at which a sentence ends and another one follows, in order; white space may come between.

    `language` is an ISO 639-1 code. A language without lists of its own is read by what holds for most.
    """
    rules = _RULES.get((language or "en")[:2].lower(), _OTHER)
    start = quotes = counted = 0
    last = len(text.rstrip())
    for match in _MARKS.finditer(text):
        end = match.end()
        if match["blank"]:
            ends = True
            end = match.start()
        elif match["full"]:
            ends = not (match["shut"] and text[end : end + 1] in _GOES_ON_IN_JAPANESE)
            ends = ends and not _bracketed(text, start, match.start("full"), end)
        else:
            quotes += text.count('"', counted, match.end("mark"))
            counted = match.end("mark")
            if match["far"] and match["far"][1] == '"' and quotes % 2 == 0:
                end = match.start("far")  # it opens what comes next
            ends = _ends(text, start, match.start(), match["mark"], end, rules)
            ends = ends and not _bracketed(text, start, end, end)
        if end >= last:
            return
        if ends and text[start:end].strip():
            yield end
            start = end


def _ends(text: str, start: int, at: int, mark: str, end: int, rules: _Rules) -> bool:
    """Whether the `mark` at `at`, with what belongs to it up to `end`, ends the sentence that began at `start`."""
    following = _NEXT_WORD.search(text, end, end + 2 * _LOOK_BACK)
    if following is None:
        return False  # nothing but signs: a face, a flourish
    between = text[end : following.start()].strip()
    if between[:1] in _GOES_ON and not between.startswith(",,"):  # which opens quotes in Dutch
        return False
    before = _WORD_BEFORE.search(text, max(start, at - _LOOK_BACK), at)
    if _small(text, following, between):
        bare = end == at + len(mark) and (mark == "." or not between)  # "Go!" he said; Go! -- he said
        return bare and _careless(following[0], before[0] if before else "", mark, rules)
    if mark != ".":
        return not (_QUOTED.search(text, at, end) and _SAID.match(text, end))
    if before is None:
        return True
    first = _ELISION.split(following[0].lower())
    starter = following[0].lower() in rules.starters or first[0] in rules.starters
    one_more = len(following[0]) == 1 and text.startswith(".", following.end())  # J. R. R., a. C.
    starter = starter and not one_more
    own = before[0]
    if own.isdigit():
        opens = before.start() - start < 4 and not _NEXT_WORD.search(text, start, before.start())
        if opens and len(own) <= 3:
            return False  # numbers the sentence
        if not rules.ordinals or len(own) > 2 or between:
            return True
        counted = _ABBREVIATED.search(text, max(start, before.start() - _LOOK_BACK), before.start())
        return starter or (counted is not None and counted[1].lower() in rules.numbered)  # S. 12
    parts = _PARTS.search(text, max(start, at - _LOOK_BACK), at)
    key = "".join(parts[0].lower().split()) if parts else _ELISION.split(own.lower())[-1]  # dell'art
    number = following[0][0].isdigit() or (len(following[0]) > 1 and _ROMAN.match(following[0]) is not None)
    if key in rules.joined or (number and key in rules.numbered):
        return False
    if rules.ordinals and _ROMAN.match(own):
        return starter
    initial = len(own) == 1 and own.isalpha()
    if parts or initial or key in rules.either or (_WITHOUT_VOWEL.match(own) and not own.isupper()):
        begins = (parts or before).start()
        if not between and not one_more and not rules.ordinals:  # 10 a.m., 2010 г.
            return starter or _AFTER_NUMBER.search(text, max(start, begins - 4), begins) is not None
        return starter
    return True


def _small(text: str, word: re.Match[str], between: str) -> bool:
    """Whether what follows begins with a small letter; `between` stands before the word."""
    if len(word[0]) == 1 and between[-1:] in ("'", "’"):  # Dutch: 's Avonds
        after = _NEXT_WORD.search(text, word.end(), word.end() + _LOOK_BACK)
        return after is None or after[0][0].islower()
    return word[0][0].islower() and not word[0][1:2].isupper()  # "iPhone" begins sentences


def _careless(word: str, own: str, mark: str, rules: _Rules) -> bool:
    """Whether a sentence begins at the small `word`, as in comments and chats; `own` stands before the mark."""
    own = _ELISION.split(own)[-1]
    if "…" in mark or ".." in mark or not own.islower():  # Yahoo! and others
        return False
    if mark != ".":
        return True
    return word.lower() in rules.starters and len(own) > 3 and own not in rules.joined | rules.numbered | rules.either


def _bracketed(text: str, start: int, at: int, end: int) -> bool:
    """Whether `at` is inside a bracket that was opened within the sentence and is closed soon."""
    for opening, closing in _BRACKETS:
        opened = text.rfind(opening, max(start, at - _BRACKET_REACH), at)
        if opened < 0 or text.find(closing, opened, end) >= 0:
            continue
        if opening in "([（" and not text[start : min(opened, start + 9)].strip():
            continue  # sentences in brackets, not brackets in a sentence
        closed = text.find(closing, end, end + _BRACKET_REACH)
        if closed >= 0 and text.find(opening, end, closed) < 0:
            return True
    return False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RULES = {
    "en": _Rules(
        joined=_words(
            """dr prof mr mrs ms messrs mme mlle gen col lt sgt capt cmdr maj adm brig cpl pvt gov sen pres rev fr br
            supt insp det mt ft e.g i.e cf viz vs v al approx ca esp incl est dept assoc asst hr"""
        ),
        numbered=_words(
            """no nos p pp vol vols fig figs ch chap sec sect art arts eq eqs para pt ed bk c b d r ver fl n ext tel
            jan feb mar apr jun jul aug sep sept oct nov dec"""
        ),
        either=_words(
            """etc inc co corp ltd llc bros jr sr esq ph.d m.d b.a m.a u.s u.k u.n e.u d.c a.m p.m a.d b.c jan feb mar
            apr jun jul aug sep sept oct nov dec tue tues thu thur thurs ave blvd rd hwy sq ste apt univ natl intl
            mfg hrs secs yr yrs ft oz lb lbs eds trans repr op cit ibid pl st"""
        ),
        starters=_words(
            """the a an this that these those he she it they we you i his her its their our my your who what when where
            why how which there here in on at by for from to with without of as if but and or so yet nor not no all
            both each every some many most much few several one two three after before since until while although
            though because however meanwhile moreover therefore thus then now today later also even only just still
            once under over during between among through despite according other another such it's he's that's
            there's i'm we're they're you're don't did do does is are was were has have had can could will would may
            might should let please"""
        ),
    ),
    "de": _Rules(
        joined=_words(
            """dr prof st hr hrn fr frl ing dipl z.b d.h u.a o.ä v n bzw ca vgl evtl ggf inkl exkl sog gem lt ehem geb
            gest zzgl bspw insb abzgl d.i u.u v.a s.o s.u m.e i.d.r z.t z.zt o.g b.a.w gen mag rer nat med phil jur
            hl kath evang ev dt engl frz lat griech österr schweiz amerik zus durchschn röm"""
        ),
        numbered=_words("nr nrn s abs art bd bde kap abb tab fig ziff z rn anm hrsg aufl jg h vers lfd tel"),
        either=_words(
            """usw etc u.s.w u.dgl dgl co inc str v.chr n.chr chr mio mrd tsd std min sek jh jhd jhdt jan feb mär apr
            jun jul aug sep sept okt nov dez mo ff f a.d a.m a.d.r e.v a.g gmbh bzgl pl tel abt max"""
        ),
        starters=_words(
            """der die das den dem des ein eine einen einem einer eines er sie es wir ihr ich du man wer was wann wo
            wie warum weshalb welche welcher welches dieser diese dieses diesen diesem jener jene jenes in im am an
            auf aus bei beim mit nach von vom vor zu zum zur für über unter durch gegen ohne um seit während wegen
            trotz zwischen bis und oder aber doch denn sondern auch nur noch schon so dann da dort hier jetzt heute
            später damals danach daher deshalb dabei dadurch damit darauf darum dazu außerdem jedoch allerdings zwar
            wenn weil ob obwohl als nachdem bevor sein seine seinen seinem seiner ihre ihren ihrem ihrer unser
            unsere mein meine kein keine alle alles viele einige mehrere beide andere jeder jede jedes ist sind war
            waren hat haben hatte wird werden wurde wurden kann können soll nicht nun zudem ebenso insgesamt weitere
            erst"""
        ),
        ordinals=True,
    ),
    "es": _Rules(
        joined=_words(
            """dr dra dres prof profa sr sra sres sras srta d dª dña fr hno mons gral cnel cap tte ing lic arq st sto
            sta p.ej ej vs cf ca aprox av avda avd c pza núm depto dpto ee s.m ss.mm excmo excma ilmo ilma gob pdte
            rvdo"""
        ),
        numbered=_words("n no núm nº p pp pg pág págs vol vols fig figs art arts cap caps t tel sec s ley v ap"),
        either=_words(
            """etc ee.uu ee.uu.a uu s.a s.l cía inc co corp ltd jr a.c d.c a.m p.m a.n.e ud uds vd vds km kg cm min seg
            hab ed eds izq dcha ext op cit ibíd bco"""
        ),
        starters=_words(
            """el la los las lo un una unos unas este esta esto estos estas ese esa eso esos esas aquel aquella él ella
            ellos ellas yo tú usted nosotros su sus mi mis nuestro nuestra se le les me te nos en de del a al por
            para con sin sobre entre desde hasta hacia según tras durante ante bajo contra y e o u pero sino aunque
            porque pues si como cuando donde quien que qué cuál cómo cuándo dónde quién también además así entonces
            luego después antes ahora hoy ayer ya no ni nunca siempre todo toda todos todas muchos muchas algunos
            algunas otro otra otros otras cada ambos es son fue fueron era eran ha han había hay está están estaba
            tiene tenía más muy mientras asimismo actualmente posteriormente finalmente tanto"""
        ),
    ),
    "fr": _Rules(
        joined=_words(
            """dr pr prof m mm mr mme mmes mlle mlles me mgr st ste sts cf ex p.ex env av c.-à-d c.à.d gén col cap lt
            cdt vs ca boul bd gal adj ing dir chap fr univ"""
        ),
        numbered=_words("n no nos p pp vol t fig art chap ch al l r d tél éd sect vers réf éq"),
        either=_words("etc inc co corp ltd jr sr j.-c j.c s.a hab min max km éd coll trad op cit ibid r.-v"),
        starters=_words(
            """le la les l un une des du de d ce cet cette ces c il elle ils elles on nous vous je j tu son sa ses leur
            leurs mon ma mes notre nos votre vos se s en dans sur sous par pour avec sans entre depuis dès vers chez
            selon après avant pendant durant contre malgré et ou mais donc or ni car si comme quand lorsque puisque
            parce où qui que qu quoi quel quelle quels quelles comment pourquoi combien ainsi alors aussi puis
            ensuite enfin cependant toutefois pourtant néanmoins désormais aujourd'hui hier ici là tout toute tous
            toutes plusieurs certains certaines quelques chaque aucun aucune autre autres même y à au aux est sont
            était ne n cela ça lors grâce bien très plus moins également sinon il's actuellement"""
        ),
    ),
    "it": _Rules(
        joined=_words(
            """dott dott.ssa dottssa dr prof prof.ssa sig sig.ra sigg sig.na ing avv arch geom rag on sen mons don p.es
            es ecc.mo s ss st cfr ca vs gen col cap ten magg mar pres min dir l.go v.le p.za p.zza c.so fra"""
        ),
        numbered=_words(
            """n nn no pag pagg p pp art artt vol voll fig figg cap capp co comma lett all tab tel par sez l t reg"""
        ),
        either=_words(
            """ecc etc inc co corp ltd jr sr a.c d.c a.m p.m s.p.a s.r.l s.n.c km kg cm min sec ed eds op cit ibid"""
        ),
        starters=_words(
            """il lo la i gli le l un uno una del della dei degli delle dello di da dal dalla nel nella nei nelle in
            con su sul sulla per tra fra a al alla ai alle agli e ed o ma però se come quando dove chi che cosa
            quale quali perché questo questa questi queste quello quella quelli quelle egli essa esso essi loro lui
            lei noi voi io tu si ci vi ne mi ti suo sua suoi sue mio mia nostro nostra non né anche così allora poi
            dopo prima ora oggi ieri già ancora sempre mai infatti inoltre quindi dunque infine tuttavia invece
            intanto secondo durante mentre senza sotto sopra verso contro tutto tutta tutti tutte molti molte alcuni
            alcune altri altre ogni entrambi è sono era erano fu furono ha hanno aveva ho qualora qualunque c'è c
            dall nell all sull"""
        ),
    ),
    "pt": _Rules(
        joined=_words(
            """dr dra drs prof profa profª sr sra srs sras srta d dom st sto sta eng arq gen cel cap ten maj sgt alm
            dep sen p.ex ex vs cf ca aprox av r pça pc des exmo exma ilmo ilma pe fr gov pres min"""
        ),
        numbered=_words("n no nº núm p pp pág págs vol vols fig figs art arts cap caps t tel sec inc séc lei ec"),
        either=_words(
            """etc cia inc co corp ltd ltda jr a.c d.c a.m p.m s.a s.a.r.l e.u.a km kg cm min seg hab ed eds op cit
            ibid"""
        ),
        starters=_words(
            """o a os as um uma uns umas este esta isto estes estas esse essa isso esses essas aquele aquela aquilo ele
            ela eles elas eu tu você nós seu sua seus suas meu minha nosso nossa se em no na nos nas num numa de do
            da dos das por pelo pela pelos pelas para com sem sobre entre desde até após ante sob contra segundo
            durante e ou mas porém contudo todavia porque pois como quando onde quem que qual quais também além
            assim então depois antes agora hoje ontem já não nem nunca sempre todo toda todos todas muitos muitas
            alguns algumas outro outra outros outras cada ambos é são foi foram era eram há tem têm tinha está estão
            estava mais muito enquanto embora ao à aos às ainda apenas atualmente posteriormente finalmente portanto"""
        ),
    ),
    "nl": _Rules(
        joined=_words(
            """dr drs mr mrs mw mevr dhr prof ir ing ds st jhr bijv bv d.w.z dwz o.a oa v n m.n nl t.a.v m.b.t i.p.v
            a.d m.a.w t.o.v t.g.v z.g zgn zg ca cf vgl resp incl excl evt min max gen kol kap lt sgt ong vs vnl gem
            afz v.d d.d"""
        ),
        numbered=_words("nr nrs p pp blz pag art artt afb fig hfst deel dl vol tel tab jg par lid"),
        either=_words(
            """enz etc e.d e.a c.s co inc ltd jr sr v.chr n.chr chr b.v n.v a.m p.m km kg cm min sec mln mld jan feb
            mrt apr jun jul aug sep sept okt nov dec str"""
        ),
        starters=_words(
            """de het een dit dat deze die hij zij ze wij we jij je ik u men er hun haar zijn mijn ons onze jullie wie
            wat wanneer waar waarom hoe welk welke in op aan bij met naar van voor uit over onder door tegen zonder
            om sinds tijdens tussen tot na volgens vanaf vanuit en of maar want dus ook nog alleen toch echter dan
            toen nu daar hier later vandaag daarna daarom daarbij daarmee daardoor bovendien als omdat hoewel
            terwijl nadat voordat indien alle alles veel vele enkele sommige beide andere elk elke ieder iedere geen
            niet is was waren heeft hebben had wordt worden werd werden kan kunnen zo zowel verder vervolgens"""
        ),
    ),
    "ru": _Rules(
        joined=_words(
            """т.е т.к т.н т.ч напр им св проф акад доц канд докт ген полк кап гр гос ул пр просп пер пл бул наб пос
            дер обл респ ср см г-н г-жа тов ред сост авт англ нем фр франц лат греч рус исп ит итал кит яп амер
            др.-греч ок прибл оз мл ст"""
        ),
        numbered=_words("№ n с стр рис табл гл п пп т тт ст ч кн вып разд прим илл кв корп д тел кол ок"),
        either=_words(
            """г гг в вв н.э до т.д т.п др пр руб коп тыс млн млрд трлн км м см мм кг ч мин сек чел экз л стб род ум
            долл проц га изд ред р о"""
        ),
        starters=_words(
            """и а но да или однако он она оно они мы вы я ты его её ее их мой моя наш наша ваш свой этот эта это эти
            тот та те то так такой такая такие такое там тут здесь где когда куда откуда как какой какая какие что
            чтобы кто почему зачем сколько если хотя пока потому поэтому затем потом после до перед при в во на по
            за из от с со к ко у о об обо без для через между над под про среди кроме вместо согласно благодаря не
            ни нет все всё весь вся каждый некоторые многие несколько один одна одно два три другие также тоже ещё
            еще уже теперь сейчас сегодня вчера был была было были есть будет может можно позднее позже впоследствии
            ранее в-первых например кстати наконец именно лишь только даже"""
        ),
    ),
    "ar": _Rules(
        joined=_words("د أ م.م أ.د"),
        numbered=_words("ص ج م رقم ط"),
        either=_words("م هـ ه ق.م إلخ الخ"),
        starters=frozenset(),
    ),
}
_RULES["zh"] = _RULES["ja"] = _RULES["en"]
_OTHER = _Rules(_words("dr prof st"), _words("nr no"), _words("etc"), frozenset(), ordinals=True)
