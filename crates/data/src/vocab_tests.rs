use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Vocab, DataError> {
    Vocab::from_text(text, Path::new("vocab.txt"))
}

const HEAD: &str = "recurra-vocab 1\n<pad>\n<bos>\n<eos>\n<unk>\n";

#[test]
fn ids_follow_the_sorted_order_whatever_the_order_of_the_units() {
    let vocab = Vocab::build(["c", "a", "b", "a"]);
    assert_eq!(vocab, Vocab::build(["b", "c", "a"]));
    assert_eq!(vocab.tokens(), ["a", "b", "c"]);
    assert_eq!(vocab.id("a"), Some(4));
    assert_eq!(vocab.id("z"), None);
}

#[test]
fn specials_have_names_and_no_text() {
    let vocab = Vocab::build(["a", "<pad>"]);
    let Specials { pad, bos, eos, unk } = vocab.specials();
    assert_eq!(
        [pad, bos, eos, unk].map(|id| vocab.name(id)),
        ["<pad>", "<bos>", "<eos>", "<unk>"].map(Some)
    );
    assert_eq!([pad, bos, eos, unk].map(|id| vocab.token(id)), [None; 4]);
    assert_eq!(
        vocab.decode(&[bos, 5, unk, eos, pad]).unwrap(),
        ["a", "\u{fffd}"]
    );
    assert_ne!(vocab.id("<pad>"), Some(pad));
}

#[test]
fn unknown_units_are_counted_and_named() {
    let encoded = Vocab::build(["a"]).encode("xaé\txx".chars().map(String::from));
    assert_eq!(encoded.unknown.total(), 5);
    insta::assert_snapshot!(encoded.unknown, @r"5 unknown: `\t`, `x` ×3, `é`");
    let mut sum = encoded.unknown.clone();
    sum.merge(encoded.unknown);
    assert_eq!(sum.counts["x"], 6);
}

#[test]
fn an_id_beyond_the_vocabulary_is_an_error() {
    insta::assert_snapshot!(Vocab::build(["a"]).decode(&[4, 9]).unwrap_err(), @"token 1 of a sequence: expected an id below 5, got 9");
}

#[test]
fn the_text_form_has_one_token_a_line() {
    let vocab = Vocab::build(["a", " ", "\n", "<s>", "\\", "가", "\u{301}"]);
    assert_eq!(
        vocab.to_text(),
        format!("{HEAD}\\n\n\\u{{20}}\n\\<s>\n\\\\\na\n\u{301}\n가\n")
    );
    assert_eq!(parse(&vocab.to_text()).unwrap(), vocab);
    assert_eq!(parse(HEAD).unwrap().len(), Specials::COUNT);
}

#[test]
fn a_file_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vocab.txt");
    let vocab = Vocab::build(["ㄱ", "\u{1100}", "x"]);
    std::fs::write(&path, vocab.to_text()).unwrap();
    assert_eq!(Vocab::read(&path).unwrap(), vocab);
}

#[test]
fn a_bad_file_is_refused_with_its_line() {
    let message = |text: &str| parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(message(""), @"vocab.txt:1: expected `recurra-vocab 1`, got the end of the file; write the vocabulary again or use the file of the run");
    insta::assert_snapshot!(message("recurra-vocab 2\n"), @"vocab.txt:1: expected `recurra-vocab 1`, got `recurra-vocab 2`; write the vocabulary again or use the file of the run");
    insta::assert_snapshot!(message("recurra-vocab 1\n<pad>\n<eos>\n"), @"vocab.txt:3: expected `<bos>`, got `<eos>`; write the vocabulary again or use the file of the run");
    let body = |rest: &str| message(&format!("{HEAD}a\n{rest}"));
    insta::assert_snapshot!(body("b\na\n"), @"vocab.txt:8: expected a new token, got `a` again, as in line 6; write the vocabulary again or use the file of the run");
    insta::assert_snapshot!(body("\n"), @"vocab.txt:7: expected a token, got an empty line; write the vocabulary again or use the file of the run");
    insta::assert_snapshot!(body("\\q\n"), @r"vocab.txt:7: expected one of the escapes \\ \n \r \t \< \u{…}, got `\q`; write the vocabulary again or use the file of the run");
    for bad in ["\\", "\\u", "\\u{", "\\u{d800}", "\\u{110000}", "<pad>"] {
        assert!(body(bad).starts_with("vocab.txt:7:"), "{bad}");
    }
}

#[test]
fn tokens_in_a_given_order_must_be_distinct_and_not_empty() {
    let vocab = Vocab::from_tokens(["b", "a"]).unwrap();
    assert_eq!(vocab.id("b"), Some(4));
    assert!(matches!(
        Vocab::from_tokens(["b", "a", "b"]),
        Err(DataError::DuplicateToken {
            first: 0,
            second: 2,
            ..
        })
    ));
    assert!(Vocab::from_tokens([""]).is_err());
}

proptest! {
    #[test]
    fn any_tokens_survive_the_text_form(tokens in prop::collection::vec(any::<String>(), 0..20)) {
        let vocab = Vocab::build(tokens);
        prop_assert_eq!(parse(&vocab.to_text()).unwrap(), vocab);
    }

    #[test]
    fn known_units_survive_encoding(text in "[a-z가-힣]{0,20}") {
        let units: Vec<String> = text.chars().map(String::from).collect();
        let vocab = Vocab::build(units.clone());
        let encoded = vocab.encode(&units);
        prop_assert!(encoded.unknown.is_empty());
        prop_assert_eq!(vocab.decode(&encoded.ids).unwrap().concat(), text);
    }

    #[test]
    fn any_file_is_read_without_panic(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&format!("{HEAD}{text}"));
    }
}
