//! A zstd stream of any number of frames as a reader.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How every zstd frame begins.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Decompresses frame after frame, a block at a time, so that memory stays bounded by the window
/// that the decoder allows.
pub(super) struct ZstdReader<R> {
    compressed: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> ZstdReader<R> {
    pub(super) fn new(compressed: R) -> Self {
        Self {
            compressed,
            decoder: FrameDecoder::new(),
            in_frame: false,
        }
    }
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.in_frame && !self.decoder.is_finished() {
                let one_block = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.compressed, one_block)
                    .map_err(io::Error::other)?;
                continue;
            }
            if self.compressed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.decoder
                .reset(&mut self.compressed)
                .map_err(io::Error::other)?;
            self.in_frame = true;
        }
    }
}
