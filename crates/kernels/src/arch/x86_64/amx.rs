//! Products of tiles of bf16 by AMX, whose intrinsics the compiler has not stabilised: assembly.
#![expect(
    unsafe_code,
    reason = "instructions that the compiler does not know, and asking the system for them"
)]

use std::arch::asm;
use std::cell::Cell;
use std::marker::PhantomData;

use super::{Avx512, Avx512Bf16};
use crate::arch::features::{Feature, Features};
use crate::arch::simd::{LANES, Lanes};
use crate::arch::tiles::{Left, SECOND_ROW, TILE_ROWS, TileWork, Tiles};

/// Whether the processor multiplies tiles of bf16 and the system lets this process do so.
///
/// The registers are so large that Linux saves them only for processes that have asked for it;
/// elsewhere they are not used.
#[cfg(target_os = "linux")]
pub(in crate::arch) fn is_usable() -> bool {
    use std::sync::OnceLock;
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| has_instructions() && system_keeps_tiles() && is_permitted())
}

#[cfg(not(target_os = "linux"))]
pub(in crate::arch) fn is_usable() -> bool {
    false
}

/// AMX-TILE and AMX-BF16, with eight tiles of 16 rows of 64 bytes in palette 1.
#[cfg(target_os = "linux")]
fn has_instructions() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    const LEAF_OF_TILES: u32 = 0x1d;
    if __cpuid(0).eax < LEAF_OF_TILES || __cpuid_count(7, 0).edx & (BF16 | TILE) != BF16 | TILE {
        return false;
    }
    let palette = __cpuid_count(LEAF_OF_TILES, 1);
    let (row_bytes, tiles) = (palette.ebx & 0xffff, palette.ebx >> 16);
    let rows = palette.ecx & 0xffff;
    (row_bytes, tiles, rows) == (64, 8, 16)
}

