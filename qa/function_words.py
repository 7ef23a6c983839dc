"""Words that ask, point or join and name nothing; in lower case."""

from __future__ import annotations

ENGLISH = frozenset(
    """a an the of in on at to for from by with about as into over after before since until during between among through
    against within without under per out off is are was were be been being am do does did has have had having can could
    will would shall should may might must what which who whom whose when where why how many much long often and or but
    nor so if than that this these those there then it its he him his she her they them their we us our you your i me my
    not no also some any all each every other more most less least very only just""".split()
)
# Spanish, German, French, Italian, Portuguese, Dutch, Russian, Arabic, Chinese, Japanese. Some are words of substance
# in English ("die", "war"): they count only where the text is not English.
ELSEWHERE = frozenset(
    """qué cuál cuáles quién quiénes cuándo dónde cómo cuánto cuánta cuántos cuántas el la los las un una de del en es
    fue was wer wem wen wessen wann wo wie warum wieso welche welcher welches wieviel viele der die das ein eine ist war
    que quel quelle quels quelles qui quand où comment pourquoi combien le les des du est était
    che quale quali chi quando dove come perché quanto quanta quanti quante il lo gli di è era
    qual quais quem onde por como quantos quantas o os do da foi wat wie welke wanneer waar hoe waarom hoeveel het een
    что кто кого кому кем чем чего когда где куда откуда как какой какая какое какие каких каким какую почему зачем
    сколько который которая которые был была было были это
    ما ماذا من متى أين كيف لماذا كم هل أي هو هي في على إلى عن التي الذي كان كانت
    什么 什麼 哪些 哪里 哪裡 哪个 哪個 何时 何時 为什么 為什麼 怎么 怎麼 怎样 如何 多少 几个
    何 誰 どこ いつ なぜ どの どう いくつ""".split()
)
