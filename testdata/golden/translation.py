"""BLEU, chrF and paired bootstrap of sacreBLEU, for crates/train/src/metric/translation.

The lines are our own; among them are empty ones, marks, entities, numbers and Hangul.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

OUT = Path(__file__).parent / "translation"

ENGLISH = [
    ("A man in a blue shirt is standing on a ladder, cleaning a window.",
     "A man in a blue shirt stands on a ladder cleaning a window.",
     "a man is on the ladder and cleans windows"),
    ("Two dogs (one black, one white) run through the snow.",
     "Two dogs, one black and one white, are running in the snow.",
     "Dogs run through (the) snow."),
    ("It costs $1,234.50 -- that's 3.5% more than in 2010-11!",
     "It costs $1,234.50; that is 3.5% more than in 2010-2011!",
     "It is $1234.50, i.e. 3,5 % more."),
    ("He said: \"I don't know.\" And left...", "He said \"I do not know\" & left.", ""),
    ("The U.S. team won 3-2, didn't it?", "", "The team of the U.S. won 3-2 ."),
    ("Children are playing.", "Children are playing.", "Children play."),
    ("A &amp; B &lt; C &quot;D&quot;", "A & B < C \"D\"", "A and B"),
    ("  spaced   out   line ", "spaced out line", "spaced  line"),
]
GERMAN = [
    ("Ein Mann in einem blauen Hemd steht auf einer Leiter und putzt ein Fenster.",
     "Ein Mann im blauen Hemd steht auf einer Leiter und putzt Fenster.",
     "Der Mann auf der Leiter reinigt das Fenster."),
    ("Zwei Hunde rennen durch den tiefen Schnee.", "Zwei Hunde laufen durch den Schnee.",
     "Hunde im Schnee."),
    ("Straßenmusiker spielen in Köln, z.B. am 3.10.", "Straßenmusiker spielen in Köln am 3.10.",
     "STRASSENMUSIKER SPIELEN IN KÖLN"),
    ("Das Mädchen „liest“ ein Buch – allein.", "Das Mädchen liest allein ein Buch.",
     "Ein Mädchen liest."),
    ("Mehrere Leute warten an der Ampel.", "Mehrere Personen warten an einer Ampel.",
     "Mehrere Leute warten an der Ampel."),
]
KOREAN = [
    ("한 남자가 파란 집 앞에 서 있습니다.", "남자가 파란 집 앞에 서 있다.", "남자는 집에 있습니다."),
    ("오늘은 날씨가 정말 좋네요!", "오늘 날씨가 참 좋네요!", "오늘은 비가 와요."),
    ("", "안녕하세요.", ""),
    ("저는 학교에 가지 않았어요.", "", "학교에 갔어요."),
    ("그녀는 사과 3개와 배 2.5kg을 샀다.", "그녀는 사과 3개와 배 2.5kg을 샀다.", "사과를 샀다"),
    ("내일 다시 만나요, 친구!", "내일 또 만나요, 친구!", "내일 만나."),
]
SHORT = [("Yes.", "No.", "Yes ."), ("Go away!", "Go on!", "Away!"), ("", "", ""), ("a b c", "a b", "c")]


def scores(hypotheses, references):
    bleus, chrfs = [], []
    for lowercase in (False, True):
        case = "lc" if lowercase else "mixed"
        for tokenization in ("none", "13a", "char"):
            metric = BLEU(tokenize=tokenization, lowercase=lowercase)
            points = metric.corpus_score(hypotheses, [references]).score
            bleus.append({"tokenization": tokenization, "case": case, "points": points,
                          "signature": str(metric.get_signature())})
        for word_order in (0, 2):
            metric = CHRF(word_order=word_order, lowercase=lowercase)
            points = metric.corpus_score(hypotheses, [references]).score
            chrfs.append({"word_order": word_order, "case": case, "points": points,
                          "signature": str(metric.get_signature())})
    return {"bleu": bleus, "chrf": chrfs}


def bootstrap(hypotheses, others, references):
    named = [("others", others), ("hypotheses", hypotheses)]
    test = PairedTest(named, {"BLEU": BLEU()}, [references], test_type="bs", n_samples=1000)
    _, found = test()
    baseline, system = found["BLEU"]
    return {"p_value": system.p_value, "baseline_mean": baseline.mean, "system_mean": system.mean}


def write(name, lines):
    references, hypotheses, others = (list(side) for side in zip(*lines))
    golden = {
        "script": Path(__file__).name,
        "libraries": f"python {platform.python_version()}, sacrebleu {version('sacrebleu')}",
        "references": references, "hypotheses": hypotheses, "others": others,
        "scores": {key: scores(side, references) for key, side in
                   (("hypotheses", hypotheses), ("others", others), ("references", references))},
        "bootstrap": bootstrap(hypotheses, others, references),
    }
    OUT.mkdir(exist_ok=True)
    text = json.dumps(golden, ensure_ascii=False, indent=1)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


for name, lines in (("english", ENGLISH), ("german", GERMAN), ("korean", KOREAN), ("short", SHORT)):
    write(name, lines)
