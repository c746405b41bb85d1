//! The command as a user meets it: started as a process, in a folder of its own.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod a_run;
mod a_translation;
mod data_check;
#[cfg(target_os = "linux")]
mod disk;
mod folder;
#[cfg(unix)]
mod kill_resume;
mod usage;
