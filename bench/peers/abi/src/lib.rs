//! The kernels behind C functions: Python calls them on the buffers that it gives its peers.
//!
//! Every function returns 0, or 1 after leaving a message for [`recurra_error`]. Pointers are the
//! caller's promise: as long as the shapes that it names say, alive, and not aliased where written.
#![expect(
    unsafe_code,
    reason = "a C interface turns pointers into slices; it is a measuring tool and never shipped"
)]

mod around;
mod attention;
mod machine;
mod sequence;
mod streaming;

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::fmt::Display;
use std::slice;

thread_local! {
    static ERROR: RefCell<CString> = RefCell::default();
}

/// Keeps the message of a failure for [`recurra_error`].
fn status(result: Result<(), impl Display>) -> c_int {
    let Err(error) = result else {
        return 0;
    };
    let message = CString::new(error.to_string()).unwrap_or_default();
    ERROR.with_borrow_mut(|place| *place = message);
    1
}

/// What went wrong last, as UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn recurra_error() -> *const c_char {
    ERROR.with_borrow(|message| message.as_ptr())
}

/// Makes the calling thread and `threads - 1` others the pool; once in a process.
#[unsafe(no_mangle)]
pub extern "C" fn recurra_start(threads: usize) -> c_int {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread();
    status(pool.build_global())
}

/// The instruction set that the kernels run on, as UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn recurra_isa() -> *const c_char {
    let name = CString::new(recurra_kernels::Isa::active().name()).unwrap_or_default();
    ERROR.with_borrow_mut(|place| *place = name);
    recurra_error()
}

/// # Safety
/// `pointer` is to `len` values that live and stay unchanged for `'a`.
unsafe fn read<'a, T>(pointer: *const T, len: usize) -> &'a [T] {
    // SAFETY: as promised by the caller.
    unsafe { slice::from_raw_parts(pointer, len) }
}

/// # Safety
/// `pointer` is to `len` values that live for `'a` and that nothing else uses.
unsafe fn write<'a, T>(pointer: *mut T, len: usize) -> &'a mut [T] {
    // SAFETY: as promised by the caller.
    unsafe { slice::from_raw_parts_mut(pointer, len) }
}
