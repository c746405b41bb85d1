//! A table in, counts out.

use super::{GroupBy, MonitorRequest, monitor};
use crate::recipe::RecipeSource;
use recurra_train::Control;
use std::path::Path;

/// A run that tells good from bad by a word.
fn trained(dir: &Path) {
    let mut text = String::from("label\ttext\n");
    for index in 0..60 {
        let (label, word) = match index % 2 {
            0 => ("negative", "bad"),
            _ => ("positive", "good"),
        };
        text.push_str(&format!(
            "{label}\tit is {word} {}\n",
            "so ".repeat(index % 5)
        ));
    }
    std::fs::write(dir.join("texts.tsv"), text).unwrap();
    let overrides = [
        format!("data.path={}", dir.join("texts.tsv").display()),
        "data.tokenizer={ pieces = \"words\", vocab_size = 50 }".to_owned(),
        "data.baseline_terms=words".to_owned(),
        "model.stack.layer={ cell = \"gru\", hidden_size = 8 }".to_owned(),
        "model.word_dropout=0.0".to_owned(),
        "model.output_dropout=0.0".to_owned(),
        "train.updates=60".to_owned(),
        "train.optimizer.learning_rate=2e-2".to_owned(),
    ];
    let recipe = RecipeSource::find("sentiment-small").unwrap();
    let recipe = recipe.resolve(&overrides).unwrap();
    crate::train(&recipe, &dir.join("run"), &Control::silent()).unwrap();
}

#[test]
fn counts_are_those_of_the_table_and_bad_rows_are_listed() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    trained(dir);
    let mut csv = String::from("when,what,brand\n");
    for day in 1..=4 {
        for _ in 0..10 * day {
            csv.push_str(&format!("2024-05-0{day},\"it is good, so good\",Nari\n"));
        }
        csv.push_str(&format!("5/{day}/2024,it is bad,Nari\n"));
        csv.push_str(&format!("2024-05-0{day} 10:00,it is bad so bad,=Boreum\n"));
    }
    csv.push_str("2024-05-05,,Nari\n2024-15-01,it is good,Nari\n2024-05-05,it is good,\nx\n");
    std::fs::write(dir.join("reviews.csv"), csv).unwrap();
    let mut request = MonitorRequest {
        run: dir.join("run"),
        file: dir.join("reviews.csv"),
        text: "what".parse().unwrap(),
        group: GroupBy::Column("brand".parse().unwrap()),
        date: Some("when".parse().unwrap()),
        day_first: false,
        class: None,
        out: dir.join("out"),
    };
    let found = monitor(&request, &Control::silent()).unwrap();
    assert_eq!((found.rows, found.faults.count), (108, 4));
    let [nari, boreum] = &found.groups[..] else {
        panic!("{:?}", found.groups);
    };
    assert_eq!((&nari.name[..], nari.rows), ("Nari", 104));
    assert_eq!(nari.classes["positive"], 100);
    assert_eq!((boreum.rows, boreum.share), (4, 0.0));
    assert!(nari.interval[0] < nari.share && nari.share < nari.interval[1]);
    let table = std::fs::read_to_string(&found.table).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(
        rows[0],
        "group,period,texts,negative,positive,share_positive,low_95,high_95"
    );
    assert!(
        rows[1].starts_with("Nari,all,104,4,100,0.961538,0.905"),
        "{}",
        rows[1]
    );
    assert!(
        rows[5].starts_with("Nari,2024-05-04,41,1,40,0.97"),
        "{}",
        rows[5]
    );
    assert!(
        rows[6].starts_with("'=Boreum,all,4,4,0,0.000000,0.000000,"),
        "{}",
        rows[6]
    );
    let bad = std::fs::read_to_string(found.bad_rows.unwrap()).unwrap();
    insta::assert_snapshot!(bad, @r#"
    line,column,problem
    110,what,"expected a text, got no visible letter"
    111,when,"expected a date, as 2015-02-24 or 2/24/2015, got `2024-15-01`"
    112,brand,"expected a group, got an empty cell"
    113,,"expected 3 columns as in line 1, got 1"
    "#);
    let page = std::fs::read_to_string(&found.report).unwrap();
    assert!(page.contains("Nari") && page.contains("day by day") && page.contains("96.2 %"));
    // A report without bad rows does not keep those of the one before.
    let good = "when,what,brand\n2024-05-01,it is good,Nari\n";
    let bad_file = std::mem::replace(&mut request.file, dir.join("good.csv"));
    std::fs::write(&request.file, good).unwrap();
    assert_eq!(
        monitor(&request, &Control::silent()).unwrap().bad_rows,
        None
    );
    assert!(!dir.join("out/bad_rows.csv").exists());
    let out = std::mem::replace(&mut request.out, dir.join("good.csv"));
    let refused = monitor(&request, &Control::silent()).unwrap_err();
    assert!(
        (refused.to_string()).starts_with("--out: expected a folder that can be written, got "),
        "{refused}"
    );
    (request.file, request.out) = (bad_file, out);
    // By name in the text, and by a class that there is not.
    request.group = GroupBy::Mentions(vec!["@GOOD".to_owned(), "so".to_owned()]);
    let found = monitor(&request, &Control::silent()).unwrap();
    let names: Vec<&str> = found.groups.iter().map(|group| &group.name[..]).collect();
    assert_eq!(names, ["@GOOD", "(none of them)", "so"]);
    request.class = Some("glad".to_owned());
    let refused = monitor(&request, &Control::silent()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "--class: expected one of negative, positive, got glad"
    );
    std::fs::write(&request.file, "when,what,brand\nsoon,it is good,Nari\n").unwrap();
    request.class = None;
    let refused = monitor(&request, &Control::silent()).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("1 of 1 rows cannot be used: line 2, column `when`"),
        "{refused}"
    );
    assert!(refused.ends_with("or name other columns"), "{refused}");
    let refused = crate::explain(&dir.join("run"), " ").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "line 1: expected a text, got no visible letter"
    );
    let why = crate::explain(&dir.join("run"), "so it is bad").unwrap();
    assert_eq!(
        (&why.label[..], &why.strongest(1)[0].word[..]),
        ("negative", "bad")
    );
    assert!(why.strongest(1)[0].effect > 0.0);
    assert_eq!(why.words.len(), 4);
    assert!(why.marked().to_svg().as_str().contains(">bad</text>"));
}
