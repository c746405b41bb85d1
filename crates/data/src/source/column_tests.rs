use proptest::prelude::*;

use super::*;

fn with_file<T>(content: &str, read: impl FnOnce(&Path) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    std::fs::write(&path, content).unwrap();
    read(&path)
}

fn column(content: &str, column: &str) -> Result<Vec<f64>, DataError> {
    let column = column.parse().unwrap();
    with_file(content, |path| read_column(path, &column))
}

fn series(content: &str) -> Result<Vec<f64>, DataError> {
    with_file(content, |path| read_series(path, None))
}

/// The message without the folder, which differs from run to run.
fn message(result: Result<Vec<f64>, DataError>) -> String {
    let text = result.unwrap_err().to_string();
    text[text.find("table.csv").unwrap()..].to_owned()
}

const MONTHS: &str = "\u{feff}\"Month\",\"Sales\"\r\n\"1-01\",266.0\r\n\"1-02\", 145.9 \r\n";

#[test]
fn a_column_is_chosen_by_name_or_number() {
    assert_eq!(column(MONTHS, "Sales").unwrap(), [266.0, 145.9]);
    assert_eq!(column(MONTHS, "2").unwrap(), [266.0, 145.9]);
    assert_eq!(column("1,5\n2,6\n", "2").unwrap(), [5.0, 6.0]);
}

#[test]
fn semicolons_and_tabs_also_part_cells() {
    assert_eq!(column("a;b\n1;2\n", "b").unwrap(), [2.0]);
    assert_eq!(column("a\tb\n1\t2\n", "b").unwrap(), [2.0]);
    assert_eq!(column("a,b\n1,\"2\"\n", "b").unwrap(), [2.0]);
}

#[test]
fn a_dated_column_is_ignored_when_none_is_chosen() {
    assert_eq!(series(MONTHS).unwrap(), [266.0, 145.9]);
}

#[test]
fn plain_numbers_are_a_series() {
    assert_eq!(series("1\n2\n3").unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(series("value\n2\n3\n").unwrap(), [2.0, 3.0]);
    assert_eq!(series("1,2,3\n").unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(series("7\n").unwrap(), [7.0]);
}

#[test]
fn several_columns_of_numbers_must_be_told_apart() {
    insta::assert_snapshot!(message(series("Date,Open,Close\n2001-01-02,1,2\n")), @"table.csv: expected one column of numbers, got several: `Open`, `Close`; choose one by name or number");
    insta::assert_snapshot!(message(column("a,a\n1,2\n", "a")), @"table.csv: expected one column of numbers, got several: `a` is the name of columns 1, 2; choose one by name or number");
}

#[test]
fn a_missing_column_names_the_nearest() {
    insta::assert_snapshot!(message(column(MONTHS, "sale")), @"table.csv: expected column `sale`, got 2 columns: `Month`, `Sales`; did you mean `Sales`?");
    insta::assert_snapshot!(message(column(MONTHS, "3")), @"table.csv: expected column 3, got 2 columns: `Month`, `Sales`; name one of these");
}

#[test]
fn a_bad_cell_is_named_by_line_and_column() {
    let blank_lines_count = "Month,Sales\n\n\na,1\nb,two\n";
    insta::assert_snapshot!(message(column(blank_lines_count, "Sales")), @"table.csv:5: column `Sales`: expected a finite number, got `two`; correct or remove this row");
    insta::assert_snapshot!(message(series("Month,Sales\na,1\nb,\n")), @"table.csv:3: column `Sales`: expected a finite number, got an empty cell; correct or remove this row");
    for cell in ["nan", "inf", "-inf", "NaN", "1e400", "NA", "1,5"] {
        let result = column(&format!("a;b\n1;2\n1;{cell}\n"), "2");
        assert!(
            matches!(result, Err(DataError::NotANumber { line: 3, .. })),
            "{cell}"
        );
    }
}

#[test]
fn a_first_value_that_is_nan_is_an_error_and_no_header() {
    assert!(matches!(
        column("nan\n1\n", "1"),
        Err(DataError::NotANumber { line: 1, .. })
    ));
    assert!(matches!(
        column("1,\n2,3\n", "2"),
        Err(DataError::NotANumber { line: 1, .. })
    ));
}

#[test]
fn a_ragged_row_is_named_by_line() {
    insta::assert_snapshot!(message(column("a,b\n1,2\n3\n", "b")), @"table.csv:3: expected 2 columns as in line 1, got 1; correct the row, or quote cells that hold the delimiter");
    let quoted_line_end = "a,b\n\"x\ny\",2\n1,2,3\n";
    assert!(matches!(
        column(quoted_line_end, "b"),
        Err(DataError::RaggedRow { line: 4, .. })
    ));
}

#[test]
fn files_without_rows_are_empty() {
    for content in ["", "\n \n", "a,b\n", "\u{feff}"] {
        let result = column(content, "2");
        assert!(matches!(result, Err(DataError::Empty { .. })), "{content}");
    }
    assert!(matches!(series(""), Err(DataError::Empty { .. })));
    assert!(matches!(
        series("only a header\n"),
        Err(DataError::NotANumber { .. })
    ));
}

#[test]
fn invalid_utf8_in_a_table_keeps_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    std::fs::write(&path, b"a,b\n1,2\n\xff,3\n").unwrap();
    let error = read_column(&path, &ColumnSelector::Number(2)).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::Utf8 {
                line: 3,
                column: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_selector_is_a_string_or_an_integer_in_toml() {
    #[derive(Deserialize, Serialize, PartialEq, Debug)]
    struct Data {
        column: ColumnSelector,
    }
    for (text, column) in [
        ("column = \"2\"\n", ColumnSelector::Name("2".into())),
        ("column = 2\n", ColumnSelector::Number(2)),
    ] {
        let data: Data = toml::from_str(text).unwrap();
        assert_eq!(data.column, column);
        assert_eq!(toml::to_string(&data).unwrap(), text);
    }
    let zero = toml::from_str::<Data>("column = 0").unwrap_err();
    assert!(zero.to_string().contains("count from 1"));
    assert!(toml::from_str::<Data>("column = 1.5").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[0-9.,;\t\n\r\"a ]{0,60}".prop_map(String::into_bytes),
        ],
        number in 0usize..4,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.csv");
        std::fs::write(&path, &bytes).unwrap();
        for result in [
            read_series(&path, None),
            read_column(&path, &ColumnSelector::Number(number)),
            read_column(&path, &ColumnSelector::Name("a".into())),
            crate::source::read_numbers(&path),
        ] {
            prop_assert!(result.is_err() || result.is_ok_and(|series| !series.is_empty()));
        }
    }
}