/// Whether the system saves the registers when it switches between processes.
#[cfg(target_os = "linux")]
fn system_keeps_tiles() -> bool {
    use std::arch::x86_64::{__cpuid, _xgetbv};
    const OSXSAVE: u32 = 1 << 27;
    const TILES: u64 = 0b11 << 17;
    #[target_feature(enable = "xsave")]
    fn kept() -> u64 {
        // SAFETY: register 0 exists wherever there is the instruction.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: the system has switched on XSAVE, of which the instruction is a part.
    __cpuid(1).ecx & OSXSAVE != 0 && unsafe { kept() } & TILES == TILES
}

/// Asks Linux for the tiles, for all threads of the process.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: the system call takes two numbers, reads and writes no memory of ours, and like all
    // of them changes only these registers. Where it is unknown it fails.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Proof that the processor has AVX-512 and AMX, both with products of bf16, and that the system
/// lets us use them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amx(Avx512Bf16);

impl Amx {
    pub(in crate::arch) fn of(avx512: Avx512, features: Features) -> Option<Amx> {
        let bf16 = Avx512Bf16::of(avx512, features)?;
        (features.has(Feature::FOR_AMX)).then_some(Amx(bf16))
    }

    pub(in crate::arch) fn run(self, work: impl TileWork) {
        work.run(&mut AmxTiles::new(self));
    }

    /// What the instructions around those of tiles are.
    pub(in crate::arch) fn bf16(self) -> Avx512Bf16 {
        self.0
    }
}

thread_local! {
    static IN_USE: Cell<bool> = const { Cell::new(false) };
}

/// The tile registers of this thread, all of them: there is at most one such value a thread.
///
/// Between its methods the sums stay in the registers. Nothing else touches these: the compiler
/// does not know them, no function that is called in between uses them (only this type does), and
/// the system saves them when it runs something else.
///
/// Registers 0 to 3 are the sums, 4 the left operand; 5 is that of the second row, or if there is
/// none one of the right operand, as 6 and 7 are.
struct AmxTiles {
    /// The proof that there are tiles.
    _machine: Amx,
    heights: [usize; 2],
    /// Registers belong to a thread.
    _not_send: PhantomData<*const ()>,
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Bytes of a row.
const ROW_BYTES: usize = size_of::<Lanes>();
/// Bytes of a whole tile.
const TILE_BYTES: usize = TILE_ROWS * ROW_BYTES;

impl AmxTiles {
    fn new(machine: Amx) -> AmxTiles {
        let in_use = IN_USE.replace(true);
        assert!(!in_use, "one product of tiles at a time in a thread");
        AmxTiles {
            _machine: machine,
            heights: [0; 2],
            _not_send: PhantomData,
        }
    }

    #[inline(always)]
    fn height(&self, tile: usize) -> usize {
        let height = match self.heights {
            [_, second] if second > 0 && tile >= SECOND_ROW => second,
            [first, _] => first,
        };
        assert!(height > 0, "tiles are used after they are configured");
        height
    }
}

impl Drop for AmxTiles {
    fn drop(&mut self) {
        // SAFETY: `self` was made with the proof that there are tiles. Nobody needs them any more;
        // without any the system has less to save.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
        IN_USE.set(false);
    }
}

/// Runs instructions on the register of a tile of sums.
macro_rules! with_sums {
    ($tile:expr, $($piece:expr),+; $($operands:tt)*) => {
        match $tile {
            0 => asm!(with_sums!(@ "tmm0", $($piece),+), $($operands)*),
            1 => asm!(with_sums!(@ "tmm1", $($piece),+), $($operands)*),
            2 => asm!(with_sums!(@ "tmm2", $($piece),+), $($operands)*),
            3 => asm!(with_sums!(@ "tmm3", $($piece),+), $($operands)*),
            tile => unreachable!("no tile {tile} of sums"),
        }
    };
    (@ $register:literal, $before:literal, $after:literal) => {
        concat!($before, $register, $after)
    };
}

/// Goes through the depth: loads and multiplies for one segment after another. All loads come
/// first: for a core whose other hardware thread is idle that makes no difference, otherwise each
/// change between loads and products costs as much as several of them.
///
/// `$left` and `$right` are names and the first tiles of operands, which the loop moves on.
macro_rules! along_depth {
    ($segments:expr, $step:expr, [$($line:literal),+],
     [$($left:ident = $left_tile:expr),+], [$($right:ident = $right_tile:expr),+]) => {
        asm!(
            "2:",
            $($line,)+
            $(concat!("add {", stringify!($left), "}, {step}"),)+
            $(concat!("add {", stringify!($right), "}, {tile_bytes}"),)+
            "dec {segments}",
            "jnz 2b",
            segments = inout(reg) $segments => _,
            step = in(reg) $step,
            row = in(reg) ROW_BYTES,
            tile_bytes = const TILE_BYTES,
            $($left = inout(reg) $left_tile.as_ptr() => _,)+
            $($right = inout(reg) $right_tile.as_ptr() => _,)+
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, readonly),
        )
    };
}

impl Tiles for AmxTiles {
    #[inline(always)]
    fn set_heights(&mut self, heights: [usize; 2]) {
        assert!(heights[0] > 0 && heights.iter().all(|&height| height <= TILE_ROWS));
        if self.heights == heights {
            return;
        }
        let [first, second] = heights.map(|height| height as u8);
        let all = TILE_ROWS as u8;
        let mut rows = [0; 16];
        rows[..8].copy_from_slice(&match second {
            0 => [first, first, first, first, first, all, all, all],
            _ => [first, first, second, second, first, second, all, all],
        });
        let mut row_bytes = [0; 16];
        row_bytes[..8].fill(ROW_BYTES as u16);
        let config = Config {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes,
            rows,
        };
        // SAFETY: `self` was made with the proof that there are tiles; the configuration is within
        // the limits of palette 1, and 64 readable bytes.
        unsafe {
            asm!(
                "ldtilecfg [{config}]",
                config = in(reg) &raw const config,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly, preserves_flags),
            );
        }
        self.heights = heights;
    }

    #[inline(always)]
    fn start(&mut self, tile: usize, values: &[f32], stride: usize) {
        assert!(values.len() >= (self.height(tile) - 1) * stride + LANES);
        // SAFETY: the tile is configured for so many rows, and all of them are in `values`.
        unsafe {
            with_sums!(
                tile, "tileloadd ", ", [{values} + {stride}]";
                values = in(reg) values.as_ptr(),
                stride = in(reg) stride * size_of::<f32>(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                options(nostack, readonly, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn start_from_zero(&mut self, tile: usize) {
        assert!(self.height(tile) > 0);
        // SAFETY: the tile is configured.
        unsafe {
            with_sums!(
                tile, "tilezero ", "";
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                options(nostack, nomem, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn multiply_add<const R: usize, const N: usize>(
        &mut self,
        segments: usize,
        left: Left<'_, R>,
        right: [&[Lanes]; N],
    ) {
        if segments == 0 {
            return;
        }
        assert!(self.heights[0] > 0 && (R == 2) == (self.heights[1] > 0));
        for (r, tiles) in left.tiles.into_iter().enumerate() {
            assert!(tiles.len() >= (segments - 1) * left.step + self.heights[r]);
        }
        for tiles in right {
            assert!(tiles.len() >= segments * TILE_ROWS);
        }
        let (a, b) = (left.tiles, right);
        let step = left.step * ROW_BYTES;
        // SAFETY: tiles are configured: those of the sums and of the left operand for the heights
        // of their rows, those of the right operand for whole tiles. All that is loaded for
        // `segments` segments is in the slices, as just checked.
        unsafe {
            match (R, N) {
                (2, 2) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm6, [{b0} + {row}]",
                        "tileloadd tmm7, [{b1} + {row}]",
                        "tileloadd tmm5, [{a1} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        "tdpbf16ps tmm1, tmm4, tmm7",
                        "tdpbf16ps tmm2, tmm5, tmm6",
                        "tdpbf16ps tmm3, tmm5, tmm7"
                    ],
                    [a0 = a[0], a1 = a[1]],
                    [b0 = b[0], b1 = b[1]]
                ),
                (2, 1) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm6, [{b0} + {row}]",
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm5, [{a1} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        "tdpbf16ps tmm2, tmm5, tmm6"
                    ],
                    [a0 = a[0], a1 = a[1]],
                    [b0 = b[0]]
                ),
                (1, 4) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm5, [{b0} + {row}]",
                        "tileloadd tmm6, [{b1} + {row}]",
                        "tileloadd tmm7, [{b2} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm5",
                        "tdpbf16ps tmm1, tmm4, tmm6",
                        "tdpbf16ps tmm2, tmm4, tmm7",
                        "tileloadd tmm5, [{b3} + {row}]",
                        "tdpbf16ps tmm3, tmm4, tmm5"
                    ],
                    [a0 = a[0]],
                    [b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3]]
                ),
                (1, 3) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm5, [{b0} + {row}]",
                        "tileloadd tmm6, [{b1} + {row}]",
                        "tileloadd tmm7, [{b2} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm5",
                        "tdpbf16ps tmm1, tmm4, tmm6",
                        "tdpbf16ps tmm2, tmm4, tmm7"
                    ],
                    [a0 = a[0]],
                    [b0 = b[0], b1 = b[1], b2 = b[2]]
                ),
                (1, 2) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm5, [{b0} + {row}]",
                        "tileloadd tmm6, [{b1} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm5",
                        "tdpbf16ps tmm1, tmm4, tmm6"
                    ],
                    [a0 = a[0]],
                    [b0 = b[0], b1 = b[1]]
                ),
                (1, 1) => along_depth!(
                    segments,
                    step,
                    [
                        "tileloadd tmm4, [{a0} + {row}]",
                        "tileloadd tmm5, [{b0} + {row}]",
                        "tdpbf16ps tmm0, tmm4, tmm5"
                    ],
                    [a0 = a[0]],
                    [b0 = b[0]]
                ),
                (rows, columns) => unreachable!("no block of {rows} by {columns} tiles"),
            }
        }
    }

    #[inline(always)]
    fn store(&self, tile: usize, values: &mut [f32], stride: usize) {
        assert!(stride >= LANES && values.len() >= (self.height(tile) - 1) * stride + LANES);
        // SAFETY: the tile is configured for so many rows, and all of them are in `values`.
        unsafe {
            with_sums!(
                tile, "tilestored [{values} + {stride}], ", "";
                values = in(reg) values.as_mut_ptr(),
                stride = in(reg) stride * size_of::<f32>(),
                options(nostack, preserves_flags),
            );
        }
    }
}
