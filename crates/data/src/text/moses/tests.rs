use super::*;

fn tokens(text: &str, language: Language) -> String {
    tokenize(text, language).join(" ")
}

/// What sacremoses 0.2.0 gives with `escape=False` for these lines.
#[test]
fn words_are_those_of_the_toolkit() {
    let en = |text| tokens(text, Language::En);
    assert_eq!(
        en("This, is a sentence with weird\u{bb} symbols… appearing everywhere\u{bf}"),
        "This , is a sentence with weird » symbols … appearing everywhere ¿"
    );
    assert_eq!(
        en("A man's hat isn't \"blue\"."),
        "A man 's hat isn 't \" blue \" ."
    );
    assert_eq!(
        en("He has $1,000.50, or 3%..."),
        "He has $ 1,000.50 , or 3 % ..."
    );
    assert_eq!(
        en("Mr. Smith lives in the U.S. now."),
        "Mr. Smith lives in the U.S. now ."
    );
    assert_eq!(
        en("two-year-old boys' toys; 50's style"),
        "two-year-old boys ' toys ; 50 's style"
    );
    assert_eq!(
        tokens("Er geht's an, z.B. mit 3,5 km.", Language::De),
        "Er geht ' s an , z.B. mit 3,5 km ."
    );
    assert_eq!(
        tokens("L'homme n'a qu'un chien.", Language::Fr),
        "L' homme n' a qu' un chien ."
    );
    assert_eq!(
        tokens("안녕하세요, 세계!", Language::Ko),
        "안녕하세요 , 세계 !"
    );
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(tokenize(" \u{0}\t", Language::En), [""; 0]);
    assert_eq!(detokenize::<&str>(&[], Language::En), "");
}

#[test]
fn ordinary_text_comes_back() {
    for (text, language) in [
        ("A man's hat isn't \"blue\", is it?", Language::En),
        ("He paid $5 (five dollars), or 3% of it...", Language::En),
        ("Zwei Männer, die \"alt\" sind; sie gehen.", Language::De),
        ("L'homme n'a qu'un chien.", Language::Fr),
        ("안녕하세요, 세계!", Language::Ko),
    ] {
        assert_eq!(detokenize(&tokenize(text, language), language), text);
    }
}
