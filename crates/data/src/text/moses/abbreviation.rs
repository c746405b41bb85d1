//! Words whose period belongs to them.

use super::Language;

const EN: &[&str] = &[
    "Adj", "Adm", "Adv", "Asst", "Bart", "Bldg", "Brig", "Bros", "Capt", "Cmdr", "Col", "Comdr",
    "Con", "Corp", "Cpl", "Dr", "Drs", "Ens", "Gen", "Gov", "Hon", "Hr", "Hosp", "Insp", "Lt",
    "Maj", "Messrs", "Mlle", "Mme", "Mr", "Mrs", "Ms", "Msgr", "Op", "Ord", "Pfc", "Ph", "Prof",
    "Pvt", "Rep", "Reps", "Res", "Rev", "Rt", "Sen", "Sens", "Sfc", "Sgt", "Sr", "St", "Supt",
    "Surg", "v", "vs", "i.e", "rev", "e.g",
];

const DE: &[&str] = &[
    "Adj", "Adm", "Adv", "Asst", "Bldg", "Brig", "Bros", "Capt", "Cmdr", "Col", "Corp", "Cpl",
    "DR", "Dr", "Ens", "Fr", "Frl", "Gen", "Gov", "Hr", "Hrn", "Jr", "Lt", "Maj", "Mio", "Mr",
    "Mrd", "Mrs", "Ms", "Nr", "Op", "Ph", "Prof", "Sen", "Sgt", "Sr", "St", "Std", "Str", "Tel",
    "bzw", "ca", "chr", "ggf", "inkl", "usf", "usw", "vs", "vgl", "z.B", "d.h",
];

const FR: &[&str] = &[
    "M", "MM", "Mlle", "Mme", "Mgr", "Me", "Mr", "Dr", "Pr", "St", "Ste", "av", "apr", "boul",
    "cf", "chap", "env", "etc", "ex", "fig", "ibid", "no", "nos", "op", "p", "pp", "vol", "vs",
];

/// Whether a period after `word` is part of it, whatever follows.
pub(super) fn keeps_period(word: &str, language: Language) -> bool {
    let mut letters = word.chars();
    let initial = matches!((letters.next(), letters.next()), (Some('A'..='Z'), None));
    let listed = match language {
        Language::En => EN.contains(&word),
        Language::De => DE.contains(&word),
        Language::Fr => FR.contains(&word),
        Language::Ko => false,
    };
    initial || listed
}

/// Whether a period after `word` is part of it before a number, as in `No. 7`.
pub(super) fn keeps_period_before_number(word: &str, language: Language) -> bool {
    language == Language::En && matches!(word, "No" | "Nos" | "Art" | "Nr" | "pp")
}
